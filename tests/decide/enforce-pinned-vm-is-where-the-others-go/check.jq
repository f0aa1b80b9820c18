.[0].candidates | map(.vm) == ["db2", "db3"]
