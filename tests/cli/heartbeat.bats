#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# drover-heartbeat: a host's sign of life on shared storage.

setup() {
    PLACE=$(mktemp -d)
    BEAT=$BATS_TEST_DIRNAME/../../contrib/systemd/drover-heartbeat
    beating=''
}

teardown() {
    [ -z "$beating" ] || kill "$beating" 2>/dev/null || :
    rm -rf -- "$PLACE"
}

# wait_until COMMAND...
wait_until() {
    for _ in {1..600}; do
        "$@" && return
        sleep 0.1
    done
    echo "in vain: $*" >&2
    return 1
}

differs() {
    [ -s "$PLACE/folder/kvm1" ] && [ "$(cat "$PLACE/folder/kvm1")" != "$1" ]
}

@test "drover-heartbeat: the file is written anew all the time, and keeps short" {
    mkdir "$PLACE/folder"
    "$BEAT" "$PLACE/folder/kvm1" 1 3>&- & beating=$!
    wait_until differs ''
    wait_until differs "$(cat "$PLACE/folder/kvm1")"
    wait_until differs "$(cat "$PLACE/folder/kvm1")"
    wait_until test -s "$PLACE/folder/kvm1"
    [ "$(wc -l <"$PLACE/folder/kvm1")" -le 1 ]
}

@test "drover-heartbeat: storage that is gone is said once, its folder is not made, and it goes on" {
    "$BEAT" "$PLACE/folder/kvm1" 1 2>"$PLACE/said" 3>&- & beating=$!
    wait_until grep -q 'cannot be written: is its storage mounted?' "$PLACE/said"
    sleep 2.5
    [ "$(grep -c 'cannot be written' "$PLACE/said")" = 1 ]
    [ ! -e "$PLACE/folder" ]
    mkdir "$PLACE/folder"
    wait_until differs ''
    wait_until grep -q 'can be written again' "$PLACE/said"
}

@test "drover-heartbeat: what it does not understand is refused" {
    run "$BEAT" kvm1
    [ "$status" = 2 ]
    [[ $output == *'expected the path of a file from the root, found "kvm1"'* ]]
    run "$BEAT" /x 6
    [ "$status" = 2 ]
    [[ $output == *'expected 1 to 5 seconds, found "6"'* ]]
}
