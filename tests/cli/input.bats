#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Input that is wrong, or that wishes ill: one clear sentence, the right status, nothing dangerous
# on the terminal.

bats_require_minimum_version 1.5.0
load common

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "a fleet file that is not there" {
    run drover --fleet nowhere.yaml hosts
    [ "$status" -ne 0 ]
    says "nowhere.yaml"
    complains_once --fleet nowhere.yaml hosts
}

@test "a fleet file that was cut: file, line and column" {
    head -c 700 "$FLEETS/four.yaml" >cut.yaml
    run drover --fleet cut.yaml hosts
    expect 2
    [[ $output =~ cut\.yaml:[0-9]+:[0-9]+: ]]
    complains_once --fleet cut.yaml hosts
}

@test "a fleet file cut at any place is refused or read, never a crash" {
    local size length
    size=$(stat -c %s "$FLEETS/four.yaml")
    for ((length = 0; length < size; length += 37)); do
        head -c "$length" "$FLEETS/four.yaml" >cut.yaml
        run drover --fleet cut.yaml hosts
        [ "$status" -eq 0 ] || [ "$status" -eq 2 ] || { echo "cut at $length: status $status: $output"; false; }
    done
}

@test "an unknown key is named with its place" {
    sed 's/threads: 8, cpu_usage_pct: 40/thraeds: 8, cpu_usage_pct: 40/' "$FLEETS/four.yaml" >bad.yaml
    run drover --fleet bad.yaml hosts
    expect 2
    [[ $output =~ bad\.yaml:8:[0-9]+: ]]
    says "thraeds"
}

@test "a VM on a host that is not there" {
    sed 's/name: web1, host: kvm1/name: web1, host: kvm77/' "$FLEETS/four.yaml" >bad.yaml
    run drover --fleet bad.yaml hosts
    expect 2
    says "kvm77"
}

@test "a cluster whose policy is not there" {
    sed 's/policy: none/policy: nowhere_to_be_found/' "$FLEETS/four.yaml" >bad.yaml
    run drover --fleet bad.yaml hosts
    expect 2
    says "nowhere_to_be_found"
}

@test "bytes that are no text" {
    head -c 4000 /dev/urandom >noise.yaml
    run drover --fleet noise.yaml hosts
    expect 2
    complains_once --fleet noise.yaml hosts
}

@test "a policy with a value out of bounds: file, line and column" {
    cat >bad.yaml <<'END'
policy: bad
extends: evenly_distributed
parameters:
  high_utilization: 180%
END
    run drover policy check bad.yaml
    expect 2
    [[ $output =~ bad\.yaml:4:[0-9]+: ]]
    says "high_utilization"
    says "180"
}

@test "a policy that names an unknown unit: which, and where" {
    printf 'policy: bad\nextends: none\nfilters: [memroy]\n' >bad.yaml
    run drover policy check bad.yaml
    expect 2
    says "memroy"
    says "bad.yaml"
}

@test "a policy that extends itself, or nobody" {
    printf 'policy: bad\nextends: bad\n' >bad.yaml
    run drover policy check bad.yaml
    expect 2
    says "bad"
    printf 'policy: bad\nextends: nobody\n' >bad.yaml
    run drover policy check bad.yaml
    expect 2
    says "nobody"
}

@test "a policy that is right" {
    printf 'policy: good\nextends: evenly_distributed\nparameters: {high_utilization: 70%%}\n' >good.yaml
    run drover policy check good.yaml
    expect 0
    says "ok"
    says "good"
}

@test "a plugin that is no plugin" {
    echo "not an object" >bad.so
    run drover plugin check bad.so
    [ "$status" -ne 0 ]
    says "bad.so"
    complains_once plugin check bad.so
}

@test "a Lua file with a syntax error: file and line" {
    printf 'return {\n  abi = 1,\n  kind = = "filter",\n}\n' >bad.lua
    run drover plugin check bad.lua
    [ "$status" -ne 0 ]
    says "bad.lua:3"
    complains_once plugin check bad.lua
}

@test "a Lua file that never ends is ended" {
    printf 'while true do pcall(function() while true do end end) end\n' >bad.lua
    run timeout 60 "$BUILD/drover" plugin check bad.lua
    [ "$status" -ne 0 ]
    [ "$status" -ne 124 ]
    says "bad.lua"
}

