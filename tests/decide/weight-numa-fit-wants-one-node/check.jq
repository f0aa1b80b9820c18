map(.chosen) == ["kvm2", "kvm1"] and ([.[0].hosts[].weights.numa_fit.raw] == [1000, 1])
