.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "in_cluster_upgrade.older", "kvm3": "", "kvm4": "in_cluster_upgrade.family"}
