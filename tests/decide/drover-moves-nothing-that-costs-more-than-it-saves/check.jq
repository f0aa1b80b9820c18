.[0].moves == [] and (.[0].idle | startswith("nothing is worth its cost"))
