.[0].chosen == "kvm2" and ([.[0].hosts[].weights.vm_count_even.raw] == [5, 3])
