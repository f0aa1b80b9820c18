.[0].chosen == "kvm3" and ([.[0].hosts[].weights.link_load.raw] == [0.1, 1, 0.04])
