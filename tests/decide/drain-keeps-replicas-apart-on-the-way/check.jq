.[0].moves | map(.to) == ["kvm3"]
