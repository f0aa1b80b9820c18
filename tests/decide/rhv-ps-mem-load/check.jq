.[0].candidates | map([.vm, (.hosts | sort)]) == [["VM1", ["A", "B", "C"]], ["VM3", ["B", "C"]]]
