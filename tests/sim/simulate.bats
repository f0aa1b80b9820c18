#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# drover simulate: the same seed tells the same story; all faults at once break no promise; a quiet
# fleet stays quiet; a drain ends. A seed that ever broke something stays here for good.

SRC=${DROVER_SRC:-$(readlink -f "$BATS_TEST_DIRNAME/../..")}
BUILD=${DROVER_BUILD:-$SRC/build}

simulate() {
    "$BUILD/drover" simulate "$@"
}

# figure NAME FILE: a figure of a --json answer of one line.
figure() {
    sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$2"
}

# holds ARGUMENTS...: no promise is broken; else shows which.
holds() {
    run simulate "$@"
    if [ "$status" -ne 0 ]; then
        echo "drover simulate $* ended with $status:"
        grep -A1 Broken <<<"$output" || echo "$output"
        return 1
    fi
}

@test "the same seed tells the same story, to the byte" {
    simulate --hosts 4 --vms 20 --for 3h --faults all --seed 7 >"$BATS_TEST_TMPDIR/one"
    simulate --hosts 4 --vms 20 --for 3h --faults all --seed 7 >"$BATS_TEST_TMPDIR/two"
    cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/one")" -gt 60 ]
}

@test "another seed tells another story" {
    simulate --hosts 4 --vms 20 --for 3h --faults all --seed 7 >"$BATS_TEST_TMPDIR/one"
    simulate --hosts 4 --vms 20 --for 3h --faults all --seed 8 >"$BATS_TEST_TMPDIR/two"
    run cmp -s "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    [ "$status" -eq 1 ]
}

@test "small fleets hold, whatever happens" {
    holds --hosts 3 --vms 9 --for 12h --faults all --seed 1 --seeds 60
}

@test "fleets of some hosts hold, whatever happens" {
    holds --hosts 6 --vms 40 --for 12h --faults all --seed 1 --seeds 30
}

@test "a fleet of many hosts holds" {
    holds --hosts 24 --vms 200 --for 3h --faults all --seed 1 --seeds 3
}

@test "what was broken once holds" {
    local seed
    # a report that was read before a call failed was taken for news of after it
    holds --hosts 5 --vms 24 --for 22h --faults all --seed 90155
    # a VM that somebody else took to a third host, or that arrived after a report was read, was
    # told as lost
    for seed in 30 194 220 267 289; do
        holds --hosts 4 --vms 16 --for 12h --seed "$seed" \
            --faults lost,late,virsh,operator,reorder,call-fails
    done
    # a drain that waited for somebody else's migration did not say so
    holds --hosts 4 --vms 16 --for 12h --seed 154 --faults virsh,operator,files
    holds --hosts 4 --vms 16 --for 12h --seed 225 --faults virsh,operator,files
    # a VM that was out of sight when its move ended did not rest
    holds --hosts 4 --vms 16 --for 12h --seed 20108 --faults all
    # a late word of the source was taken for proof that a VM runs twice
    holds --hosts 3 --vms 12 --for 12h --seed 339 --faults all
    # a VM that was off, since its host had lost power under it, was told as lost
    holds --hosts 4 --vms 16 --for 12h --seed 60110 --faults all
    # a call's end that was said twice was taken for the end of the next try, to another host
    holds --hosts 7 --vms 42 --for 4h --seed 1007194 --faults "host-death,host-cut,host-freeze,\
path-cut,libvirt-hang,libvirt-restart,late,duplicate,migration-fails,call-fails,destination-dies,\
operator,hooks,controller,fence-lies,fence-slow,start-fails,autostart"
}

@test "each fault alone does no harm" {
    local fault known
    known=$(simulate --faults nothing 2>&1 | sed -n 's/.*some of: //p' | tr -d ,)
    [[ $known == *host-freeze*controller-cut*path-cut* ]]
    for fault in $known; do
        holds --hosts 4 --vms 16 --for 6h --seed 3 --seeds 2 --faults "operator,$fault"
    done
}

@test "a host that stands still goes on, and its guests have lost that time" {
    simulate --hosts 4 --vms 16 --for 12h --seed 3 --faults host-freeze >"$BATS_TEST_TMPDIR/story"
    grep -q 'host kvm001 stands still for' "$BATS_TEST_TMPDIR/story"
    grep -q 'host kvm00[1-4] goes on' "$BATS_TEST_TMPDIR/story" # or it was fenced meanwhile
    simulate --hosts 4 --vms 16 --for 12h --seed 3 --faults host-freeze --json \
        >"$BATS_TEST_TMPDIR/story.json"
    [ "$(figure vm_seconds_lost "$BATS_TEST_TMPDIR/story.json" | cut -d. -f1)" -gt 100 ]
}

@test "a host and the controller lose each other, one way or both" {
    local way
    simulate --hosts 4 --vms 30 --for 2d --seed 2 --faults controller-cut,operator \
        >"$BATS_TEST_TMPDIR/story"
    for way in 'nothing gets to the host' 'nothing gets to the controller' \
        'nothing gets through' 'reach each other again'; do
        grep -q "$way" "$BATS_TEST_TMPDIR/story"
    done
}

