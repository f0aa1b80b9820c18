.[0] | .candidates == [] and .moves == []
