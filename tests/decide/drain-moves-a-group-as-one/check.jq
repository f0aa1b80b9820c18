.[0].moves | map(.to) | unique | length == 1
