-- SPDX-License-Identifier: LGPL-2.1-or-later
local weights = { host1 = 100, host3 = 50 }

return {
    abi = 1, kind = "weight", name = "unit2", summary = "the weights of RHV's case",
    weigh = function(_, _, host)
        return weights[host.name] or 0
    end,
}
