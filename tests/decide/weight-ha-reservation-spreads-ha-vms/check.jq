map(.chosen) == ["kvm2", "kvm1"] and ([.[0].hosts[].weights.ha_reservation.raw] == [100, 50])
