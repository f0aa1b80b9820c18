.[0] | ([.hosts[] | {(.name): (.code // "")}] | add) ==
  {"kvm1": "", "kvm2": "", "kvm3": "host_device.busy", "kvm4": "host_device.missing"}
