.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "io_ops.busy", "kvm2": ""}
