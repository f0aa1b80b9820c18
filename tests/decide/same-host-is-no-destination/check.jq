.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm1.example.org": "same_host.address", "kvm2": ""}
