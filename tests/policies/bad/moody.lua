-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Wrong on purpose: what a plan was told is not true afterwards.
local asked = 0
return {
    abi = 1, kind = "filter", name = "moody", summary = "takes a VM every other time",
    filter_all = function(_, _, hosts)
        asked = asked + 1
        local verdicts = {}
        for i = 1, #hosts do
            verdicts[i] = asked % 2 == 1 or { "moody.no", "not now" }
        end
        return verdicts
    end,
}
