.[0].powers | map([.host, .action]) == [["kvm3", "power_on"]]
