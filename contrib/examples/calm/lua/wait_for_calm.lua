-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- migrate `wait_for_calm`: a guest that writes more than the link carries waits for a while, since
-- most of them are calmer soon. After that it goes by post-copy, which always ends.

-- "200 MiB/s", of what may not be known.
local function rate(mib_s)
    return mib_s and string.format("%.0f MiB/s", mib_s) or "an unknown number of MiB/s"
end

return {
    abi = 1,
    kind = "migrate",
    name = "wait_for_calm",
    summary = "a guest that would not converge waits, then goes by post-copy",
    parameters = {
        patience = { type = "duration", default = "15m", min = 0, max = 3600,
                     help = "how long a move waits for its guest to write less" },
    },

    migrate = function(self, move, how)
        how.auto_converge = true
        how.downtime_ms = 100
        how.stalls = {
            { stall = 1, action = "downtime", downtime_ms = 200 },
            { stall = 3, action = "downtime", downtime_ms = 500 },
            { stall = 5, action = "abort" },
        }
        if move.converges ~= false then -- it does, or nobody knows
            return
        end
        if move.waited_s < self.patience then
            how.wait_s = 60
            how.wait_why = "it dirties " .. rate(move.vm.dirty_mib_s) .. ", the link carries "
                .. rate(move.rate_mib_s)
            return
        end
        how.postcopy = true
        how.stalls = { { stall = 0, action = "postcopy" } }
    end,
}
