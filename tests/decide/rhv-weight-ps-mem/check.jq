map({(.vm): .chosen}) | add == {VM1: "B", VM2: "C", VM3: "B"}
