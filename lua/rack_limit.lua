-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- filter `rack_limit`: at most N VMs of one group in one rack, so that a rack that loses its power
-- or its switch takes no more than N of them along. A rack is what hosts with the same label
-- share; hosts without the label are in no rack, and are accepted.

-- Where the VM is, or will be when its move is done.
local function place(vm)
    return vm.to or vm.host
end

-- VMs of the group in the rack, without the one that is asked about.
local function count(self, ask, group, rack)
    local n = 0
    for _, vm in ipairs(group.vms) do
        local host = place(vm)
        if vm ~= ask.vm and vm.state ~= "down" and host and host.labels[self.label] == rack then
            n = n + 1
        end
    end
    return n
end

return {
    abi = 1,
    kind = "filter",
    name = "rack_limit",
    summary = "at most so many VMs of a group in one rack",
    parameters = {
        limit = { type = "integer", default = 2, min = 1, max = 10000, unit = "VMs",
                  help = "VMs of one group in one rack" },
        label = { type = "text", default = "rack",
                  help = "the label of hosts that names their rack" },
        group = { type = "text", default = "", help = "only this group; empty: each group" },
    },
    reasons = {
        ["rack_limit.full"] = {
            text = "its rack has as many VMs of the group as it may",
            remedy = "with a higher limit, or a VM of the group less in that rack",
        },
    },
    filter = function(self, ask, host)
        local rack = host.labels[self.label]
        if not rack then
            return true
        end
        for _, group in ipairs(ask.vm.groups) do
            if self.group == "" or self.group == group.name then
                local n = count(self, ask, group, rack)
                if n >= self.limit then
                    return false, "rack_limit.full", string.format(
                        "rack %s has %d VMs of group %s already; %d may be there",
                        rack, n, group.name, self.limit)
                end
            end
        end
        return true
    end,
}
