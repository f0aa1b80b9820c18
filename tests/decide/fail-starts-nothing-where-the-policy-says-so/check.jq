.[0] | (.starts | length) == 0 and (.unplaced | length) == 0
