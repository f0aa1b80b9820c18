.[0].moves | map({(.vm): .breaks}) | add | .c == [] and .db == ["shop"]
