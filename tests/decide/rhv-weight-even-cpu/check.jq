map({(.vm): .chosen}) | add == {VM1A: "B", VM1B: "B", VM2A: "B", VM2B: "B"}
