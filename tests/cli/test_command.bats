#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# drover test: tests that pass, tests that fail and what is said then, files that are wrong.

load common

setup() {
    DIR=$BATS_TEST_TMPDIR/site
    mkdir -p "$DIR"
    cp -r "$SRC/contrib/examples/racks/." "$DIR"
    rm "$DIR/properties.test.yaml"
}

# fleet: the lists of the example's test, for another one.
fleet() {
    sed -n '/^hosts:/,/^expect:/{/^expect:/!p}' "$SRC/contrib/examples/racks/spread.test.yaml"
}

# expects LINE...: the example's fleet and policy, and these lines as its only test.
expects() {
    { printf '%s\n' 'test: mine' 'policy: racks'; fleet; printf '%s\n' "$@"; } >"$DIR/mine.test.yaml"
    rm -f "$DIR/spread.test.yaml"
    run drover test "$DIR"
}

# refused WORDS LINE...: the file is wrong, and said so once; nothing ran.
refused() {
    local words=$1
    shift
    expects "$@"
    expect 2
    says "$words"
    says_not 'TAP version'
    complains_once test "$DIR"
}

@test "the example passes, as TAP" {
    run drover test "$SRC/contrib/examples/racks"
    expect 0
    says 'TAP version 13'
    says_not 'not ok'
    [ "$(grep -c '^ok ' <<<"$output")" -eq "$(sed -n 's/^1\.\.//p' <<<"$output")" ]
}

@test "prove runs it" {
    command -v prove >/dev/null || skip "prove is not there"
    echo "exec '$BUILD/drover' test '$DIR'" >"$BATS_TEST_TMPDIR/policies.t"
    run prove -e sh "$BATS_TEST_TMPDIR/policies.t"
    expect 0
    says 'Result: PASS'
    sed -i 's/db1: a2/db1: b1/' "$DIR/spread.test.yaml"
    run prove -e sh "$BATS_TEST_TMPDIR/policies.t"
    expect 1
    says 'Failed test:  3'
}

@test "without the rule the example fails, in each of its parts" {
    printf '%s\n' 'policy: racks' 'extends: evenly_distributed' >"$DIR/policies/racks.yaml"
    run drover test "$DIR"
    expect 1
    says 'not ok 1 - replicas stay in different racks: explain db1'
    says 'ok 2 - replicas stay in different racks: explain web'
    says 'not ok 3 - replicas stay in different racks: drain a1'
    says 'not ok 4 - replicas stay in different racks: never together'
    says "found: 'drain a1: db1 goes from a1 to b1, beside db2'"
    says "because: 'on one host they would be in one rack'"
    says '# 3 of 4 failed'
}

@test "a failed drain tells the difference, and who refused the host that was expected" {
    expects 'expect:' '  - {drain: a1, moves: {db1: b2, web: b1}}'
    expect 1
    says "at: '$DIR/mine.test.yaml:14:5'"
    says "    moves: {db1: b2, web: b1}"
    says "    moves: {db1: a2, web: b1}"
    says "db1: 'expected that it goes to b2, found that it goes to a2'"
    says_not "    web: 'expected"
    says '      refused_by: site/spread'
    says "      reason: 'db2 of service db is in rack b'"
}

@test "moves are those and no others; VMs that stay, stay" {
    expects 'expect:' '  - {drain: a1, moves: {db1: a2}}' '  - {drain: a1, stay: [web]}' \
        '  - {drain: a2, moves: {}, unplaced: {}}'
    expect 1
    says "web: 'expected no move of it, found that it goes to b1"
    says "web: 'expected that it stays, found that it goes to b1"
    says 'ok 3 - mine: drain a2'
}

@test "the order of moves is looked at where a test says so" {
    expects 'expect:' '  - {drain: a1, moves: {web: b1, db1: a2}}' \
        '  - {drain: a1, moves: {web: b1, db1: a2}, in_order: yes}' \
        '  - {drain: a1, moves: {db1: a2, web: b1}, in_order: yes}'
    expect 1
    says 'ok 1 - '
    says 'not ok 2 - '
    says "in_order: 'expected web as move 1, found db1'"
    says 'ok 3 - '
}

@test "a failed explain tells each host's verdict, with weights" {
    expects 'expect:' '  - {explain: db1, goes_to: b1, may: [b2], may_not: {a2: memory.short}}' \
        '  - {explain: web, goes_nowhere: yes}'
    expect 1
    says "goes_to: 'expected b1, found a1'"
    says "b2: 'expected that it may take db1, found site/spread: db2 of service db is in rack b"
    says "a2: 'expected that it refuses db1 (memory.short), found that it may take it'"
    says "weights: {cpu_even: '"
    says "goes_nowhere: 'expected that no host takes it, found b1'"
}

@test "a reason may be given as its code or by its filter; another one is told" {
    expects 'expect:' '  - {explain: db1, may_not: {b1: spread.same_rack, b2: site/spread}}'
    expect 0
    expects 'expect:' '  - {explain: db1, may_not: {b1: memory.short}}'
    expect 1
    says "b1: 'expected memory.short, found site/spread: db2 of service db is in rack b (spread.same_rack)'"
}

@test "VMs that find no host are expected with their code" {
    sed -i 's/{name: a2,/{name: a2, state: maintenance,/' "$DIR/spread.test.yaml"
    sed '/^expect:/q' "$DIR/spread.test.yaml" >"$DIR/full.test.yaml"
    rm "$DIR/spread.test.yaml"
    echo '  - {drain: a1, moves: {web: b1}, unplaced: {db1: up.maintenance}}' >>"$DIR/full.test.yaml"
    run drover test "$DIR"
    expect 0
    sed -i 's/unplaced: {[^}]*}/unplaced: {}/' "$DIR/full.test.yaml"
    run drover test "$DIR"
    expect 1
    says "db1: 'expected a host for it, found none: "
}

