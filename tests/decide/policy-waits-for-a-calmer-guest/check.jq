.[0].wait_s == 60 and (.[0].wait_why | test("200 MiB/s")) and .[1].wait_s == 0 and .[1].forecast.converges
