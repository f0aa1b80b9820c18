def done: [.progress[] | select(.do) | [.at, .do]];
(.[0] | done) == [] and (.[1] | done) == [[256, "abort"]] and
(.[2] | done) == [[256, "postcopy"], [286, "abort"]] and (.[3] | done) == [[40, "abort"]]
