.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "cpu_level.feature", "kvm3": "", "kvm4": "cpu_level.different"}
