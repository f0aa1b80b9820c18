.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "port_resources.short", "kvm2": "", "kvm3": "port_resources.none"}
