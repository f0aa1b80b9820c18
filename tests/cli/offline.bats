#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Commands on fleet files: what they show, and the JSON that others rely on.

load common

four() {
    drover --fleet "$FLEETS/four.yaml" "$@"
}

@test "hosts: a table of all hosts, with states and numbers of VMs" {
    run four hosts
    expect 0
    [ "${#lines[@]}" -eq 5 ]
    [[ ${lines[1]} == kvm1*default*up* ]]
    [[ ${lines[4]} == kvm4*maintenance*"66 min"* ]]
}

@test "vms: a table of all VMs" {
    run four vms
    expect 0
    [ "${#lines[@]}" -eq 6 ]
    says "64.0 GiB"
}

@test "status: counts, and the hosts that are not up" {
    run four status
    expect 0
    says "up 3, maintenance 1"
    says "kvm4: maintenance for 66 min"
}

@test "migrations of a file: none" {
    run four migrations --json
    expect 0
    [ "$output" = "[]" ]
}

@test "explain: the choice on top, then refusals with unit and reason" {
    run four explain web1
    expect 0
    [[ ${lines[0]} == "web1: kvm2"* ]]
    says "cpu_even x2"
    says "network"
    says "kvm4"
}

@test "explain: a table of hosts and units, with the word of the filter that refuses" {
    run four explain web1
    expect 0
    [[ ${lines[2]} =~ ^HOST\ +VERDICT\ +SCORE\ +cpu_even\ x2\ +memory_even\ x1\ +network\ +up$ ]]
    [[ ${lines[3]} =~ ^kvm2\ +chosen\ .*\ ok\ +ok$ ]]
    [[ ${lines[4]} =~ ^kvm1\ +accepted\ .*\ ok\ +ok$ ]]
    [[ ${lines[5]} =~ ^kvm3\ +refused\ +missing\ +ok$ ]]
    [[ ${lines[6]} =~ ^kvm4\ +refused\ +ok\ +maintenance$ ]]
    run four explain pinned1 --to kvm2
    says_not "VERDICT"
}

# drover on a terminal of so many columns; what it writes, with its colours.
on_terminal() {
    local columns=$1
    shift
    script -qec "stty cols $columns; '$BUILD/drover' --fleet '$FLEETS/four.yaml' $*" \
        /dev/null </dev/null
}

@test "explain: on a narrow terminal the refused hosts stand below alone, and refusals are red" {
    command -v script >/dev/null || skip "script (util-linux) is not there"
    unset NO_COLOR
    TERM=xterm run on_terminal 120 explain web1
    expect 0
    [[ $output == *$'kvm3  \e[31mrefused\e[0m'* ]]
    [[ $output == *$'\e[31mmissing\e[0m'* ]]
    TERM=xterm run on_terminal 60 explain web1
    expect 0
    says "accepted"
    says_not "missing"
    says "lacks network lan"
}

@test "explain --json: the shape that is promised" {
    four explain web1 --json | jq -e '
        .vm == "web1" and .chosen == "kvm2" and (.hosts | length) >= 3 and
        (.hosts[] | select(.name == "kvm2") |
            .accepted and .refused_by == null and .score != null and
            (.weights | has("cpu_even") and has("memory_even") and has("preferred_hosts")) and
            (.weights.cpu_even | has("raw") and has("rank") and .factor == 2)) and
        (.hosts[] | select(.name == "kvm3") |
            (.accepted | not) and .refused_by == "network" and (.code | length > 0) and
            (.reason | length > 0))'
}

@test "explain --to: of one host alone" {
    run four explain web1 --to kvm3
    expect 0
    says "no host"
    says "kvm3"
    says_not "kvm2"
}

@test "explain: a reason has figures, and a remedy" {
    run four explain big1
    expect 0
    says "big1: stays on kvm1, no other host takes it"
    says "65,"
    says "it would pass with"
}

@test "explain: an unknown VM, an unknown host" {
    run four explain nobody
    expect 2
    says nobody
    run four explain web1 --to kvm9
    expect 2
    says kvm9
    complains_once --fleet "$FLEETS/four.yaml" explain nobody
}

@test "plan drain: moves in order, and who has to stay, with why" {
    run four plan drain kvm1
    expect 0
    says "web1"
    says "big1 stays"
    says "pinned1 stays"
}

@test "plan drain --json: the shape that is promised" {
    four plan drain kvm1 --json | jq -e '
        (.moves | map(.vm) | sort) == ["plain1", "web1"] and
        (.moves[] | select(.vm == "web1") | .from == "kvm1" and .to == "kvm2") and
        .starts == [] and (.unplaced | map(.vm) | sort) == ["big1", "pinned1"] and
        all(.unplaced[]; (.code | length > 0) and (.reason | length > 0))'
}

