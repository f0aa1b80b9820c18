.[0].chosen == "kvm2" and ([.[0].hosts[].weights.memory_power_saving.raw] == [1000, 409, 863])
