.[0] | [.starts[].vm] == ["db1", "web1"] and (.unplaced | length) == 0
