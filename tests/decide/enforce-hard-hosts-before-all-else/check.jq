.[0].candidates | map(.group) == ["1-hard-hosts", "2-hard-vms", "2-hard-vms", "3-soft-hosts", "4-soft-vms", "4-soft-vms"]
