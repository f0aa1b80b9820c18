.[0].chosen == "host2" and ([.[0].hosts[].score] == [500100, 1000, 85366864])
