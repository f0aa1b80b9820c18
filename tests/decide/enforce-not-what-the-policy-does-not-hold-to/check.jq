.[0] | .moves == [] and (.candidates | length) == 2
