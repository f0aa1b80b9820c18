.[0].chosen == "kvm2" and ([.[0].hosts[].weights.cpu_power_saving.raw] == [1000, 1, 1000])
