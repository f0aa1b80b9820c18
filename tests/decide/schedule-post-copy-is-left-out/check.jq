def steps: [.schedule[].do];
def has_postcopy: .flags | index("postcopy") != null;
(.[0] | has_postcopy) and (.[0] | steps) == ["downtime", "downtime", "postcopy", "abort"] and
all(.[1:][]; (has_postcopy | not) and steps == ["downtime", "downtime", "abort"] and
    (.without | length) == 1)
