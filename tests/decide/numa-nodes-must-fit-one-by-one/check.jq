.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "numa.no_room", "kvm3": "numa.no_nodes"}
