.[0] | (.starts | map(.vm)) == ["db"] and .unplaced == []
