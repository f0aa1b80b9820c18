.[0].moves | length == 1
