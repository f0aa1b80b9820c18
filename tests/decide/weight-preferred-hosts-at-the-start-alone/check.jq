map(.chosen) == ["kvm2", "kvm1"]
