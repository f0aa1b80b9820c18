-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Wrong on purpose: a name says nothing.
return {
    abi = 1, kind = "balance", name = "partial", summary = "moves VMs of even names",
    balance = function(_, fleet, plan, cluster)
        local hosts = cluster.hosts
        for i, host in ipairs(hosts) do
            for _, vm in ipairs(host.vms) do
                if string.byte(vm.name, -1) % 2 == 0 then
                    local to = hosts[i % #hosts + 1]
                    plan:propose{ vm = vm, hosts = { to }, reason = "it is even" }
                end
            end
        end
    end,
}
