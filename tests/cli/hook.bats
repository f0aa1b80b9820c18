#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# drover-hook as libvirt calls it, against a droverd that is not there, that is stuck, that lies,
# and one that answers.
# shellcheck disable=SC2030,SC2031  # bats gives each test a shell of its own

setup() {
    DROVER_BUILD=${DROVER_BUILD:-$BATS_TEST_DIRNAME/../../build}
    dir=$BATS_TEST_TMPDIR
    mkdir -p "$dir/qemu.d"
    cp "$DROVER_BUILD/drover-hook" "$dir/qemu.d/50-drover"
    hook=$dir/qemu.d/50-drover
    export DROVER_HOOK_CONF=$dir/hook.conf
    config "socket = $dir/hook.sock" "deadline_ms = 700" "host = kvm1"
    responder=
}

teardown() {
    [ -z "$responder" ] || kill "$responder" || :
}

config() {
    printf '%s\n' "$@" >"$DROVER_HOOK_CONF"
    chmod 644 "$DROVER_HOOK_CONF"
}

# respond MODE: a responder at the socket; returns when it listens.
respond() {
    perl "$BATS_TEST_DIRNAME/hook_responder.pl" "$dir/hook.sock" "$1" "$dir/record" 3>&- &
    responder=$!
    for _ in $(seq 500); do
        [ ! -S "$dir/hook.sock" ] || return 0
        sleep 0.02
    done
    return 1
}

# recorded N: field N of the question, from hexadecimal. Field 1 is the magic, 2 the number.
recorded() {
    sed -n "${1}p" "$dir/record" | perl -ne 'chomp; print pack("H*", $_)'
}

wait_for_record() {
    for _ in $(seq 500); do
        [ ! -s "$dir/record" ] || return 0
        sleep 0.02
    done
    return 1
}

# call OBJECT OPERATION...: with a small XML on standard input. Standard output and error apart.
call() {
    status=0
    printf '<domain/>' | timeout 60 "$hook" "$@" >"$dir/out" 2>"$dir/err" || status=$?
}

@test "no daemon: allowed, and said so" {
    for operation in prepare start migrate restore; do
        call web1 "$operation" begin -
        [ "$status" -eq 0 ]
        grep -q "^drover: not asked: .*hook.sock.*allowed" "$dir/err"
        [ ! -s "$dir/out" ]
    done
}

@test "no daemon and closed: refused, with what to do" {
    config "socket = $dir/hook.sock" "closed = prepare, start"
    call web1 prepare begin -
    [ "$status" -eq 1 ]
    grep -q "^drover: refused: .*Start droverd" "$dir/err"
    call web1 start begin -
    [ "$status" -eq 1 ]
    call web1 migrate begin -
    [ "$status" -eq 0 ]
}

@test "the operations that only inform exit 0 whatever happens" {
    everything="prepare start migrate restore reconnect started stopped release"
    config "socket = $dir/hook.sock" "deadline_ms = 300" "closed = $everything"
    for mode in none silent magic refuse; do
        [ "$mode" = none ] || respond "$mode"
        for operation in reconnect started stopped release attach unheard-of ''; do
            call web1 "$operation" begin -
            [ "$status" -eq 0 ]
            [ ! -s "$dir/out" ]
        done
        [ -z "$responder" ] || kill "$responder"
        responder=
        rm -f "$dir/hook.sock"
    done
}

@test "a stuck daemon costs the deadline and no more" {
    respond silent
    config "socket = $dir/hook.sock" "deadline_ms = 300" "closed = start"
    call web1 start begin -
    [ "$status" -eq 1 ]
    grep -q "did not answer in time" "$dir/err"
    call web1 prepare begin -
    [ "$status" -eq 0 ]
    [ "$(recorded 6)" = start ]
}

@test "a daemon that lies is no daemon" {
    for mode in magic status huge half; do
        respond "$mode"
        config "socket = $dir/hook.sock" "deadline_ms = 300" "closed = migrate"
        call web1 migrate begin -
        [ "$status" -eq 1 ]
        [ ! -s "$dir/out" ]
        call web1 start begin -
        [ "$status" -eq 0 ]
        kill "$responder"
        responder=
        rm -f "$dir/hook.sock"
    done
}

@test "a refusal is one line, whatever is in it" {
    respond refuse
    call web1 start begin -
    [ "$status" -eq 1 ]
    [ "$(wc -l <"$dir/err")" -eq 1 ]
    [ "$(cat "$dir/err")" = "drover: no host fake: has  [31mroom" ]
    [ ! -s "$dir/out" ]
}

@test "new XML goes to libvirt where it takes some" {
    respond rewrite
    call web1 migrate begin -
    [ "$status" -eq 0 ]
    [ "$(wc -c <"$dir/out")" -eq 300017 ]
    grep -q '^<domain>x*</domain>$' "$dir/out"
    call web1 start begin -
    [ "$status" -eq 0 ]
    [ ! -s "$dir/out" ]
}

@test "every argument arrives as it is, hostile ones too" {
    respond allow
    name=$(printf -- '--help\n"; rm -rf /\303\244 $(x)')
    call "$name" prepare begin -
    [ "$status" -eq 0 ]
    [ "$(sed -n 1p "$dir/record")" = DROVHK01 ]
    [ "$(sed -n 2p "$dir/record")" = 7 ]
    [ "$(recorded 3)" = kvm1 ]
    [ "$(recorded 4)" = qemu ]
    [ "$(recorded 5)" = "$name" ]
    [ "$(recorded 6)" = prepare ]
    [ "$(recorded 7)" = begin ]
    [ "$(recorded 8)" = - ]
    [ "$(recorded 9)" = "<domain/>" ]
}

