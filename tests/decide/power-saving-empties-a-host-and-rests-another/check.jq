.[0] | (.moves | map([.vm, .to])) == [["web3", "kvm1"]] and (.powers | map([.host, .action])) == [["kvm4", "maintenance"]]
