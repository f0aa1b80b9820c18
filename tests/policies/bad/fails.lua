-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Wrong on purpose: not every host has what it takes for granted.
local rows = { a = 1, b = 2 }
return {
    abi = 1, kind = "filter", name = "fails", summary = "fails for racks that it does not know",
    filter = function(_, _, host)
        return rows[host.labels.rack] + 1 > 0
    end,
}
