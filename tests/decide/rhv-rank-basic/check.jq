.[0].chosen == "host2" and ([.[0].hosts[].score] == [1, 202, 100])
