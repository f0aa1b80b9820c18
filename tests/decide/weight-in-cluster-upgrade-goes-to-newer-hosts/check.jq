.[0].chosen == "kvm3" and ([.[0].hosts[].weights.in_cluster_upgrade.raw] == [100000, 100000, 0, 1000000])
