.[0].chosen == "host1" and ([.[0].hosts[].score] == [204, 202, 4])
