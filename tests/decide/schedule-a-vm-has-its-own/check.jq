def has_flag($name): .flags | index($name) != null;
.[0].unit == "minimal_downtime" and .[0].without == [] and
.[1].unit == "suspend_if_needed" and .[1].downtime_ms == 250 and (.[1] | has_flag("auto_converge") | not) and
.[2].unit == "post_copy" and (.[2] | has_flag("postcopy")) and (.[2] | has_flag("tls")) and
.[3].unit == "minimal_downtime" and .[3].downtime_ms == 100 and (.[3].without | length) == 3
