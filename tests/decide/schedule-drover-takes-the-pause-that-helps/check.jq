def done: [.progress[] | select(.do) | [.at, .ms // .do]];
(.[0] | done)[0] == [40, 800] and (.[1] | done) == [[64, "abort"]]
