.[0].moves == [] and (.[0].idle | contains("came within 120 s"))
