.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"arm1": "architecture.other", "arm2": "", "kvm1": ""}
