.[0] | .moves == [] and (.candidates | map([.vm, (.hosts | sort)])) == [["web", ["cold", "hot"]]]
