-- SPDX-License-Identifier: LGPL-2.1-or-later
return {
    abi = 1, kind = "filter", name = "endless", summary = "never ends",
    filter = function()
        while true do
            pcall(error, "swallowed")
        end
    end,
}
