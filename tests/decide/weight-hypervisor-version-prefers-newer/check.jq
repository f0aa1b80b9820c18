.[0].chosen == "kvm2" and ([.[0].hosts[].weights.hypervisor_version.raw] == [1998002, 0])
