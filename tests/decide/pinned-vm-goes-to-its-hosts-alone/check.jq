.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "", "kvm3": "pinned.elsewhere"}
