-- SPDX-License-Identifier: LGPL-2.1-or-later
return {
    abi = 1,
    kind = "migrate",
    name = "switch_early",
    summary = "two longer pauses, then post-copy",

    migrate = function(self, move, how)
        how.auto_converge = true
        how.postcopy = true
        how.downtime_ms = 100
        how.stalls = {
            { stall = 1, action = "downtime", downtime_ms = 150 },
            { stall = 2, action = "downtime", downtime_ms = 200 },
            { stall = 3, action = "postcopy" },
        }
    end,
}
