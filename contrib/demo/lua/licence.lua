-- SPDX-License-Identifier: LGPL-2.1-or-later
-- A rule that many sites have: software is licensed by host, so VMs that run it may only be on
-- hosts that the licence covers. VMs say what they need and hosts what they have by a label.
return {
    abi = 1,
    kind = "filter",
    name = "licence",
    summary = "a VM with a label \"licence\" goes only to hosts with the same label",
    filter = function(_, ask, host)
        local wanted = ask.vm.labels.licence
        if wanted and host.labels.licence ~= wanted then
            return false, "licence.missing", "has no licence for " .. wanted
        end
        return true
    end,
}
