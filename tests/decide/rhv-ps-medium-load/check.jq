.[0].candidates == [] and .[0].moves == []
