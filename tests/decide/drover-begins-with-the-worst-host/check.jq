(.[0].moves | length == 1 and .[0].vm == "big") and (.[1].moves | map(.vm) == ["big", "some"])
