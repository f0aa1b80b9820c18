.[0].candidates | map(.vm) == ["small"]
