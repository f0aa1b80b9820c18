.[0].powers | map([.host, .action]) == [["kvm4", "activate"]]
