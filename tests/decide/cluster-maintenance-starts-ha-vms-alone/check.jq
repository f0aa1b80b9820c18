.[0] | .chosen == null and ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "cluster_maintenance.not_ha"}
