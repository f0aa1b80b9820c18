.[0].candidates | map([.vm, (.hosts | sort)]) == [["VM1A", ["A", "B"]], ["VM1B", ["A", "B"]]]
