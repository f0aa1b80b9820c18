#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The lab itself: real libvirt hosts in namespaces, real guests, real migrations. What the other lab
# tests build on is proved here: that guests move, that faults are faults, that nothing stays.

LAB_COMMAND=$BATS_TEST_DIRNAME/../../contrib/lab/lab

setup_file() {
    export DROVER_LAB_DIR=$BATS_FILE_TMPDIR/lab DROVER_LAB_NET=10.99.78
    local reason status=0
    reason=$("$LAB_COMMAND" selfcheck 2>&1) || status=$?
    if ((status == 77)); then
        export LAB_SKIP=$reason
        return 0
    fi
    ((status == 0)) || {
        echo "$reason" >&2
        return 1
    }
    "$LAB_COMMAND" up 2 --wait
}

teardown_file() {
    "$LAB_COMMAND" down
    DROVER_LAB_DIR=$BATS_FILE_TMPDIR/other "$LAB_COMMAND" down
}

setup() {
    [[ -z ${LAB_SKIP:-} ]] || skip "$LAB_SKIP"
}

lab() {
    "$LAB_COMMAND" "$@"
}

# by_controller HOST VIRSH-ARGUMENTS...: as an outsider would, over the network.
by_controller() {
    local host=$1
    shift
    lab exec controller timeout 60 virsh -q -c "$(lab uri "$host")" "$@"
}

# within SECONDS COMMAND...: polls until COMMAND succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || {
            echo "not within the deadline: $*"
            return 1
        }
        sleep 0.2
    done
}

has_beaten_on() { # VM HOST
    lab vm beats "$1" | grep -q "^$2 "
}

