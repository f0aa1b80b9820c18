#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make demo: three real libvirt hosts and eight guests on this machine (contrib/lab), a droverd, and
# one host drained by it, shown as it happens. Cleans up after itself, also when interrupted.
# Without root or namespaces, or with --simulated, the decisions alone, on a fleet file.
#
#   demo.sh [--simulated]     DROVER_BUILD: where drover was built (build)

set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
src=$(readlink -f "$here/../..")
build=$(readlink -f "${DROVER_BUILD:-$src/build}")
lab=$src/contrib/lab/lab
drover=$build/drover
work='' droverd_pid=''

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    strong=$'\e[1;36m' plain=$'\e[0m'
else
    strong='' plain=''
fi

# say TEXT: the narrator.
say() {
    printf '\n%s== %s%s\n' "$strong" "$*" "$plain"
}

# run COMMAND...: shows the command, then does it. drover is given its socket without showing it.
run() {
    printf '%s$ %s%s\n' "$strong" "$*" "$plain"
    if [[ $1 == drover ]]; then
        shift
        "$drover" "${where[@]}" "$@"
    else
        "$@"
    fi
}

fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# --- cleaning up -------------------------------------------------------------------------------

stop_droverd() {
    [[ -n $droverd_pid ]] || return 0
    kill -TERM "$droverd_pid" 2>/dev/null || true
    for _ in {1..100}; do
        kill -0 "$droverd_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$droverd_pid" 2>/dev/null || true
    wait "$droverd_pid" 2>/dev/null || true
    droverd_pid=''
}

clean_up() {
    local status=$?
    trap - EXIT
    trap '' HUP INT TERM # once begun, it ends: nothing is to be left on the machine
    stop_droverd
    if [[ -n $work ]]; then
        if ((status != 0)) && [[ -s $work/droverd.log ]]; then
            printf '\ndemo: the last that droverd said:\n' >&2
            tail -n 20 "$work/droverd.log" >&2
        fi
        DROVER_LAB_DIR=$work/lab "$lab" down >/dev/null 2>&1 || true
        rm -rf --one-file-system "$work"
    fi
    exit "$status"
}

# --- without a lab -----------------------------------------------------------------------------

simulated() {
    where=(--fleet "$here/fleet.yaml" --policy "$here/policies/demo.yaml"
        --plugin "$here/lua/licence.lua")
    say "A simulated fleet: contrib/demo/fleet.yaml, with a policy and a Lua filter of the site."
    run drover hosts
    run drover vms
    say "Where would web1 go, and why not elsewhere?"
    run drover explain web1
    say "ora1 is licensed for two hosts: a filter written in Lua says so (contrib/demo/lua)."
    run drover explain ora1
    say "What if kvm1 had to be emptied? A VM that is pinned stays, and drover says so."
    run drover plan drain kvm1
    say "Nothing was moved: this is what drover would do. With root, \"make demo\" does it."
}

# --- with a lab --------------------------------------------------------------------------------

metadata() { # FILE: what "drover vm" settings look like in a domain's XML
    cat >"$1" <<'END'
    <drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1" priority="50">
      <drover:label key="licence" value="oracle"/>
    </drover:vm>
END
}

start_vms() {
    local line
    metadata "$work/licence.xml"
    # host, name, what it is like: how fast a guest writes to its memory makes it easy or hard to move
    while read -r line; do
        # shellcheck disable=SC2086 # words of a line
        "$lab" vm start $line
    done <<END
kvm1 web1 --memory 64 --dirty 2
kvm1 web2 --memory 64 --dirty 4
kvm1 db1 --memory 256 --dirty 40
kvm1 ora1 --memory 96 --dirty 10 --metadata $work/licence.xml
kvm1 mail1 --memory 64
kvm2 web3 --memory 64 --dirty 2
kvm2 build1 --memory 64 --dirty 8
kvm3 dns1 --memory 64
END
}

# What libvirt reports of the hosts must not depend on what else this machine does.
set_loads() {
    "$lab" load kvm1 55
    "$lab" load kvm2 20
    "$lab" load kvm3 20
}

