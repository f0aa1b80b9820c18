.[0].moves | length == 1 and (.[0].vm == "db")
