map(.blockers | map(.code)) == [["pci_device", "virtiofs", "block_job"], ["pci_device", "virtiofs", "block_job"]] and (.[0].blockers | all(.remedy != ""))
