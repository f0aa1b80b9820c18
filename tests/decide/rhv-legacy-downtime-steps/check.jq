def pauses: [.downtime_ms] + [.schedule[] | select(.do == "downtime" and .stall < 42) | .ms];
[.[] | pauses] == [[101, 104, 120, 189, 500], [51, 100], [2001, 2009, 2089, 2845, 10000]]
