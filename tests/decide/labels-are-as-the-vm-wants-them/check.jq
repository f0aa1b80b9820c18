.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "labels.unmet", "kvm2": "labels.unmet", "kvm3": ""}
