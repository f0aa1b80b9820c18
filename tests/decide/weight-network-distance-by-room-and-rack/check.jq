[.[0].hosts[].weights.network_distance.raw] == [0, 3, 2, 1]