configure_drover() {
    local host
    # Copies: droverd loads no Lua file that somebody other than root owns or may write.
    install -d "$work/policies" "$work/lua"
    install -m 644 "$here"/policies/*.yaml "$work/policies/"
    install -m 644 "$here"/lua/*.lua "$work/lua/"
    {
        printf 'clusters:\n  - {name: default, policy: demo}\nhosts:\n'
        for host in kvm1 kvm2 kvm3; do
            printf '  - {name: %s, uri: "%s"%s}\n' "$host" "$("$lab" uri "$host")" \
                "$([[ $host == kvm3 ]] && printf ', labels: {licence: oracle}')"
        done
        cat <<END
poll: 1s
limits: {outgoing_per_host: 2, incoming_per_host: 2}
policy_dirs: [policies]
lua_dirs: [lua]
socket: drover.sock
hook_socket: hook.sock
database: drover.db
maintenance_dir: maintenance.d
alarm_dir: alarm.d
END
    } >"$work/drover.yaml"
    mkdir "$work/maintenance.d"
}

# fleet_is_known: all three hosts are up, with their eight VMs.
fleet_is_known() {
    [[ $("$drover" "${where[@]}" hosts 2>/dev/null | grep -c ' up ') == 3 &&
        $("$drover" "${where[@]}" vms 2>/dev/null | grep -c ' running ') == 8 ]]
}

start_droverd() {
    "$lab" exec controller "$build/droverd" --config "$work/drover.yaml" >"$work/droverd.log" 2>&1 &
    droverd_pid=$!
    local deadline=$((SECONDS + 60))
    until fleet_is_known; do
        kill -0 "$droverd_pid" 2>/dev/null || fail "droverd ended"
        ((SECONDS < deadline)) || fail "droverd does not know the whole fleet after 60 s"
        sleep 0.2
    done
}

show_beats() {
    local name beats
    sleep 2 # a beat is a second: all shall have one where they are now
    for name in web1 web2 db1 ora1 mail1; do
        beats=$("$lab" vm beats "$name") || fail "$name ran twice: $beats"
        printf '%s\n' "$beats" | awk -v name="$name" '
            { path = path (NR > 1 ? ", then " : "") $1 " from beat " $3 " to " $4 }
            END { print "  " name ": " path }'
    done
}

real() {
    work=$(mktemp -d /var/tmp/drover-demo.XXXXXX)
    chmod 755 "$work"
    export DROVER_LAB_DIR=$work/lab
    where=(--socket "$work/drover.sock")
    say "Three libvirt hosts, in namespaces of this machine, and eight QEMU guests ..."
    "$lab" up 3 --wait
    set_loads
    start_vms
    configure_drover
    start_droverd
    run drover hosts
    run drover vms

    say "Where would db1 go?"
    run drover explain db1
    say "ora1 is licensed for kvm3 and no other: a filter of the site, written in Lua, says so."
    run drover explain ora1
    say "And if the site had no such filter? The same fleet, as a file, by another policy:"
    "$drover" "${where[@]}" snapshot >"$work/now.yaml"
    where=(--fleet "$work/now.yaml")
    run drover --policy none explain ora1
    where=(--socket "$work/drover.sock")

    say "Now kvm1 is to be emptied. This moves five guests, live, while they run."
    run drover drain kvm1 --timeout 5m
    say "Where they are now:"
    run drover hosts
    run drover vms
    run drover migrations
    say "Each guest counts its own heartbeats: none stopped, none ran twice."
    show_beats
    say "kvm1 may be rebooted. Then:"
    run drover maintenance kvm1 off
    say "That was all. Cleaning up."
}

main() {
    local reason status=0
    case ${1:-} in
        '') ;;
        --simulated)
            simulated
            return
            ;;
        *) fail "expected nothing or --simulated, found \"$1\"" ;;
    esac
    [[ -x $drover ]] || fail "$drover is not there: run make first"
    reason=$("$lab" selfcheck 2>&1) || status=$?
    if ((status == 77)); then
        printf '%s\nThis machine cannot hold real hosts, so here is the demo on a simulated fleet.\n' "$reason"
        simulated
        return
    fi
    ((status == 0)) || fail "the lab's check of this machine failed: $reason"
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    real
}

main "$@"
