.[0] | (.forecast.converges | not) and .forecast.ends == "postcopy" and .forecast.steps == 3 and .forecast.downtime_ms == 50 and .schedule[-1] == {stall: 3, do: "postcopy"}
