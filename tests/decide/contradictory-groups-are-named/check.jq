.[0] | map(select(.vm_state == "refused" or .host_state == "refused").name) == ["g2", "h2", "h3"]
