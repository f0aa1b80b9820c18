#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What deciding costs, as tables in Markdown: make bench [T="decision balance ..."]. Nothing here
# passes or fails by a clock: machines differ, so look at the ratios within one run.
#
# Reads DROVER_BUILD and DROVER_SRC. hbal (Debian: ganeti-htools) and crm_simulate
# (pacemaker-cli-utils) are asked about the same fleets where they are installed, each for at most
# BENCH_LIMIT_S seconds (100). BENCH_SMALL=1 leaves the two largest sizes out.

: "${DROVER_BUILD:=build}" "${DROVER_SRC:=.}" "${BENCH_LIMIT_S:=100}"
export DROVER_BUILD DROVER_SRC
bench=$DROVER_BUILD/tests/bench/bench
sizes=('10 100' '50 1000' '64 2000' '100 2000' '500 10000')
[ -n "${BENCH_SMALL-}" ] || sizes+=('1000 20000' '5000 100000')
scratch=$(mktemp -d) || exit 1
asked= # a droverd of ours
trap '[ -z "$asked" ] || kill "$asked"; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# table WHAT TITLE HEADING: one row for each size.
table() {
    local size
    printf '\n### %s\n\n%s\n' "$2" "$3"
    printf '%s\n' "${3//[^|]/-}"
    for size in "${sizes[@]}"; do
        # shellcheck disable=SC2086  # hosts and VMs
        "$bench" "$1" $size || exit 1
    done
}

# timed COMMAND...: its output goes to $scratch/out; prints the seconds, or "> LIMIT".
timed() {
    local begin=$EPOCHREALTIME end
    timeout -k 5 "$BENCH_LIMIT_S" "$@" >"$scratch/out" 2>&1
    [ $? -ne 124 ] || { echo "> $BENCH_LIMIT_S"; return; }
    end=$EPOCHREALTIME
    awk -v a="$begin" -v b="$end" 'BEGIN { printf "%.2f\n", b - a }'
}

decision() {
    table decision 'One warm decision' \
        '| hosts / VMs | plain scan, ns per host | units | µs | times the scan | units | µs | times the scan | with two units in Lua, ns per host | times C |'
}

balance() {
    table balance 'The whole plan of the balancer drover' \
        '| hosts / VMs | s | peak MiB | moves | at least | over | hosts out of bounds | fullest, % | spread of memory, % | spread of vCPUs per CPU | asked again |'
}

drain() {
    table drain 'Emptying the fullest host, and its death' \
        '| hosts / VMs | VMs | drain, ms | moves + held | death, ms | starts + held |'
}

load() {
    table load 'Loading a fleet file' \
        '| hosts / VMs | MB | read, s | µs per record | columns, s | in memory, MiB |'
}

engine() {
    table engine 'The engine: what it holds, and from an event to the first order to migrate' \
        '| hosts / VMs | resident, MiB | migrate VM, ms | maintenance of a host, ms |'
    printf '\nResident: what the process grew by when all hosts had reported. Times are medians, of CPU\n'
    printf 'time, from the request to all orders of its step.\n'
}

others_hbal() {
    local size took ours moves
    printf '\n### Beside hbal\n\n| hosts / VMs | hbal, s | its moves | drover, s | its moves |\n'
    printf '|---|---|---|---|---|\n'
    for size in "${sizes[@]:0:5}"; do
        # shellcheck disable=SC2086
        "$bench" hbal $size >"$scratch/fleet.hbal"
        took=$(timed hbal -t "$scratch/fleet.hbal" --ignore-dynu -p0)
        moves=$(sed -n 's/^Solution length=\([0-9]*\).*/\1/p' "$scratch/out")
        grep -q '^No solution\|Cluster is already' "$scratch/out" && moves=0
        # shellcheck disable=SC2086
        "$bench" fleet $size >"$scratch/fleet.yaml"
        ours=$(timed "$DROVER_BUILD/drover" --fleet "$scratch/fleet.yaml" plan balance --all --json)
        printf '| %s | %s | %s | %s | %s |\n' "${size/ / / }" "$took" "${moves:-none by then}" \
            "$ours" "$(jq '.moves | length' "$scratch/out")"
    done
    printf '\nProcess to process, reading the fleet included. hbal makes a score better and better;\n'
    printf 'drover brings hosts within bounds. So the moves are not the same task.\n'
}

