.[0].hosts | map(select(.accepted).name) == ["host2"]
