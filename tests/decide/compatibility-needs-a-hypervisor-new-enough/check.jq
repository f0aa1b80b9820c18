.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "compatibility.machine", "kvm3": "", "kvm4": "compatibility.level"}
