.[0] | .chosen == "kvm2" and
  ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "cpu.larger_there", "kvm2": "", "kvm3": "cpu.dedicated"}
