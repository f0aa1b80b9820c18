-- SPDX-License-Identifier: LGPL-2.1-or-later
return {
    abi = 1, kind = "filter", name = "licence", summary = "licensed software on licensed hosts",
    filter = function(_, ask, host)
        local wanted = ask.vm.labels.licence
        if wanted and host.labels.licence ~= wanted then
            return false, "licence.missing", "has no licence " .. wanted
        end
        return true
    end,
}