beats_at_least() { # VM HOST N: its last beat there, in hex
    local last
    last=$(lab vm beats "$1" | awk -v host="$2" '$1 == host { print $4 }' | tail -n 1)
    [[ -n $last ]] && ((16#$last >= $3))
}

cpu_usage() { # HOST: whole percents, as libvirt reports them
    lab exec "$1" virsh -q nodecpustats --percent | awk '/usage/ { print int($2 + 0.5) }'
}

cpu_usage_is() { # HOST FROM TO
    local usage
    usage=$(cpu_usage "$1")
    ((usage >= $2 && usage <= $3))
}

host_uuid() { # HOST
    by_controller "$1" capabilities | sed -n 's|.*<uuid>\(.*\)</uuid>|\1|p'
}

memory_statistics() { # HOST: "TOTAL FREE" in KiB
    lab exec "$1" virsh -q nodememstats |
        awk -F : '/^total/ { total = $2 + 0 } /^free/ { print total, $2 + 0 }'
}

dirty_rate_is_known() { # HOST VM
    by_controller "$1" domstats --dirtyrate "$2" | grep -q 'calc_status=2'
}

@test "two hosts are up, each itself" {
    [ "$(lab hosts | tr '\n' ' ')" = "kvm1 kvm2 " ]
    [ "$(lab exec kvm1 hostname)" = kvm1 ]
    [ "$(by_controller kvm2 hostname)" = kvm2 ]
    [ "$(host_uuid kvm1)" != "$(host_uuid kvm2)" ]
    lab status --json | grep -q '"name":"kvm2","state":"up","cable":"plugged"'
    by_controller kvm1 pool-list --name | grep -q images
    by_controller kvm1 net-list --name | grep -q guests
}

@test "up is idempotent, wrong use is refused with status 2" {
    lab up 2
    run lab up none
    [ "$status" -eq 2 ]
    run lab load kvm1 101
    [ "$status" -eq 2 ]
    run lab vm start kvm1 "a b"
    [ "$status" -eq 2 ]
    run lab crash kvm9
    [ "$status" -eq 1 ]
    [[ $output == *'no host "kvm9"'* ]]
}

@test "a guest beats, and migrates live, peer to peer, without --unsafe" {
    lab vm start kvm1 mover --disk 16 --network guests
    [ "$(lab vm where mover)" = kvm1 ]
    within 20 has_beaten_on mover kvm1
    by_controller kvm1 migrate --live --p2p mover "$(lab uri kvm2)"
    [ "$(lab vm where mover)" = kvm2 ]
    within 20 has_beaten_on mover kvm2
    lab vm beats mover # one boot id, no beat twice, or it fails
    [ "$(lab vm beats mover | cut -d ' ' -f 2 | sort -u | wc -l)" -eq 1 ]
    lab vm destroy mover
    [ -z "$(lab vm list)" ]
}

@test "a guest writes memory at the rate it was given" {
    lab vm start kvm1 idle
    lab vm start kvm1 busy --dirty 30 --memory 128
    within 20 beats_at_least busy kvm1 2
    within 20 beats_at_least idle kvm1 2
    by_controller kvm1 domdirtyrate-calc busy 1
    by_controller kvm1 domdirtyrate-calc idle 1
    within 20 dirty_rate_is_known kvm1 busy
    within 20 dirty_rate_is_known kvm1 idle
    idle=$(by_controller kvm1 domstats --dirtyrate idle | sed -n 's/.*megabytes_per_second=//p')
    busy=$(by_controller kvm1 domstats --dirtyrate busy | sed -n 's/.*megabytes_per_second=//p')
    echo "idle $idle MiB/s, busy $busy MiB/s"
    # libvirt samples pages over about a second, and a slow machine ticks late: not exact
    ((idle <= 2 && busy > idle + 3 && busy <= 60))
    lab vm destroy idle
}

@test "a busy guest migrates with auto-converge" {
    by_controller kvm1 migrate --live --p2p --auto-converge busy "$(lab uri kvm2)"
    [ "$(lab vm where busy)" = kvm2 ]
    within 20 has_beaten_on busy kvm2
}

@test "a guest too busy to converge migrates with post-copy" {
    lab vm start kvm1 wild --dirty 200 --memory 96
    within 20 beats_at_least wild kvm1 2
    # 10 MiB/s never catch up with 200: only the switch to post-copy can end this
    by_controller kvm1 migrate --live --p2p --postcopy --bandwidth 10 --timeout 2 \
        --timeout-postcopy wild "$(lab uri kvm2)"
    [ "$(lab vm where wild)" = kvm2 ]
    within 20 has_beaten_on wild kvm2
    lab vm beats wild
    lab vm destroy wild
}

@test "load is what libvirt reports" {
    lab load kvm1 85
    within 20 cpu_usage_is kvm1 83 87
    lab load kvm1 10%
    lab load kvm2 50
    within 20 cpu_usage_is kvm1 8 12
    within 20 cpu_usage_is kvm2 48 52
    busy_ticks() { lab exec kvm1 awk 'NR == 1 { print $2 + 0, $5 + 0 }' /proc/stat; }
    read -r busy idle < <(busy_ticks)
    lab load kvm1 off
    sleep 1
    read -r busy_off idle_off < <(busy_ticks)
    # the counters never step back, and never stand still
    ((busy_off >= busy && idle_off >= idle && busy_off + idle_off > busy + idle))
}

@test "memory is what libvirt reports" {
    lab memory kvm1 4096 1024
    [ "$(memory_statistics kvm1)" = "4194304 1048576" ]
    lab memory kvm1 off
    [ "$(lab exec kvm1 cat /proc/meminfo | grep MemTotal)" = "$(grep MemTotal /proc/meminfo)" ]
}

@test "a VM can be persistent, and carry a UUID and metadata" {
    metadata=$BATS_TEST_TMPDIR/metadata
    printf '<test:rack xmlns:test="http://drover.example/test">r7</test:rack>\n' >"$metadata"
    lab vm start kvm1 tagged --persistent --vcpus 2 --uuid 11111111-2222-4333-8444-555555555555 \
        --metadata "$metadata"
    [ "$(by_controller kvm1 domuuid tagged)" = 11111111-2222-4333-8444-555555555555 ]
    by_controller kvm1 dumpxml tagged | grep -q '>r7<'
    by_controller kvm1 dominfo tagged | grep -q '^Persistent: *yes'
    [ "$(lab vm list kvm1 | grep tagged)" = "kvm1 tagged running" ]
    run lab vm start kvm2 tagged
    [ "$status" -eq 1 ]
    [[ $output == *"runs already on kvm1"* ]]
    by_controller kvm1 destroy tagged
    [ "$(lab vm list kvm1 | grep tagged)" = "kvm1 tagged shut_off" ]
    lab vm destroy tagged
    run by_controller kvm1 dominfo tagged
    [ "$status" -ne 0 ]
}

@test "cut: unreachable, but its guests run on; join: reachable" {
    by_controller kvm2 hostname
    lab cut kvm2
    run lab exec controller timeout 2 virsh -q -c "$(lab uri kvm2)" hostname
    [ "$status" -ne 0 ]
    [ "$(lab vm where busy)" = kvm2 ]
    lab join kvm2
    within 20 by_controller kvm2 hostname
}

@test "freeze: connections hang; thaw: they go on" {
    lab freeze kvm2
    lab status | grep -q '^kvm2 *frozen'
    run lab exec controller timeout 2 virsh -q -c "$(lab uri kvm2)" hostname
    [ "$status" -eq 124 ]
    DROVER_LAB_VIRSH_DEADLINE_S=1 run lab vm where busy
    [[ $output == *"kvm2 does not say"* ]]
    lab thaw kvm2
    within 20 by_controller kvm2 hostname
    [ "$(lab vm where busy)" = kvm2 ]
}

@test "libvirtd restarts, its guest does not" {
    before=$(lab exec kvm2 cat /run/libvirt/qemu/busy.pid)
    lab restart-libvirtd kvm2
    [ "$(lab vm where busy)" = kvm2 ]
    [ "$(lab exec kvm2 cat /run/libvirt/qemu/busy.pid)" = "$before" ]
    lab vm beats busy
}

@test "reload makes libvirtd see a hook, which can refuse a migration" {
    hook=$DROVER_LAB_DIR/hosts/kvm1/etc/libvirt/hooks/qemu.d/50-test
    cat >"$hook" <<-'END'
	#!/bin/sh
	[ "$2" != migrate ] || { echo "no entry to $(hostname)" >&2; exit 1; }
	END
    chmod 755 "$hook"
    lab reload kvm1
    run by_controller kvm2 migrate --live --p2p busy "$(lab uri kvm1)"
    [ "$status" -ne 0 ]
    [[ $output == *"no entry to kvm1"* ]]
    rm "$hook"
    by_controller kvm2 migrate --live --p2p busy "$(lab uri kvm1)"
    [ "$(lab vm where busy)" = kvm1 ]
}

@test "crash: all gone at once; boot: the host is back, its transient guests are not" {
    lab crash kvm1
    lab status | grep -q '^kvm1 *off'
    [ -z "$(lab vm where busy)" ]
    run lab exec controller timeout 5 virsh -q -c "$(lab uri kvm1)" hostname
    [ "$status" -ne 0 ]
    lab boot kvm1
    within 20 by_controller kvm1 hostname
    [ -z "$(lab vm list kvm1)" ]
    lab vm start kvm2 busy # the same name runs elsewhere now: another boot id, at another time
    within 20 beats_at_least busy kvm2 1
    lab vm beats busy
    lab vm destroy busy
}

@test "it shows when a VM ran twice" {
    log() { echo "$DROVER_LAB_DIR/hosts/$1/var/log/libvirt/serial/split.log"; }
    printf '10:00:00 0000AAAA 0000000%d\n' 1 2 3 >"$(log kvm1)"
    printf '10:00:00 0000AAAA 0000000%d\n' 3 4 >"$(log kvm2)"
    run lab vm beats split
    [ "$status" -eq 1 ]
    [[ $output == *"beat 00000003 of boot 0000AAAA was written twice"* ]]
    printf '10:00:01 0000BBBB 00000001\n10:00:02 0000BBBB 00000002\n' >"$(log kvm1)"
    printf '10:00:02 0000CCCC 00000001\n' >"$(log kvm2)"
    run lab vm beats split
    [ "$status" -eq 1 ]
    [[ $output == *"two boots at 10:00:02"* ]]
}

# What a lab consists of, as the kernel knows it: whatever lives in its network namespaces.
namespaces_of() { # LAB-DIR
    local init
    for init in "$1"/controller/init "$1"/hosts/*/init; do
        readlink "/proc/$(cut -d ' ' -f 1 "$init")/ns/net"
    done
}

# processes_in NAMESPACE...: their pids, but for zombies, which are their parent's business.
processes_in() {
    local pid namespace
    for pid in /proc/[0-9]*; do
        for namespace in "$@"; do
            if [[ $(readlink "$pid/ns/net" 2>/dev/null) == "$namespace" ]]; then
                printf '%s\n' "${pid#/proc/}"
            fi
        done
    done
}

# processes_of LAB-DIR: those that the lab command has started, by the environment they got.
processes_of() {
    local pid
    for pid in /proc/[0-9]*; do
        if grep -qzx "DROVER_LAB_DIR=$1" "$pid/environ" 2>/dev/null; then
            printf '%s\n' "${pid#/proc/}"
        fi
    done
}

@test "a second lab does not clash, and down leaves nothing of it" {
    other=$BATS_FILE_TMPDIR/other
    (
        export DROVER_LAB_DIR=$other
        lab up 1 --wait
        lab vm start kvm1 guest --disk 16
        lab load kvm1 40
        lab freeze kvm1
        lab exec controller sleep 1000 3>&- &
        lab exec kvm1 sleep 1000 3>&- &
        sleep 0.5
    )
    [ "$(lab hosts | wc -l)" -eq 2 ]
    mapfile -t namespaces < <(namespaces_of "$other")
    [ "${#namespaces[@]}" -eq 2 ]
    # two inits, unshare, libvirtd, qemu, feeder, disk server, two sleeps
    (($(processes_in "${namespaces[@]}" | wc -l) >= 9))
    [ -n "$(processes_of "$other")" ]
    DROVER_LAB_DIR=$other lab down
    [ -z "$(processes_in "${namespaces[@]}")" ]
    [ -z "$(processes_of "$other")" ]
    [ ! -e "$other" ]
    run grep -F "$other" /proc/self/mountinfo
    [ "$status" -eq 1 ]
    run ip link show dev hosts0 # the bridge was never out here
    [ "$status" -ne 0 ]
    DROVER_LAB_DIR=$other lab down # nothing to do is not an error
    by_controller kvm2 hostname    # the first lab has not noticed
}

@test "down cleans up after an interrupted up" {
    other=$BATS_FILE_TMPDIR/other
    for delay in 0.1 0.3 0.6; do
        DROVER_LAB_DIR=$other timeout -s KILL "$delay" "$LAB_COMMAND" up 3 3>&- || true
        DROVER_LAB_DIR=$other lab down
        [ ! -e "$other" ]
        [ -z "$(processes_of "$other")" ]
    done
}