@test "a round of balancing, and the whole plan" {
    cat >"$DIR/mine.test.yaml" <<'END'
test: balancing
policy: evenly_distributed
limits: {balance_moves_per_round: 1}
hosts:
  - {name: h1, threads: 8, memory_mib: 65536, cpu_usage_pct: 96, cpu_over_s: 600}
  - {name: h2, threads: 8, memory_mib: 65536, cpu_usage_pct: 5}
vms:
  - {name: v1, host: h1, vcpus: 2, cpu_usage_pct: 50}
  - {name: v2, host: h1, vcpus: 2, cpu_usage_pct: 51}
  - {name: v3, host: h1, vcpus: 2, cpu_usage_pct: 52}
expect:
  - {balance: all, moves: {v1: h2}}
  - {balance: default, moves: {v1: h2}, stay: [v2, v3]}
  - {balance: all, whole: yes, moves: {v1: h2, v2: h2}, in_order: yes}
END
    rm "$DIR/spread.test.yaml"
    run drover test "$DIR"
    expect 0
    sed -i 's/per_round: 1/per_round: 0/' "$DIR/mine.test.yaml"
    run drover test "$DIR"
    expect 1
    says "v1: 'expected that it goes to h2, found no move of it'"
}

@test "never is tried on other loads and places, too" {
    expects 'never:' '  - {vms: [db1], on: [b1, b2], because: db1 is for rack a}' 'seeds: 300'
    expect 1
    says "because: 'db1 is for rack a'"
    says 'seed: '
    says 'db1 goes from '
}

@test "a fleet may be a file of its own, beside the test" {
    { echo 'fleet: 1'; fleet; } >"$DIR/fleet.yaml"
    printf '%s\n' 'test: mine' 'policy: ./policies/racks.yaml' 'fleet: fleet.yaml' \
        'expect: [{explain: web, may: [b1]}]' >"$DIR/mine.test.yaml"
    run drover test "$DIR"
    expect 0
}

@test "tests of a pack use its units by the pack's name" {
    printf '%s\n' 'name: acme' 'abi: 1' >"$DIR/pack.yaml"
    mkdir "$DIR/tests"
    mv "$DIR/spread.test.yaml" "$DIR/tests/"
    sed -i 's|site/spread|acme/spread|' "$DIR/policies/racks.yaml"
    run drover test "$DIR/"
    expect 0
}

@test "another policy may be tried on the same tests" {
    run drover --policy evenly_distributed test "$DIR"
    expect 1
    says 'policy: evenly_distributed'
}

@test "JSON holds the same" {
    run drover --json test "$DIR"
    expect 0
    says '"seed":1,"passed":4,"failed":0,'
    expects 'expect:' '  - {explain: db1, goes_to: b1}'
    run drover --json test "$DIR"
    expect 1
    says '"difference":{"goes_to":"expected b1, found a1"}'
}

@test "files that are wrong are told with file, line and column, and nothing runs" {
    refused 'mine.test.yaml:13:1: unknown key "expects"; did you mean "expect"?' 'expects: []'
    refused 'mine.test.yaml:14:20: unknown key "goes_too" in expect; did you mean "goes_to"?' \
        'expect:' '  - {explain: db1, goes_too: b1}'
    refused ':14:5: expect: expected one of explain, drain and balance' 'expect:' '  - {goes_to: b1}'
    refused ':14:5: expect: explain takes goes_to' 'expect:' '  - {explain: db1, moves: {db1: a2}}'
    refused ':14:5: expect: drain and balance take moves' 'expect:' '  - {drain: a1, may: [a2]}'
    refused ':14:5: expect: nothing is expected here' 'expect:' '  - {drain: a1}'
    refused ':14:5: VM db9: there is none' 'expect:' '  - {explain: db9, may: [a1]}'
    refused ':14:30: host c1: there is none' 'expect:' '  - {explain: db1, may_not: {c1: x}}'
    refused ':14:5: balance: there is no cluster east' 'expect:' '  - {balance: east, moves: {}}'
    refused ':14:5: never: expected either' 'never:' '  - {vms: [db1]}'
    refused ':13:14: properties: expected a list of texts, each one of repeatable,' \
        'properties: [repetable]'
    refused 'nothing is tested' 'seeds: 3'
    refused ':13:8: seeds: expected a whole number' 'seeds: 0'
}

@test "a policy or a unit that is wrong is told, and nothing passes" {
    sed -i 's|site/spread|site/spraed|' "$DIR/policies/racks.yaml"
    run drover test "$DIR"
    expect 2
    says 'policies/racks.yaml: policy racks: there is no filter unit site/spraed; did you mean site/spread?'
    says_not 'TAP version'
    cp "$SRC/contrib/examples/racks/policies/racks.yaml" "$DIR/policies/"
    echo 'return {' >"$DIR/lua/spread.lua"
    run drover test "$DIR"
    expect 2
    says 'lua/spread.lua'
    says_not 'ok 1'
}

@test "a folder without tests, and --fleet, are usage errors" {
    run drover test "$BATS_TEST_TMPDIR"
    expect 2
    says 'expected tests, files *.test.yaml, here or in tests/; found none'
    run drover test "$DIR/nowhere"
    expect 2
    run drover --fleet x.yaml test "$DIR"
    expect 2
    run drover test --seeds none "$DIR"
    expect 2
    says '--seeds: expected a whole number from 1'
}