@test "guests do what a trace says" {
    cat >"$BATS_TEST_TMPDIR/fleet.yaml" <<'EOF'
fleet: 1
clusters: [{name: default, policy: evenly_distributed}]
hosts:
  - {name: kvm1, threads: 4, memory_mib: 32768}
  - {name: kvm2, threads: 4, memory_mib: 32768}
vms:
  - {name: web, host: kvm1, vcpus: 2, memory_mib: 4096, cpu_usage_pct: 5}
  - {name: db, host: kvm1, vcpus: 2, memory_mib: 4096, cpu_usage_pct: 5}
EOF
    cat >"$BATS_TEST_TMPDIR/trace.csv" <<'EOF'
time,vm,cpu_pct,dirty_mib_s
0,web,5,1
1h,web,97,20
1h,db,95,
90m,web,5,1
EOF
    simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --steady --for 3h --json \
        >"$BATS_TEST_TMPDIR/calm.json"
    [ "$(figure ordered "$BATS_TEST_TMPDIR/calm.json")" = 0 ]
    simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --for 3h \
        --trace "$BATS_TEST_TMPDIR/trace.csv" >"$BATS_TEST_TMPDIR/busy"
    grep -q '^   1:0[23]:.*VM .* moves from host kvm1 to host kvm2' "$BATS_TEST_TMPDIR/busy"
    echo '2h,nobody,5,1' >>"$BATS_TEST_TMPDIR/trace.csv"
    run simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --trace "$BATS_TEST_TMPDIR/trace.csv"
    [ "$status" -eq 2 ]
    [[ $output == *"trace.csv:6:1: VM nobody"* ]]
}

@test "nothing moves in a quiet fleet that is balanced" {
    cat >"$BATS_TEST_TMPDIR/fleet.yaml" <<'EOF'
fleet: 1
now: 1768996800
clusters: [{name: default, policy: evenly_distributed}]
hosts:
  - {name: kvm1, threads: 8, cpu_usage_pct: 20, memory_mib: 32768}
  - {name: kvm2, threads: 8, cpu_usage_pct: 20, memory_mib: 32768}
  - {name: kvm3, threads: 8, cpu_usage_pct: 20, memory_mib: 32768}
vms:
  - {name: a, host: kvm1, vcpus: 2, memory_mib: 4096, cpu_usage_pct: 50}
  - {name: b, host: kvm2, vcpus: 2, memory_mib: 4096, cpu_usage_pct: 50}
  - {name: c, host: kvm3, vcpus: 2, memory_mib: 4096, cpu_usage_pct: 50}
EOF
    simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --steady --for 7d --json \
        >"$BATS_TEST_TMPDIR/quiet.json"
    [ "$(figure ordered "$BATS_TEST_TMPDIR/quiet.json")" = 0 ]
    [ "$(figure steps "$BATS_TEST_TMPDIR/quiet.json")" -gt 100000 ]
}

@test "a drain empties its host, and is measured" {
    simulate --hosts 4 --vms 20 --for 2h --drain kvm002@10m --json >"$BATS_TEST_TMPDIR/drain.json"
    [ "$(figure drains "$BATS_TEST_TMPDIR/drain.json")" = 1 ]
    [ "$(figure drains_done "$BATS_TEST_TMPDIR/drain.json")" = 1 ]
    [ "$(figure completed "$BATS_TEST_TMPDIR/drain.json")" -ge 5 ]
    run simulate --hosts 4 --vms 20 --for 2h --drain kvm002@10m
    [[ $output == *"host kvm002 is maintenance (was preparing_for_maintenance)"* ]]
}

@test "wrong options are told in one line" {
    run simulate --faults earthquake
    [ "$status" -eq 2 ]
    [[ $output == *'no fault "earthquake"'*host-death* ]]
    run simulate --drain kvm001
    [ "$status" -eq 2 ]
    [[ $output == *'expected HOST@TIME'* ]]
    run simulate --drain nobody@1h
    [ "$status" -eq 2 ]
    run simulate --hosts 0
    [ "$status" -eq 2 ]
    run simulate --jobs 2
    [ "$status" -eq 2 ]
    [[ $output == *"go with --soak"* ]]
    run simulate --soak --versus none
    [ "$status" -eq 2 ]
}

@test "a soak sums up what its seeds drew" {
    simulate --soak --seeds 6 --seed 11 --jobs 2 --json >"$BATS_TEST_TMPDIR/sum.json"
    [ "$(figure seeds "$BATS_TEST_TMPDIR/sum.json")" = 6 ]
    [ "$(figure failures "$BATS_TEST_TMPDIR/sum.json")" = 0 ]
    [ "$(figure checks "$BATS_TEST_TMPDIR/sum.json")" -gt 100000 ]
    run simulate --soak --seeds 2 --seed 11 --jobs 1
    [ "$status" -eq 0 ]
    [[ $output == *"seeds                2 (from 11 on)"*"failures             0"* ]]
}

@test "fresh seeds hold, too: another base each time" {
    local base
    base=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
    echo "# fresh seeds: drover simulate --soak --seed $base --seeds 12" >&3
    cd "$BATS_TEST_TMPDIR" # a failure leaves its journal
    holds --soak --seed "$base" --seeds 12 --shrink
}

@test "strikes are counted, and can be left out" {
    simulate --hosts 3 --vms 9 --for 3h --faults all --seed 5 --strikes none \
        --json >"$BATS_TEST_TMPDIR/none.json"
    [ "$(figure faults_struck "$BATS_TEST_TMPDIR/none.json")" = 0 ]
    simulate --hosts 3 --vms 9 --for 3h --faults all --seed 5 --strikes 2,3,9 \
        --json >"$BATS_TEST_TMPDIR/some.json"
    [ "$(figure faults_struck "$BATS_TEST_TMPDIR/some.json")" = 3 ]
    run simulate --strikes 3,2
    [ "$status" -eq 2 ]
    [[ $output == *"ascending order"* ]]
}
