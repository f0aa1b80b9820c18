.[0].chosen == "kvm2" and ([.[0].hosts[].weights.recent_failures.raw] == [2, 0])
