#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# drover simulate --plot and --versus: the picture is well-formed, says what happened, and is the same
# each time; two policies stand side by side in the same world.

SRC=${DROVER_SRC:-$(readlink -f "$BATS_TEST_DIRNAME/../..")}
BUILD=${DROVER_BUILD:-$SRC/build}

simulate() {
    "$BUILD/drover" simulate --no-color "$@"
}

# A VM has a name that means something to XML.
fleet() {
    cat >"$BATS_TEST_TMPDIR/fleet.yaml" <<'EOF2'
fleet: 1
clusters: [{name: default, policy: evenly_distributed}]
hosts:
  - {name: kvm1, threads: 8, memory_mib: 32768}
  - {name: kvm2, threads: 8, memory_mib: 32768}
vms:
  - {name: '</title><script>"&', host: kvm1, vcpus: 2, memory_mib: 2048, cpu_usage_pct: 20}
  - {name: quiet, host: kvm2, vcpus: 2, memory_mib: 2048, cpu_usage_pct: 20}
EOF2
}

@test "the picture has a lane for each host, every move, axes with units, and hostile names escaped" {
    local plot=$BATS_TEST_TMPDIR/p.svg
    fleet
    simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --steady --for 2h --drain kvm1@30m --plot "$plot"
    grep -q '^<svg xmlns="http://www.w3.org/2000/svg"' "$plot"
    grep -q '>kvm1</text>' "$plot"
    grep -q '>kvm2</text>' "$plot"
    grep -q '>evenly_distributed</text>' "$plot"
    grep -q 'CPU load (%)' "$plot"
    grep -q 'virtual time (minutes)' "$plot"
    grep -q '<title>&#60;/title&#62;&#60;script&#62;&#34;&#38;: kvm1 to kvm2, at 18.. s' "$plot"
    run grep -q '<script' "$plot"
    [ "$status" -eq 1 ]
    [ "$(grep -c '<title>.* to .*, completed</title>' "$plot")" = 1 ]
    if command -v xmllint; then
        xmllint --noout "$plot"
    fi
}

@test "a host without power and a move that failed are drawn" {
    local plot=$BATS_TEST_TMPDIR/p.svg
    simulate --hosts 4 --vms 20 --for 12h --faults host-death,migration-fails,operator --seed 3 \
        --plot "$plot" >/dev/null
    grep -q 'height="[0-9.]*" fill="url(#off)"/>' "$plot"
    grep -q ', failed</title>' "$plot"
    grep -q 'stroke-dasharray' "$plot"
}

@test "the same seed draws the same picture; a year takes no more room than a week" {
    cd "$BATS_TEST_TMPDIR"
    simulate --hosts 3 --vms 12 --for 6h --seed 5 --plot one.svg >/dev/null
    simulate --hosts 3 --vms 12 --for 6h --seed 5 --plot two.svg >/dev/null
    cmp one.svg two.svg
    simulate --hosts 2 --vms 4 --for 20d --steady --policy none --plot long.svg >/dev/null
    grep -q 'virtual time (days)' long.svg
    [ "$(wc -c <long.svg)" -lt 200000 ]
}

@test "two policies in the same world: figures of both, the difference, and both pictures" {
    local plot=$BATS_TEST_TMPDIR/v.svg json=$BATS_TEST_TMPDIR/v.json
    run simulate --hosts 4 --vms 40 --for 12h --versus none --plot "$plot"
    [ "$status" -eq 0 ]
    [[ $output == *FIGURE*evenly_distributed*none*DIFFERENCE*UNIT* ]]
    [[ $output =~ 'moves ordered'\ +([0-9]+)\ +0\ +-([0-9]+) ]]
    [ "${BASH_REMATCH[1]}" -gt 0 ]
    [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
    [ "$(grep -c 'class="title"' "$plot")" = 2 ]
    simulate --hosts 4 --vms 40 --for 12h --versus none --json >"$json"
    jq -e '.seeds == 1 and (.policies | map(.policy) == ["evenly_distributed", "none"]) and
           .policies[1].figures.ordered == 0 and .policies[0].figures.ordered > 0 and
           .difference.ordered == -.policies[0].figures.ordered and
           .policies[0].figures.cpu_imbalance_pct < .policies[1].figures.cpu_imbalance_pct' "$json"
}

@test "a policy against itself differs in nothing; over seeds there are means" {
    simulate --hosts 4 --vms 20 --for 6h --policy evenly_distributed --versus evenly_distributed \
        --faults all --seeds 3 --json >"$BATS_TEST_TMPDIR/same.json"
    jq -e '.seeds == 3 and (.difference | all(. == 0)) and .policies[0].figures.steps > 1000' \
        "$BATS_TEST_TMPDIR/same.json"
}

@test "the JSON of one run has its moves, and the load over time" {
    fleet
    simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --steady --for 2h --drain kvm1@30m --json \
        >"$BATS_TEST_TMPDIR/one.json"
    jq -e '.history.step_s == 60 and (.history.hosts | map(.name) == ["kvm1", "kvm2"]) and
           (.history.hosts[0].cpu_pct | length >= 119) and (.history.moves | length == 1) and
           (.history.moves[0] | .ok and .from == "kvm1" and .to == "kvm2" and .took_s > 1 and
            .downtime_ms > 0 and .carried_mib > 1000)' "$BATS_TEST_TMPDIR/one.json"
}

@test "wrong options are told" {
    run simulate --plot x.svg --seeds 3
    [ "$status" -eq 2 ]
    [[ $output == *'--plot draws one run'* ]]
    run simulate --plot /nowhere/x.svg --for 1h
    [ "$status" -eq 1 ]
    [[ $output == *'/nowhere/x.svg: No such file'* ]]
    run simulate --versus nonesuch --for 1h
    [ "$status" -eq 2 ]
    run simulate --versus none --journal j.db --for 1h
    [ "$status" -eq 2 ]
}
