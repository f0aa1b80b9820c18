.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "isolated_hosts.elsewhere", "kvm2": "", "kvm3": ""}
