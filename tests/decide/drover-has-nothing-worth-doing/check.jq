.[0].moves == [] and (.[0].idle | startswith("every host is within bounds"))
