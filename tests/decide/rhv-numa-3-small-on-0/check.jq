.[0] | [.hosts[] | select(.accepted) | .name] == ["four_nodes", "two_nodes"]