@test "a plugin named on the command line must load" {
    echo 'return 1' >bad.lua
    run drover --fleet "$FLEETS/four.yaml" --plugin bad.lua hosts
    [ "$status" -ne 0 ]
    says "bad.lua"
}

# A name that clears the screen, sets the window's title, rings, turns the writing, breaks the line.
hostile_fleet() {
    cat >hostile.yaml <<'END'
fleet: 1
hosts:
  - {name: kvm1, memory_mib: 8192}
  - {name: kvm2, memory_mib: 8192}
vms:
  - {name: "\e[2J\e]0;owned\a\x9b31m\u202egpj.exe\nkvm1 is in maintenance", host: kvm1}
  - {name: "; touch pwned $(touch pwned) `touch pwned` && \"'", host: kvm1}
END
}

# control_bytes FILE: how many bytes in it a terminal might obey, other than the line's end.
control_bytes() {
    LC_ALL=C tr -d '\n\40-\176\200-\377' <"$1" | wc -c
}

@test "hostile names reach no terminal as they are" {
    hostile_fleet
    local command
    for command in vms hosts status "plan drain kvm1" "plan balance"; do
        # shellcheck disable=SC2086 # words
        drover --fleet hostile.yaml $command >out 2>err
        [ "$(control_bytes out)" -eq 0 ]
        [ "$(control_bytes err)" -eq 0 ]
        LC_ALL=C grep -q $'\xc2[\x80-\x9f]' out && { echo "a C1 control in $command"; false; }
        LC_ALL=C grep -q $'\xe2\x80\xae' out && { echo "a turned direction in $command"; false; }
        [ ! -e pwned ]
    done
    drover --fleet hostile.yaml vms >out
    [ "$(wc -l <out)" -eq 3 ]
    grep -q 'x1b\[2J' out
}

@test "hostile names reach no terminal in errors, in explain and as JSON" {
    hostile_fleet
    local name=$'\e[2J\e]0;owned\a\xc2\x9b31m\xe2\x80\xaegpj.exe\nkvm1 is in maintenance'
    drover --fleet hostile.yaml explain "$name" >out 2>err
    [ "$(control_bytes out)" -eq 0 ]
    drover --fleet hostile.yaml explain "no such $name" >out 2>err || true
    [ "$(control_bytes err)" -eq 0 ]
    [ "$(wc -l <err)" -eq 1 ]
    drover --fleet hostile.yaml vms --json >out
    [ "$(control_bytes out)" -eq 0 ]
    LC_ALL=C grep -q $'\xc2[\x80-\x9f]' out && { echo "a C1 control"; false; }
    [ "$(jq -r '.[] | select(.name | startswith("\u001b")) | .name' out)" = "$name" ]
}

@test "an unknown word or option with an escape in it is shown, not obeyed" {
    drover $'\e[31mred' 2>err || true
    [ "$(control_bytes err)" -eq 0 ]
    drover hosts $'--\e[31mred' 2>err || true
    [ "$(control_bytes err)" -eq 0 ]
}

@test "wide and combining characters keep the columns aligned" {
    cat >wide.yaml <<'END'
fleet: 1
hosts: [{name: kvm1, memory_mib: 8192}]
vms:
  - {name: "日本語", host: kvm1}
  - {name: "cafe\u0301", host: kvm1}
  - {name: "plain", host: kvm1}
END
    drover --fleet wide.yaml vms >out
    # Cells before "kvm1": two for each of the wide ones, none for the accent.
    grep -q '^日本語  kvm1' out
    grep -q '^café    kvm1' out || grep -q $'^cafe\xcc\x81    kvm1' out
    grep -q '^plain   kvm1' out
}

@test "no colour where nobody looks; none with NO_COLOR" {
    drover --fleet "$FLEETS/four.yaml" hosts >out
    [ "$(control_bytes out)" -eq 0 ]
    command -v script >/dev/null || skip "script is not there"
    script -qec "$BUILD/drover --fleet $FLEETS/four.yaml hosts" /dev/null >colour </dev/null
    grep -q $'\e\[32m' colour
    NO_COLOR=1 script -qec "$BUILD/drover --fleet $FLEETS/four.yaml hosts" /dev/null >plain </dev/null
    run ! grep -q $'\e' plain
    script -qec "$BUILD/drover --no-color --fleet $FLEETS/four.yaml hosts" /dev/null >plain </dev/null
    run ! grep -q $'\e' plain
}
