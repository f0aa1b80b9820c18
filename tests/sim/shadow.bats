#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Policies in shadow: they decide beside the one in force and change nothing of what is done, also
# where they fail; where they differ is journalled with the reason; and all that is replayed.

load ../cli/common

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir -p policies
    printf 'policy_dirs: [%s]\n' "$PWD/policies" >drover.yaml
    printf '%s\n' 'policy: first' 'extends: evenly_distributed' 'weights: {site/first: 1}' \
        'balance: none' >policies/first.yaml
    cat >first.lua <<'LUA'
return {
    abi = 1, kind = "weight", name = "first", summary = "hosts in order of their numbers",
    weigh = function(_, _, host) return tonumber(host.name:sub(4)) end,
}
LUA
}

# fleet CLUSTER: a fleet whose cluster has these keys, too.
fleet() {
    local i
    printf '%s\n' 'fleet: 1' 'now: 1768996800' \
        "clusters: [{name: default, policy: evenly_distributed$1}]" 'hosts:'
    for i in 1 2 3 4; do
        echo "  - {name: kvm$i, threads: 16, memory_mib: 65536, link_mbps: 10000}"
    done
    echo 'vms:'
    for i in {1..24}; do
        echo "  - {name: vm$i, host: kvm$((i % 4 + 1)), vcpus: $((i % 5 + 1)), memory_mib: 2048}"
    done
}

# record NAME CLUSTER: NAME.db and NAME.txt, of a simulation with all faults.
record() {
    fleet "$2" >"$1.yaml"
    drover simulate --config drover.yaml --plugin first.lua --fleet "$1.yaml" --faults all --seed 2 \
        --for 6h --journal "$1.db" >"$1.txt"
}

# What was done, without what is only noted: the set's own name is another one, of course.
done_in() {
    sqlite3 "$1.db" "SELECT json FROM effect WHERE json LIKE '{\"id\":%' AND
                     json NOT LIKE '%set.changed%' ORDER BY n"
}

@test "with a shadow and without it the same is done, at the same times" {
    record alone ''
    record shaded ', shadow: first'
    done_in alone >one
    done_in shaded >other
    [ "$(wc -l <one)" -gt 1000 ]
    cmp one other
    # and it did differ, in decisions as in rounds
    local n
    n=$(sqlite3 shaded.db "SELECT count(*) FROM effect WHERE kind = 'shadow_differed' AND
        json LIKE '%\"about\":\"decision\"%\"reason\":\"%'")
    [ "$n" -gt 5 ]
    run sqlite3 shaded.db "SELECT json FROM effect WHERE kind = 'shadow_differed'"
    says 'site/first'
    says 'not weighed'
    run drover replay shaded.db
    expect 0
    says 'The state at the end is the same.'
}

@test "a shadow that fails at every call harms nobody but itself" {
    record alone ''
    sed -i 's/weigh = .*/weigh = function() error("lost its table") end,/' first.lua
    record shaded ', shadow: first'
    done_in alone >one
    done_in shaded >other
    cmp one other
    run sqlite3 shaded.db "SELECT json FROM effect WHERE kind = 'notice'"
    says 'shadow first of cluster default: unit site/first failed too often'
    says_not '"name":"unit.failed"'
    run drover replay shaded.db
    expect 0
}

@test "rounds of balancing are compared" {
    printf '%s\n' 'policy: still' 'extends: evenly_distributed' 'balance: none' \
        >policies/still.yaml
    # all guests on one host that is too small for them
    fleet ', shadow: still' | sed 's/host: kvm[1-4]/host: kvm1, cpu_usage_pct: 60/
                                   s/threads: 16/threads: 8/' >f.yaml
    drover simulate --config drover.yaml --fleet f.yaml --seed 5 --for 3h --journal j.db >story
    run sqlite3 j.db "SELECT json FROM effect WHERE kind = 'shadow_differed' AND
                      json LIKE '%\"about\":\"round\"%'"
    says 'still would move nothing: the policy has no balancer'
    says 'evenly_distributed would move'
    run drover replay j.db
    expect 0
}
