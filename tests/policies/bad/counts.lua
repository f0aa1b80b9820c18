-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Wrong on purpose: its answer depends on what was asked before.
local asked = 0
return {
    abi = 1, kind = "weight", name = "counts", summary = "remembers how often it was asked",
    weigh = function()
        asked = asked + 1
        return asked
    end,
}
