.[0] | .chosen == null and .hosts[0].refused_by == "memory" and .hosts[0].code == "memory.short"
