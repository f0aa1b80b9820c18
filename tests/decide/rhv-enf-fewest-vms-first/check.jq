.[0] | (.candidates | map(.vm) | [.[0:1], (.[1:] | sort)]) == [["vm4"], ["vm1", "vm2"]] and
(.moves | map([.vm, .to])) == [["vm4", "host1"]]
