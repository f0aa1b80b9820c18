#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# How the command line is read, what it says of mistakes, and its exit statuses.

load common

@test "without a command: usage, status 2" {
    run drover
    expect 2
    says "drover: expected a command"
}

@test "an unknown command is named" {
    run drover frobnicate
    expect 2
    says 'no command "frobnicate"'
}

@test "half a command says what may follow" {
    run drover policy
    expect 2
    says "policy: expected one of list, show, check, found nothing"
    run drover plan frob
    expect 2
    says 'plan: expected one of balance, drain, enforce, fail, migrate, found "frob"'
}

@test "an unknown option is named" {
    run drover hosts --frob
    expect 2
    says 'unknown option "--frob"'
}

@test "an option of another command is unknown" {
    run drover hosts --dry-run
    expect 2
    says 'unknown option "--dry-run"'
}

@test "an option without its value says what it wants" {
    run drover hosts --fleet
    expect 2
    says "--fleet: expected FILE after it, found nothing"
}

@test "a switch takes no value" {
    run drover hosts --json=yes
    expect 2
    says '--json takes no value, found "yes"'
}

@test "too few words and too many" {
    run drover explain
    expect 2
    says "expected: drover explain VM"
    run drover hosts one
    expect 2
    says 'hosts: unexpected "one"'
}

@test "options may stand before, between and after, with = or a blank" {
    run drover --fleet "$FLEETS/four.yaml" hosts --json
    expect 0
    local first=$output
    run drover --json hosts "--fleet=$FLEETS/four.yaml"
    expect 0
    [ "$output" = "$first" ]
}

@test "-- ends the options" {
    run drover --fleet "$FLEETS/four.yaml" explain -- --json
    expect 2
    says '--json'
    says_not "unknown option"
}

@test "--version and --help work without anything else" {
    run drover --version
    expect 0
    [[ $output == "drover "[0-9]* ]]
    run drover --help
    expect 0
    says "usage: drover"
    run drover -h
    expect 0
}

@test "every command has a --help of its own, and help shows the same" {
    local name
    drover --help | awk '/^commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && /^  [a-z]/' |
        while read -r first second _; do
            name=$first
            case "$first $second" in plan\ * | policy\ * | plugin\ * | 'migrations set') name="$first $second" ;; esac
            # shellcheck disable=SC2086 # two words
            drover $name --help >"$BATS_TEST_TMPDIR/one"
            # shellcheck disable=SC2086
            drover help $name >"$BATS_TEST_TMPDIR/two"
            cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
            grep -q "^usage: drover $name" "$BATS_TEST_TMPDIR/one"
        done
    [ "$(drover --help | grep -c '^  [a-z]')" -ge 20 ]
}

@test "no daemon: status 4, and what to do" {
    run drover --socket "$BATS_TEST_TMPDIR/none.sock" hosts
    expect 4
    says "$BATS_TEST_TMPDIR/none.sock"
    complains_once --socket "$BATS_TEST_TMPDIR/none.sock" hosts
}

@test "no daemon: every command that needs one says so" {
    local command
    for command in status hosts vms migrations "explain x" "plan balance" "plan drain x" \
        "maintenance x on" "maintenance x off" "drain x" "migrate x" "abort 1" "abort x" "force-complete 1" \
        "migrations set 1 --priority 2" rebalance \
        "fence x off" "evacuate x" "alarm x on" "upgrade --hosts x --run true" \
        "rebalance --dry-run" reload snapshot decisions "decision 1" log watch; do
        # shellcheck disable=SC2086 # words
        run drover --socket "$BATS_TEST_TMPDIR/none.sock" $command
        expect 4 || { echo "command: $command"; false; }
    done
}

@test "upgrade: what is missing or makes no sense is said before anything is asked" {
    local none="$BATS_TEST_TMPDIR/none.sock"
    run drover --socket "$none" upgrade --run true
    expect 2
    says 'hosts HOST,... is missing'
    run drover --socket "$none" upgrade --hosts a,b
    expect 2
    says 'run CMD is missing'
    run drover --socket "$none" upgrade --hosts a,b,a --run true
    expect 2
    says 'a is there twice'
    run drover --socket "$none" upgrade --hosts a,,b --run true
    expect 2
    run drover --socket "$none" upgrade --hosts a,b --run "it's" # no end of a quotation
    expect 2
    says '--run'
    run drover --socket "$none" upgrade --hosts a,b --run true --from c
    expect 2
    says '--from: c is not among --hosts'
    run drover --socket "$none" upgrade --hosts a,b --run true --skip c
    expect 2
    run drover --socket "$none" upgrade --hosts a,b --run true --at-once 0
    expect 2
    says 'auto, or a number'
    run drover --socket "$none" maintenance a off --power-off
    expect 2
    says 'goes with maintenance on'
}

@test "a socket of somebody who is no droverd is no daemon" {
    : >"$BATS_TEST_TMPDIR/file"
    run drover --socket "$BATS_TEST_TMPDIR/file" hosts
    expect 4
}

@test "what changes something cannot be asked of a file" {
    local command
    for command in "maintenance kvm1 on" "drain kvm1" "migrate web1" "abort 1" "force-complete x" "migrations set x --priority 2" reload watch log; do
        # shellcheck disable=SC2086 # words
        run drover --fleet "$FLEETS/four.yaml" $command
        expect 2 || { echo "command: $command"; false; }
    done
    run drover --fleet "$FLEETS/four.yaml" rebalance
    expect 2
    says "cannot be acted upon"
}

@test "--fleet and --socket exclude each other" {
    run drover --fleet "$FLEETS/four.yaml" --socket /nowhere hosts
    expect 2
    says "give one of them"
}

@test "offline options without --fleet say so" {
    run drover --policy none hosts
    expect 2
    says "--policy is for work on a fleet file"
}

@test "maintenance wants on or off" {
    run drover --socket "$BATS_TEST_TMPDIR/none.sock" maintenance kvm1 maybe
    expect 2
    says 'expected on or off, found "maybe"'
}

@test "a bad --timeout is found before anything is asked of the daemon" {
    run drover --socket "$BATS_TEST_TMPDIR/none.sock" drain kvm1 --timeout soon
    expect 2
    says '--timeout: expected a duration'
}

@test "numbers of migrations and decisions are numbers" {
    run drover --socket "$BATS_TEST_TMPDIR/none.sock" migrations x1
    expect 2
    run drover --socket "$BATS_TEST_TMPDIR/none.sock" decision 0
    expect 2
}

@test "a full disk behind standard output is a failure" {
    [ -c /dev/full ] || skip "no /dev/full"
    run bash -c "'$BUILD/drover' --help >/dev/full"
    expect 1
    says "cannot write to standard output"
}
