[.[0].progress[].progress_pct] == [0, 100, 0, 50, 67, 99, 1]
