-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- weight `prefer_settled`: hosts that have been up for a while come first. A host that has just
-- been repaired, patched or power-cycled is the one that fails next: let it prove itself before it
-- gets VMs that others could take. 1 for a settled host, up to 1000 for one that has just booted.

local BEST, WORST = 1, 1000

return {
    abi = 1,
    kind = "weight",
    name = "prefer_settled",
    summary = "hosts that have been up for long enough",
    parameters = {
        settled_after = { type = "duration", default = "1d", min = 1, unit = "s",
                          help = "a host that has been up for so long is settled" },
    },
    weigh = function(self, _, host)
        -- Where the time of boot is not known, nothing is known against the host.
        local up = host.boot_s or self.settled_after
        local missing = 1 - math.min(up / self.settled_after, 1)
        return BEST + (WORST - BEST) * missing
    end,
}
