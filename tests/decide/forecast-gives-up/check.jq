.[0] | (.forecast.converges | not) and .forecast.ends == "abort" and .forecast.steps == 6 and .forecast.downtime_ms == null
