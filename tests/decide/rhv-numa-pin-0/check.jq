.[0] | [.hosts[] | select(.accepted) | .name] == ["four_nodes", "two_nodes"] and
  ([.hosts[] | select(.name == "no_numa") | .code] == ["numa.no_nodes"])
