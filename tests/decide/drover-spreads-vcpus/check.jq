.[0].moves | length == 2 and all(.reason | contains("vCPUs per CPU"))
