#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The properties of drover test: every policy that ships has them, and each of them finds a unit
# that is wrong on purpose.

load ../cli/common

setup() {
    DIR=$BATS_TEST_TMPDIR/site
    mkdir -p "$DIR/lua" "$DIR/plugins" "$DIR/policies"
}

# try PROPERTY POLICY-LINE...: a policy beside the units that were put into DIR, on 200 fleets.
try() {
    local property=$1
    shift
    printf '%s\n' 'policy: bad' 'extends: none' "$@" >"$DIR/policies/bad.yaml"
    printf '%s\n' 'test: a bad unit' 'policy: bad' "properties: [$property]" 'seeds: 200' \
        >"$DIR/bad.test.yaml"
    run drover test "$DIR"
}

# finds PROPERTY UNIT WORDS POLICY-LINE...: the property is broken, and the words say how.
finds() {
    local property=$1 unit=$2 words=$3 seed
    shift 3
    cp "$BATS_TEST_DIRNAME/bad/$unit.lua" "$DIR/lua/"
    try "$property" "$@"
    expect 1
    says "not ok 1 - a bad unit: property $property, 200 fleets"
    says "$words"
    # The seed that it names shows the same with that fleet alone.
    seed=$(sed -n 's/^  seed: //p' <<<"$output")
    run drover test --seed "$seed" --seeds 1 "$DIR"
    expect 1
    says "$words"
}

@test "what is shown is the smallest fleet that breaks a property, and can be read again" {
    try groups 'filters: [memory]'
    expect 1
    sed -n '/^  clusters:/,/^  \.\.\./p' <<<"$output" | grep -v '^  \.\.\.' >"$DIR/fleet.yaml"
    run drover --fleet "$DIR/fleet.yaml" --json vms
    expect 0
    [ "$(grep -o '"name"' <<<"$output" | wc -l)" -eq 1 ]
    run drover --fleet "$DIR/fleet.yaml" --json hosts
    expect 0
    [ "$(grep -o '"name"' <<<"$output" | wc -l)" -eq 2 ]
}

@test "every policy that ships has every property" {
    local policies
    policies=$(find "$SRC/policies" -name '*.yaml' | wc -l)
    run drover test "$BATS_TEST_DIRNAME"
    expect 0
    # No policy was forgotten: each of them has a line for each property.
    [ "$(grep -c '^ok .*every policy that ships: property repeatable' <<<"$output")" -eq "$policies" ]
}

@test "the same seed finds the same, and says where chance began" {
    drover test --seed 7 --seeds 20 "$BATS_TEST_DIRNAME" >"$BATS_TEST_TMPDIR/one"
    drover test --seed 7 --seeds 20 "$BATS_TEST_DIRNAME" >"$BATS_TEST_TMPDIR/two"
    grep -qx '# seed 7' "$BATS_TEST_TMPDIR/one"
    diff "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
}

@test "repeatable finds a weight that remembers" {
    finds repeatable counts 'asked again' 'weights: {site/counts: 1}'
}

@test "permutation finds a weight that looks at where things lie in memory" {
    cp "$BUILD/tests/policies/so/by_address.so" "$DIR/plugins/"
    try permutation 'weights: {site/by_address: 1}'
    expect 1
    says 'with the fleet in another order'
}

@test "renaming finds a weight that looks at names" {
    finds renaming by_name 'when it is called' 'weights: {site/by_name: 1}'
}

@test "renaming finds a balancer that looks at names" {
    finds renaming partial 'with other names in the same order' 'balance: site/partial'
}

@test "no_failures finds a unit that fails, and says how" {
    finds no_failures fails 'site/fails failed: ' 'filters: [memory, site/fails]'
    says 'attempt to perform arithmetic on a nil value'
}

@test "idempotence finds a balancer that has never done enough" {
    finds idempotence restless 'asked again, it would move' 'balance: site/restless'
}

@test "no_ping_pong finds a balancer that sends VMs round and round" {
    finds no_ping_pong restless 'goes back there in round' 'balance: site/restless'
}

@test "budget finds a balancer that does not come to rest" {
    finds budget restless 'it does not come to rest' 'balance: site/restless'
}

@test "no_refused_move finds a filter that changes its mind" {
    finds no_refused_move moody 'and site/moody refuses it there: ' \
        'filters: [memory, site/moody]'
}

@test "hard_rules finds a unit that writes on what it is shown" {
    cp "$BUILD/tests/policies/so/liar.so" "$DIR/plugins/"
    try hard_rules 'filters: [site/liar]'
    expect 1
    says 'and it goes to a host that is not up'
}

@test "groups finds a policy without their filters" {
    try groups 'filters: [memory]'
    expect 1
    says ' of group group'
}
