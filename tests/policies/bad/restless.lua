-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Wrong on purpose: no load is looked at, so it never comes to rest.
return {
    abi = 1, kind = "balance", name = "restless", summary = "moves a VM on to the next host, for ever",
    balance = function(_, fleet, plan, cluster)
        local hosts = cluster.hosts
        for i, host in ipairs(hosts) do
            for _, vm in ipairs(host.vms) do
                plan:propose{ vm = vm, hosts = { hosts[i % #hosts + 1] }, reason = "it is time" }
            end
        end
    end,
}
