.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "", "kvm3": "tsc_frequency.different", "kvm4": "", "kvm5": "tsc_frequency.unknown"}
