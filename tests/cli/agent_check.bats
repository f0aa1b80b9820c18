#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# drover agent-check, on machines that are made here: a directory with the kernel's small files and
# the site's checks.

load common

setup() {
    ROOT=$BATS_TEST_TMPDIR/root
    CHECKS=$ROOT/etc/drover/checks.d
    mkdir -p "$ROOT/sys/devices/system/edac/mc/mc0" "$ROOT/sys/class/thermal/thermal_zone0" "$CHECKS"
    echo 0 >"$ROOT/sys/devices/system/edac/mc/mc0/ue_count"
    zone 45000
}

zone() { # MILLIDEGREES
    local zone=$ROOT/sys/class/thermal/thermal_zone0
    echo x86_pkg_temp >"$zone/type"
    echo "$1" >"$zone/temp"
    echo passive >"$zone/trip_point_0_type"
    echo 40000 >"$zone/trip_point_0_temp"
    echo critical >"$zone/trip_point_1_type"
    echo 100000 >"$zone/trip_point_1_temp"
}

check() { # NAME LINES: a program of the site's
    printf '#!/bin/sh\n%s\n' "$2" >"$CHECKS/$1"
    chmod 755 "$CHECKS/$1"
}

gone() { # PID: it has ended, whether or not somebody has waited for it
    local state deadline=$((SECONDS + 30))
    while ((SECONDS < deadline)); do
        state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
        [[ -n $state && $state != Z ]] || return 0
        sleep 0.1
    done
    return 1
}

@test "a machine without trouble, and one of which nothing is known, say nothing" {
    check ups 'echo on mains'
    run drover agent-check --root "$ROOT"
    expect 0
    [ -z "$output" ]
    run drover agent-check --root "$BATS_TEST_TMPDIR/empty"
    expect 0
}

@test "uncorrected memory errors and a critical temperature are trouble" {
    echo 2 >"$ROOT/sys/devices/system/edac/mc/mc0/ue_count"
    zone 101000
    run drover agent-check --root "$ROOT"
    expect 3
    says 'memory controller mc0: 2 uncorrected errors'
    says 'thermal_zone0 (x86_pkg_temp): 101 degrees, critical at 100'
    run drover --json agent-check --root "$ROOT"
    expect 3
    jq -e 'length == 2' <<<"$output"
}

@test "the site's checks say why, by their first line" {
    check 10-disk 'echo "sda: 12 sectors pending"; echo more; exit 1'
    check 20-ups 'exit 4'
    check 30-good 'exit 0'
    run drover agent-check --root "$ROOT"
    expect 3
    [ "$output" = $'10-disk: sda: 12 sectors pending\n20-ups: failed' ]
}

@test "a check that hangs is killed, with what it has begun" {
    check hangs "sleep 300 & echo \$! >$BATS_TEST_TMPDIR/pid; sleep 300"
    run drover agent-check --root "$ROOT" --timeout 1s
    expect 3
    says 'hangs: did not end in time'
    gone "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "a check says too much, or what a terminal would obey" {
    check loud 'yes | head -c 3000000; exit 1'
    # shellcheck disable=SC2016
    check rude 'printf "\033[2Jred\n"; exit 1'
    run drover agent-check --root "$ROOT"
    expect 3
    says 'loud: y'
    says 'rude:  [2Jred'
    says_not $'\033'
}

@test "a check that others may have written is not run, and that is told" {
    check open "touch $BATS_TEST_TMPDIR/run; exit 0"
    chmod 777 "$CHECKS/open"
    echo text >"$CHECKS/text"
    run drover agent-check --root "$ROOT"
    expect 3
    says 'open: can be written by others: chmod go-w'
    says 'text: is no program: chmod +x'
    [ ! -e "$BATS_TEST_TMPDIR/run" ]
}

@test "--file is there while there is trouble, with what it is" {
    local file=$BATS_TEST_TMPDIR/kvm1
    zone 101000
    run drover agent-check --root "$ROOT" --file "$file"
    expect 3
    grep -q 'critical at 100' "$file"
    zone 50000
    run drover agent-check --root "$ROOT" --file "$file"
    expect 0
    [ ! -e "$file" ]
    run drover agent-check --root "$ROOT" --file "$file"
    expect 0
    zone 101000
    run drover agent-check --root "$ROOT" --file "$BATS_TEST_TMPDIR/none/kvm1"
    expect 1
}
