.[0] | .moves == [] and (.unplaced | map(.vm)) == ["app", "db"]