@test "an informing operation is told, too" {
    respond silent
    call web1 started begin -
    [ "$status" -eq 0 ]
    wait_for_record
    [ "$(recorded 6)" = started ]
}

@test "the driver comes from the directory" {
    mkdir "$dir/lxc.d"
    mv "$hook" "$dir/lxc.d/50-drover"
    hook=$dir/lxc.d/50-drover
    respond allow
    call web1 start begin -
    [ "$(recorded 4)" = lxc ]
}

# as DRIVER: the hook as it is installed for that driver.
as() {
    mkdir -p "$dir/$1.d"
    cp "$DROVER_BUILD/drover-hook" "$dir/$1.d/50-drover"
    hook=$dir/$1.d/50-drover
}

@test "each driver has operations that can be refused; the others inform, and exit 0" {
    every="prepare start migrate restore started stopped release reconnect attach reload shutdown \
updated plugged unplugged port-created port-deleted"
    respond refuse
    for driver in qemu libxl lxc bhyve network daemon; do
        as "$driver"
        refused=
        for operation in $every; do
            call web1 "$operation" begin -
            [ "$status" -eq 0 ] || refused="$refused $operation"
            [ "$status" -eq 1 ] || [ ! -s "$dir/err" ]
            [ ! -s "$dir/out" ]
        done
        case $driver in
            qemu) [ "$refused" = " prepare start migrate restore" ] ;;
            libxl) [ "$refused" = " prepare start migrate" ] ;;
            lxc | bhyve) [ "$refused" = " prepare start" ] ;;
            *) [ -z "$refused" ] ;;
        esac
    done
}

@test "new XML goes to libxl for a migration, too, and to no container" {
    respond rewrite
    as libxl
    call web1 migrate begin -
    [ "$(wc -c <"$dir/out")" -eq 300017 ]
    as lxc
    call web1 start begin -
    [ ! -s "$dir/out" ]
}

@test "one operation of one driver can be closed" {
    config "socket = $dir/hook.sock" "closed = lxc/start libxl/migrate"
    for asked in lxc/start libxl/migrate qemu/start lxc/prepare libxl/start qemu/migrate; do
        as "${asked%/*}"
        call web1 "${asked#*/}" begin -
        case $asked in
            lxc/start | libxl/migrate) [ "$status" -eq 1 ] ;;
            *) [ "$status" -eq 0 ] ;;
        esac
    done
    config "socket = $dir/hook.sock" "closed = start" "open = lxc/start" "closed = network/start"
    as lxc
    call web1 start begin -
    [ "$status" -eq 0 ]
    grep -q "network/start is not an operation" "$dir/err"
    as bhyve
    call web1 start begin -
    [ "$status" -eq 1 ]
}

@test "5 MiB of XML are too much to ask, and are read all the same" {
    respond allow
    head -c 5242880 /dev/zero | tr '\0' x | timeout 60 "$hook" web1 start begin - 2>"$dir/err"
    statuses=${PIPESTATUS[*]}
    [ "$statuses" = "0 0 0" ]
    grep -q "larger than 4 MiB" "$dir/err"
    [ ! -e "$dir/record" ]
}

@test "3 MiB of XML are asked" {
    respond allow
    status=0
    head -c 3145728 /dev/zero | tr '\0' x | "$hook" web1 start begin - || status=$?
    [ "$status" -eq 0 ]
    [ "$(recorded 9)" = 3145728 ]
}

@test "a name that is too long cannot be asked" {
    respond allow
    call "$(head -c 5000 /dev/zero | tr '\0' n)" start begin -
    [ "$status" -eq 0 ]
    grep -q "longer than 4096 bytes" "$dir/err"
}

@test "an input that never ends does not hold libvirt" {
    config "socket = $dir/hook.sock" "deadline_ms = 200" "closed = start"
    mkfifo "$dir/fifo"
    sleep 60 3>&- >"$dir/fifo" &
    responder=$!
    status=0
    timeout 30 "$hook" web1 start begin - <"$dir/fifo" 2>"$dir/err" || status=$?
    [ "$status" -eq 1 ]
    grep -q "did not end in time" "$dir/err"
}

@test "standard input that is closed is empty" {
    respond allow
    status=0
    "$hook" web1 start begin - <&- || status=$?
    [ "$status" -eq 0 ]
    [ -z "$(recorded 9)" ]
}

@test "a configuration that others can write does not count" {
    config "socket = $dir/hook.sock" "closed = start"
    chmod 666 "$DROVER_HOOK_CONF"
    call web1 start begin -
    [ "$status" -eq 0 ]
    grep -q "the defaults hold" "$dir/err"
}

@test "a configuration of somebody else's does not count" {
    [ "$(id -u)" -eq 0 ] || skip "only root can give files away"
    config "socket = $dir/hook.sock" "closed = start"
    chown nobody "$DROVER_HOOK_CONF"
    call web1 start begin -
    [ "$status" -eq 0 ]
    grep -q "the defaults hold" "$dir/err"
}

@test "wrong lines are named, and the others hold" {
    config "# a comment" "" "socket = $dir/hook.sock" "colour = red" "nonsense" \
        "deadline_ms = soon" "closed = start dance" "open = prepare"
    call web1 start begin -
    [ "$status" -eq 1 ]
    grep -q "unknown key colour" "$dir/err"
    grep -q '"nonsense" is not of the form' "$dir/err"
    grep -q 'deadline_ms must be a number.*"soon"' "$dir/err"
    grep -q 'dance is not an operation' "$dir/err"
}

@test "help and version" {
    run "$hook" --version
    [ "$status" -eq 0 ]
    [[ $output =~ ^drover-hook\ [0-9] ]]
    run "$hook" --help
    [ "$status" -eq 0 ]
    [[ $output =~ ^usage: ]]
    run "$hook"
    [ "$status" -eq 2 ]
}
