.[0] | (.candidates | map(.vm) | sort) == ["vm2", "vm3"] and
(.moves | map([.vm, .to])) == [["vm3", "host2"]]
