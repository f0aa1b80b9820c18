.[0].chosen == "kvm2" and ([.[0].hosts[].weights.numa_pinning.raw] == [1000, 1])
