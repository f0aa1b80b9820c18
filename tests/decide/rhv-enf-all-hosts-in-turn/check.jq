(.[0].candidates | map(.vm) | [.[0:1], .[1:3], .[3:6]]) == [["vm4"], ["vm5", "vm6"], ["vm1", "vm2", "vm3"]] and
(.[1].moves | map(.to) | unique) == ["host1"]