@test "plan drain of a host that is empty, and of one that is not there" {
    run four plan drain kvm3
    expect 0
    says "nothing to do"
    run four plan drain kvm9
    expect 2
    says kvm9
}

@test "plan balance: nothing under policy none, and why" {
    run four plan balance
    expect 0
    says "nothing to do"
}

@test "plan balance of a cluster that is not there" {
    run four plan balance elsewhere
    expect 2
    says elsewhere
}

@test "plan balance: an overloaded host hands a VM over; --all goes past one round" {
    local one all
    one=$(drover --fleet "$FLEETS/overloaded.yaml" plan balance --json)
    all=$(drover --fleet "$FLEETS/overloaded.yaml" plan balance --all --json)
    [ "$(jq '.moves | length' <<<"$one")" -eq 1 ]
    [ "$(jq '.moves | length' <<<"$all")" -gt 1 ]
    jq -e '.moves[0].from == "hot" and .moves[0].to == "cold" and (.candidates | length) >= 1' <<<"$one"
}

@test "--policy decides by another policy, by name and by file" {
    run drover --fleet "$FLEETS/overloaded.yaml" --policy none plan balance
    expect 0
    says "nothing to do"
    cat >"$BATS_TEST_TMPDIR/mine.yaml" <<'END'
policy: mine
extends: none
filters: []
END
    run four --policy "$BATS_TEST_TMPDIR/mine.yaml" explain web1 --json
    expect 0
    jq -e '.policy == "mine" and (.hosts[] | select(.name == "kvm3") | .accepted)' <<<"$output"
}

@test "--plugin: a Lua filter changes where a VM goes" {
    cat >"$BATS_TEST_TMPDIR/not_kvm2.lua" <<'END'
return { abi = 1, kind = "filter", name = "not_kvm2", summary = "not kvm2",
  filter = function(_, _, host)
    if host.name == "kvm2" then return false, "not_kvm2.it_is", "it is kvm2" end
    return true
  end }
END
    cat >"$BATS_TEST_TMPDIR/mine.yaml" <<'END'
policy: mine
extends: none
filters: [memory, site/not_kvm2]
END
    run four --policy "$BATS_TEST_TMPDIR/mine.yaml" --plugin "$BATS_TEST_TMPDIR/not_kvm2.lua" \
        explain web1 --json
    expect 0
    jq -e '.chosen == "kvm3" and (.hosts[] | select(.name == "kvm2") |
        .refused_by == "site/not_kvm2" and .code == "not_kvm2.it_is" and
        (.reason | contains("it is kvm2")))' <<<"$output"
}

@test "snapshot of a file reads back as the same fleet" {
    four snapshot >"$BATS_TEST_TMPDIR/once.yaml"
    drover --fleet "$BATS_TEST_TMPDIR/once.yaml" snapshot >"$BATS_TEST_TMPDIR/twice.yaml"
    cmp "$BATS_TEST_TMPDIR/once.yaml" "$BATS_TEST_TMPDIR/twice.yaml"
    [ "$(drover --fleet "$BATS_TEST_TMPDIR/once.yaml" plan drain kvm1 --json)" = \
        "$(four plan drain kvm1 --json)" ]
}

@test "snapshot --json is a fleet file, too" {
    four snapshot --json >"$BATS_TEST_TMPDIR/fleet.json"
    [ "$(drover --fleet "$BATS_TEST_TMPDIR/fleet.json" explain web1 --json)" = \
        "$(four explain web1 --json)" ]
}

@test "a fleet is read from standard input" {
    run bash -c "'$BUILD/drover' --fleet - hosts <'$FLEETS/four.yaml'"
    expect 0
    [ "${#lines[@]}" -eq 5 ]
}

@test "the same question gives the same bytes, whatever the order of the file" {
    four snapshot --json >"$BATS_TEST_TMPDIR/fleet.json"
    jq '.hosts |= reverse | .vms |= reverse' "$BATS_TEST_TMPDIR/fleet.json" \
        >"$BATS_TEST_TMPDIR/reversed.json"
    local question
    for question in "explain web1" "plan drain kvm1" hosts vms; do
        # shellcheck disable=SC2086 # words
        [ "$(drover --fleet "$BATS_TEST_TMPDIR/reversed.json" $question --json)" = \
            "$(four $question --json)" ]
    done
}
