.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "cpu_pinning.offline", "kvm3": "cpu_pinning.taken", "kvm4": "cpu_pinning.short"}
