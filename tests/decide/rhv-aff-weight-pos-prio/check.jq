.[0].hosts | map({(.name): .weights.vm_affinity.raw}) | add | .host2 < .host1 and .host1 < .host3
