.[0].moves == [.[0].moves[0]] and (.[0].moves[0] | .vm == "web" and .to == "kvm2")
