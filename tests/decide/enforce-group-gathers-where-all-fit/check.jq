.[0].moves | map([.vm, .to]) == [["a1", "kvm2"], ["a2", "kvm2"]]
