(.[0].candidates | map(.vm) | [.[0:3], .[3:5]] | map(sort)) == [["vm1", "vm4", "vm6"], ["vm2", "vm5"]]