others_crm() {
    local size took ours
    printf '\n### Beside crm_simulate\n\n| hosts / VMs | crm_simulate, s | drover, s |\n|---|---|---|\n'
    for size in '10 100' '50 1000' '64 2000'; do
        # shellcheck disable=SC2086
        "$bench" cib $size >"$scratch/cib.xml"
        took=$(timed crm_simulate -S -x "$scratch/cib.xml")
        # shellcheck disable=SC2086
        "$bench" fleet $size >"$scratch/fleet.yaml"
        ours=$(timed "$DROVER_BUILD/drover" --fleet "$scratch/fleet.yaml" plan drain kvm0001 --json)
        printf '| %s | %s | %s |\n' "${size/ / / }" "$took" "$ours"
    done
    printf '\nProcess to process: the first host is to be emptied.\n'
}

others() {
    if command -v hbal >/dev/null; then
        others_hbal
    else
        printf '\nhbal is not there (Debian: ganeti-htools).\n'
    fi
    if command -v crm_simulate >/dev/null; then
        others_crm
    else
        printf '\ncrm_simulate is not there (Debian: pacemaker-cli-utils).\n'
    fi
}

# A droverd with two made-up hosts, to be asked by hooks; its pid goes to $asked.
start_droverd() {
    local i
    echo '<node/>' >"$scratch/kvm1.xml"
    cat >"$scratch/drover.yaml" <<-END
	hosts: [{name: kvm1, uri: "test://$scratch/kvm1.xml"}]
	clusters: [{name: default, policy: {extends: none, filters: [memory]}}]
	socket: drover.sock
	hook_socket: hook.sock
	hook_dir: hooks
	database: drover.db
	maintenance_dir: maintenance.d
	alarm_dir: alarm.d
	END
    printf 'socket = %s\n' "$scratch/hooks/kvm1.sock" >"$scratch/hook.conf"
    "$DROVER_BUILD/droverd" --config "$scratch/drover.yaml" >"$scratch/droverd.log" 2>&1 &
    asked=$!
    for ((i = 0; i < 300; i++)); do
        "$DROVER_BUILD/drover" --socket "$scratch/drover.sock" hosts 2>/dev/null |
            grep -q 'kvm1 .* up ' && return 0
        sleep 0.1
    done
    cat "$scratch/droverd.log" >&2
    return 1
}

hook() {
    local names=() programs=() static=-static i=0 row shell
    printf '\n### A hook, from fork to exit\n\n'
    printf 'int main(void) { return 0; }\n' >"$scratch/empty.c"
    if ! "${CC:-cc}" -O2 -static -o "$scratch/empty" "$scratch/empty.c" 2>/dev/null; then
        static=
        "${CC:-cc}" -O2 -o "$scratch/empty" "$scratch/empty.c" || return 0
    fi
    start_droverd || return 1
    names=("an empty C program${static:+, static}" 'drover-hook, answered (start)'
        'drover-hook, informing (started)')
    programs=("$scratch/empty" - "$DROVER_BUILD/drover-hook" start "$DROVER_BUILD/drover-hook" started)
    for i in sh python3; do
        shell=$(command -v "$i") || continue
        # What stands in the path may be a script that looks for the interpreter.
        [ "$i" = sh ] || shell=$("$i" -c 'import sys; print(sys.executable)')
        printf '#!%s\n' "$shell" >"$scratch/empty.$i"
        chmod 755 "$scratch/empty.$i"
        names+=("an empty $i script")
        programs+=("$scratch/empty.$i" -)
    done
    printf '| hook | p50, µs | p99, µs | p50 / empty | p99 / empty |\n|---|---|---|---|---|\n'
    i=0
    while read -r row; do
        printf '| %s | %s |\n' "${names[i++]}" "$row"
    done < <(DROVER_HOOK_CONF=$scratch/hook.conf "$bench" spawn "${BENCH_RUNS:-300}" "${programs[@]}")
    kill "$asked"
    wait "$asked"
    asked=
    printf '\nWall time of %s runs each, taking turns. Answered: droverd was asked, decided and said so.\n' \
        "${BENCH_RUNS:-300}"
}

# Real guests, in a lab: needs root, libvirtd and QEMU.
forecast() {
    local status=0
    printf '\n### What drover forecasts of migrations, and what comes of them\n\n'
    "$DROVER_SRC/contrib/lab/calibrate" "$DROVER_BUILD" --forecast || status=$?
    [ "$status" -ne 77 ] || printf 'This machine cannot hold a lab.\n'
}

[ $# -gt 0 ] || set -- decision balance drain load engine hook forecast others
for part; do
    case $part in
        decision | balance | drain | load | engine | hook | forecast | others) "$part" ;;
        *) echo "run.sh: there is no part $part: decision, balance, drain, load, engine, hook, forecast, others" >&2; exit 2 ;;
    esac
done
