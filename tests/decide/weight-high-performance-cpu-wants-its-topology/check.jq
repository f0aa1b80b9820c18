map(.chosen) == ["kvm2", "kvm1"] and ([.[0].hosts[].weights.high_performance_cpu.raw] == [1000, 1])
