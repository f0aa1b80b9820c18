#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# drover replay: what a simulation journalled comes out of the engine again, to the byte, whatever
# struck meanwhile; another policy or another unit is told from the first decision that differs; a
# journal that was cut or damaged is said to be so.

load ../cli/common

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# record JOURNAL ARGUMENTS...: a simulation with its journal.
record() {
    local journal=$1
    shift
    drover simulate --hosts 5 --vms 24 "$@" --journal "$journal" >story || {
        echo "drover simulate $* ended with $?:"
        tail -3 story
        return 1
    }
}

change() {
    sqlite3 "$1" "$2"
}

@test "what is replayed is the same, whatever struck, and so is the state at the end" {
    local seed runs=0
    for seed in 1 2 3; do
        record "$seed.db" --for 4h --faults all --seed "$seed"
        run drover replay "$seed.db" --json
        expect 0
        says '"same":true'
        says '"state_known":true,"state_where":null'
        [[ $output =~ \"runs\":([0-9]+) ]]
        runs=$((runs + BASH_REMATCH[1]))
    done
    echo "runs of controllers: $runs"
    [ "$runs" -gt 4 ]
    says_not '"decisions":0,'
    says_not '"migrations":0,'
}

@test "another policy is told from the first decision that differs, with what its units say" {
    record j.db --for 6h --seed 1 --faults all
    printf '%s\n' 'policy: by_memory' 'extends: evenly_distributed' 'weights: {memory_even: 5}' \
        >by_memory.yaml
    run drover replay j.db --policy ./by_memory.yaml
    expect 1
    says 'First decision that differs'
    says '(policy by_memory)'
    says 'now not weighed'
    says 'factor 5'
    run drover replay j.db --policy evenly_distributed
    expect 0
    says 'Nothing differs.'
    run drover replay j.db --policy none
    expect 1
    says 'First effect that differs'
}

@test "Lua units and their modules come from the journal, others from the command line" {
    mkdir modules
    echo 'return {best = 1}' >modules/taste.lua
    cat >liked.lua <<'LUA'
local taste = require "taste"
return {
    abi = 1, kind = "weight", name = "liked", summary = "hosts that are liked",
    weigh = function(_, _, host) return host.name == "kvm00" .. taste.best and 0 or 1 end,
}
LUA
    printf '%s\n' 'policy: liking' 'filters: [memory]' 'weights: {site/liked: 1}' >liking.yaml
    record j.db --for 1h --drain kvm003@5m --plugin liked.lua --policy ./liking.yaml
    echo 'return {best = 2}' >modules/taste.lua
    run drover replay j.db
    expect 0
    says 'The state at the end is the same.'
    run drover replay j.db --plugin liked.lua
    expect 1
    says 'First decision that differs'
    says 'site/liked on kvm001: raw 0'
    says 'now raw 1'
}

@test "calls that overran their time do so again" {
    local late=$BUILD/tests/sim/so/late.so
    printf '%s\n' 'policy: late' 'filters: [memory]' 'weights: {site/late: 1}' >late.yaml
    DROVER_TEST_LATE=1 record j.db --for 3h --drain kvm002@5m --drain kvm003@65m --plugin "$late" \
        --policy ./late.yaml
    grep -q 'unit site/late failed: it ran for 201 ms' story
    run drover replay j.db --plugin "$late"
    expect 0
    says 'Overruns of units that were repeated:'
    says 'The state at the end is the same.'
}

@test "a journal that has lost its beginning is replayed from the next start" {
    record j.db --for 6h --faults all --seed 1
    run drover replay j.db --json
    [[ $output =~ \"runs\":([0-9]+) ]]
    local runs=${BASH_REMATCH[1]}
    [ "$runs" -ge 3 ]
    change j.db 'DELETE FROM event WHERE seq <= 5; DELETE FROM effect WHERE event <= 5'
    run drover replay j.db --json
    expect 0
    says "\"runs\":$((runs - 1)),"
    says_not '"skipped":0,'
    change j.db "DELETE FROM effect WHERE event <= (SELECT seq + 40 FROM event WHERE seq > 5
                 AND json LIKE '%\"set_changed\"%' LIMIT 1)"
    run drover replay j.db
    expect 0
    says 'whose effects the journal has no more'
    change j.db "DELETE FROM event WHERE json LIKE '%\"set_changed\"%'"
    run drover replay j.db
    expect 2
    says 'has no start of a controller any more'
}

@test "a lost event is said, and what follows it is not guessed" {
    record j.db --for 2h
    change j.db 'DELETE FROM event WHERE seq = 500'
    run drover replay j.db
    expect 0
    says 'events from 500 to 500 are not in the journal'
    says 'events 1 to 499'
}

@test "an effect that was changed is found, and named" {
    record j.db --for 2h --drain kvm002@10m
    change j.db "UPDATE effect SET json = replace(json, 'kvm002', 'kvm00x')
                 WHERE n = (SELECT n FROM effect WHERE kind = 'migrate' LIMIT 1)"
    run drover replay j.db
    expect 1
    says 'First effect that differs'
    says '"kvm00x" before, "kvm002" now'
}

@test "what is damaged, or no journal, ends in one line" {
    record j.db --for 2h
    cp j.db cut.db
    change j.db "UPDATE event SET json = '{\"kind\":\"host_report\",\"at\":1' WHERE seq = 40"
    run drover replay j.db
    expect 2
    says 'is damaged: event 40'
    change j.db "UPDATE event SET json = '{\"kind\":\"host_report\",\"at\":1}' WHERE seq = 40"
    run drover replay j.db
    expect 2
    says 'event 40: host_report: 0 hosts, expected one'
    change j.db "DELETE FROM text WHERE name = 'set'"
    run drover replay j.db
    expect 2
    says 'has no text of the set'
    truncate -s 100000 cut.db
    run drover replay cut.db
    expect 2
    echo 'not a journal' >text.db
    run drover replay text.db
    expect 2
    run drover replay nothing.db
    expect 2
    says 'cannot be opened'
}

@test "--journal keeps one run, in a file of its own" {
    record j.db --for 10m
    run drover simulate --for 10m --journal j.db
    expect 2
    says 'is there already'
    run drover simulate --for 10m --seeds 3 --journal k.db
    expect 2
    says 'keeps one run'
}
