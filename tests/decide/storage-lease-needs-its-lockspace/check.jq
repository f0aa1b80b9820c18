.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "storage_lease.not_joined", "kvm3": "storage_lease.not_joined"}
