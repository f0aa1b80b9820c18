.[0].moves == [] and .[0].candidates == []
