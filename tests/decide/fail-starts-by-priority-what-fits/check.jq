.[0] | (.starts | map([.vm, .on])) == [["db", "kvm2"], ["web", "kvm3"]] and (.unplaced | map(.vm)) == ["mail"] and .moves == []
