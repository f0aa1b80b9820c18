.[0].moves == []
