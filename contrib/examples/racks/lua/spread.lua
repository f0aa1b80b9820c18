-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- filter `spread`: VMs with the same label `service` stay in different racks, so that a rack that
-- loses its power takes one of them along and no more. A host's label `rack` says where it is.

-- Where the VM is, or will be when its move is done.
local function place(vm)
    return vm.to or vm.host
end

-- Another VM of the service that runs in the rack, or is on its way there.
local function neighbour(ask, service, rack)
    for _, vm in ipairs(ask.fleet.vms) do
        local host = place(vm)
        if vm ~= ask.vm and vm.state ~= "down" and vm.labels.service == service
            and host and host.labels.rack == rack then
            return vm
        end
    end
end

return {
    abi = 1,
    kind = "filter",
    name = "spread",
    summary = "VMs of one service stay in different racks",
    reasons = {
        ["spread.same_rack"] = {
            text = "another VM of the service is in its rack",
            remedy = "with a rack that has none of them",
        },
    },
    filter = function(_, ask, host)
        local service, rack = ask.vm.labels.service, host.labels.rack
        if not service or not rack then
            return true
        end
        local other = neighbour(ask, service, rack)
        if other then
            return false, "spread.same_rack",
                string.format("%s of service %s is in rack %s", other.name, service, rack)
        end
        return true
    end,
}
