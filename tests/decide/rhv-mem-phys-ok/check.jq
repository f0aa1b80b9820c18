.[0] | .chosen == "host" and .hosts[0].accepted
