-- SPDX-License-Identifier: LGPL-2.1-or-later
local weights = { host1 = 500000, host2 = 1000, host3 = 85366814 }

return {
    abi = 1, kind = "weight", name = "unit1", summary = "the weights of RHV's case",
    weigh = function(_, _, host)
        return weights[host.name] or 0
    end,
}
