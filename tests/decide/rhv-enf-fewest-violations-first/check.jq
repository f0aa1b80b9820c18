(.[0].candidates | map(.vm)) == ["vm4", "vm1", "vm2"] and (.[0].moves | map([.vm, .to])) == [["vm4", "host1"]]
