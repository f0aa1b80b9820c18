.[0].downtime_ms == 30 and (.[0].flags | index("postcopy")) and
    .[0].schedule == [{stall: 2, do: "downtime", ms: 250}, {stall: 3, do: "postcopy"}, {stall: 9, do: "abort"}]
