(.[0].forecast | .ends == "unknown" and .converges == null and .duration_s == null and .least_s == null) and (.[1].forecast | .converges == null and (.least_s | floor) == 69 and .rate_by == "limit")
