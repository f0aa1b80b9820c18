# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A fleet for the tests: three real libvirt hosts of the lab with guests in them, and a droverd in
# the lab's controller. One per file: setup_file makes it, teardown_file ends it, and a guard ends
# it should the test run itself be killed. What the tests ask of VMs they ask libvirt and the guests
# themselves, not droverd: it is the one on trial.

SRC=${DROVER_SRC:-$(readlink -f "$BATS_TEST_DIRNAME/../..")}
BUILD=$(readlink -f "${DROVER_BUILD:-$SRC/build}")
LAB_COMMAND=$SRC/contrib/lab/lab

lab() {
    "$LAB_COMMAND" "$@"
}

drover() {
    "$BUILD/drover" --socket "$FLEET/drover.sock" --no-color "$@"
}

# by_controller HOST VIRSH-ARGUMENTS...: as an outsider would, over the network.
by_controller() {
    local host=$1
    shift
    lab exec controller timeout 180 virsh -q -c "$(lab uri "$host")" "$@"
}

# --- waiting, and saying what went wrong --------------------------------------------------------

# wait_for SECONDS COMMAND...: polls until COMMAND succeeds. The deadline is generous: it ends a
# wait that is in vain, and is no measure of speed.
wait_for() {
    local deadline=$((SECONDS + $1)) said
    shift
    until said=$("$@" 2>&1); do
        if ((SECONDS >= deadline)); then
            echo "waited in vain for: $*"
            echo "$said"
            return 1
        fi
        sleep 0.2
    done
}

# expect STATUS: of the last "run"; shows what was printed where it is another.
expect() {
    # shellcheck disable=SC2154 # run sets them
    if ((status != $1)); then
        echo "expected exit status $1, found $status; it printed:"
        echo "$output"
        return 1
    fi
}

# says TEXT: the last "run" printed it.
says() {
    if [[ $output != *"$1"* ]]; then
        echo "expected \"$1\" in:"
        echo "$output"
        return 1
    fi
}

# --- the fleet from beginning to end ------------------------------------------------------------

# fleet_begin NET-NUMBER: kvm1, kvm2 and kvm3. Where the machine cannot hold a lab, the tests of the
# file are skipped (skip_without_lab) and there is nothing to set up: it returns 1 then.
fleet_begin() {
    local reason status=0
    reason=$("$LAB_COMMAND" selfcheck 2>&1) || status=$?
    if ((status == 77)); then
        export LAB_SKIP=$reason
        return 1
    fi
    ((status == 0)) || {
        echo "$reason" >&2
        exit 1
    }
    FLEET=$(mktemp -d "${TMPDIR:-/tmp}/drover-test.XXXXXX")
    chmod 755 "$FLEET" # one test comes as nobody
    export FLEET DROVER_LAB_DIR=$FLEET/lab DROVER_LAB_NET=10.99.$1
    guard_against_orphans
    mkdir -p "$FLEET"/{policies,lua,maintenance.d}
    lab up 3 --wait
}

# Whoever kills the test run, the fleet goes too. The guard is in a session of its own, so that it
# outlives a signal to everything here, and ends when the fleet has gone.
guard_against_orphans() {
    # shellcheck disable=SC2016 # expanded by the guard
    setsid bash -c '
        while [[ -d $FLEET ]] && kill -0 "$1" 2>/dev/null; do sleep 1; done
        [[ ! -d $FLEET ]] || { "$2" down; rm -rf --one-file-system "$FLEET"; }
    ' guard "$$" "$LAB_COMMAND" </dev/null >/dev/null 2>&1 3>&- 4>&- &
}

skip_without_lab() {
    [[ -z ${LAB_SKIP:-} ]] || skip "$LAB_SKIP"
}

# What droverd said during a test that failed.
show_log_of_failure() {
    if [[ -z ${BATS_TEST_COMPLETED:-} && -s ${FLEET:-}/droverd.log ]]; then
        echo "--- the end of droverd's log:"
        tail -n 60 "$FLEET/droverd.log"
        echo "--- what runs:"
        lab vm list || true
        drover status || true
        drover migrations || true
    fi
}

fleet_end() {
    [[ -n ${FLEET:-} && -d $FLEET ]] || return 0
    droverd_stop
    lab down
    rm -rf --one-file-system "$FLEET"
}

# What most files want; one that has to do more says so anew.
setup() {
    skip_without_lab
}

teardown() {
    show_log_of_failure
}

teardown_file() {
    fleet_end
}

# start_vms: lines of "HOST NAME OPTIONS..." on standard input; side by side, a host at a time.
start_vms() {
    local lines host line started=()
    lines=$(cat)
    for host in kvm1 kvm2 kvm3; do
        (
            while read -r line; do
                # shellcheck disable=SC2086 # words of a line
                [[ $line != "$host "* ]] || "$LAB_COMMAND" vm start $line </dev/null || exit 1
            done <<<"$lines"
        ) &
        started+=($!)
    done
    for host in "${started[@]}"; do
        wait "$host"
    done
}

# host_options HOST: more of a host's line in drover.yaml, ", key: value"; a file may have its own.
host_options() {
    :
}

host_labels() { # HOST: more of its labels
    :
}

# What drover.yaml says in every file that does not say it another way.
lab_settings=(
    'socket: drover.sock' 'hook_socket: hook.sock' 'hook_dir: /run/drover/hooks'
    'maintenance_dir: maintenance.d' 'alarm_dir: alarm.d' 'poll: 1s' 'database: drover.db'
)

# put_config: drover.yaml is standard input, and lab_settings. It is put in place whole, so that a
# droverd that watches it never sees half of it.
put_config() {
    local text setting
    text=$(cat)
    {
        printf '%s\n' "$text"
        for setting in "${lab_settings[@]}"; do
            grep -q "^${setting%% *}" <<<"$text" || echo "$setting"
        done
    } >"$FLEET/.drover.yaml.new"
    mv "$FLEET/.drover.yaml.new" "$FLEET/drover.yaml"
}

# configure: the three hosts, and what differs from file to file, on standard input.
configure() {
    {
        cat <<-END
	hosts:
	  - {name: kvm1, uri: "$(lab uri kvm1)", labels: {rack: a$(host_labels kvm1)}$(host_options kvm1)}
	  - {name: kvm2, uri: "$(lab uri kvm2)", labels: {rack: b$(host_labels kvm2)}$(host_options kvm2)}
	  - {name: kvm3, uri: "$(lab uri kvm3)", labels: {rack: c$(host_labels kvm3)}$(host_options kvm3)}
	END
        cat
    } | put_config
}

# loads KVM1 KVM2 KVM3: what libvirt on each reports, in percent, whatever the machine's own load.
loads() {
    lab load kvm1 "$1"
    lab load kvm2 "$2"
    lab load kvm3 "$3"
}

# --- droverd ------------------------------------------------------------------------------------

# The lab's exec does not fork, so the pid is droverd's own.
droverd_start() {
    "$LAB_COMMAND" exec controller "$BUILD/droverd" --config "$FLEET/drover.yaml" \
        </dev/null >>"$FLEET/droverd.log" 2>&1 3>&- 4>&- &
    echo "$!" >"$FLEET/droverd.pid"
    disown # bash would tell of its end
    wait_for 30 drover status
}

droverd_pid() {
    cat "$FLEET/droverd.pid"
}

# A process that has ended and that nobody has waited for is gone, too.
droverd_is_gone() {
    local state
    state=$(awk '/^State:/ { print $2 }' "/proc/$(droverd_pid)/status" 2>/dev/null) || return 0
    [[ -z $state || $state == Z ]]
}

droverd_lives() {
    ! droverd_is_gone
}

droverd_signal() { # SIGNAL
    kill -s "$1" "$(droverd_pid)"
}

droverd_kill() {
    droverd_signal KILL
    wait_for 20 droverd_is_gone
}

droverd_stop() {
    [[ -e $FLEET/droverd.pid ]] || return 0
    droverd_is_gone || droverd_signal TERM
    if ! wait_for 30 droverd_is_gone; then
        droverd_signal KILL
        return 1
    fi
    rm "$FLEET/droverd.pid"
}

# logged TEXT: droverd has said it since mark_log.
logged() {
    tail -n +"$(($(cat "$FLEET/droverd.mark" 2>/dev/null || echo 0) + 1))" "$FLEET/droverd.log" |
        grep -F -e "$1"
}

mark_log() {
    wc -l <"$FLEET/droverd.log" >"$FLEET/droverd.mark"
}

# --- what droverd says --------------------------------------------------------------------------

host_state() { # HOST
    drover hosts | awk -v host="$1" '$1 == host { print $3 }'
}

host_is() { # HOST STATE
    local state
    state=$(host_state "$1")
    [[ $state == "$2" ]] || {
        echo "$1 is ${state:-unknown}, not $2"
        return 1
    }
}

all_hosts_are_up() {
    local host
    for host in kvm1 kvm2 kvm3; do
        host_is "$host" up || return 1
    done
}

# knows_fleet N: all hosts are up, and droverd knows N running VMs.
knows_fleet() {
    all_hosts_are_up && (($(drover vms | grep -c ' running ') == $1))
}

# The number of migrations that droverd has ever ended as STATE.
migrations_that() { # STATE
    drover migrations --all --json | jq --arg state "$1" '[.[] | select(.state == $state)] | length'
}

nothing_moves() {
    drover migrations --json | jq -e \
        'all(.state | IN("completed", "failed", "aborted", "cancelled"))' >/dev/null
}

# --- what libvirt and the guests say ------------------------------------------------------------

where() { # VM: the hosts on which it runs
    lab vm list | awk -v vm="$1" '$2 == vm && $3 == "running" { print $1 }' | xargs
}

is_on() { # HOST VM...
    local host=$1 vm running
    shift
    running=$(lab vm list "$host" | awk '$3 == "running" { print $2 }')
    for vm in "$@"; do
        grep -qx "$vm" <<<"$running" || {
            echo "$vm does not run on $host, but on: $(where "$vm")"
            return 1
        }
    done
}

is_empty() { # HOST: a definition of a VM that is off may stay
    local running
    running=$(lab vm list "$1" | awk '$3 != "shut_off"') || return 2
    [[ -z $running ]] || {
        echo "on $1: $running"
        return 1
    }
}

last_beat() { # VM HOST
    lab vm beats "$1" | awk -v host="$2" '$1 == host { last = $4 } END { print last }'
}

# beats_anew VM HOST BEAT: another than that one, there or where it has moved meanwhile.
beats_anew() {
    local now host=$2
    now=$(last_beat "$1" "$host")
    if [[ -z $now || $now == "$3" ]]; then
        host=$(where "$1")
        [[ $host =~ ^kvm[1-3]$ ]] || {
            echo "$1 runs on: ${host:-no host}"
            return 1
        }
        now=$(last_beat "$1" "$host")
    fi
    [[ -n $now && $now != "$3" ]]
}

# run_exactly_once VM...: each runs on one host and beats there, and in all its life no beat came
# twice, and none from a second boot.
run_exactly_once() {
    local vm host all
    local -A beat=() on=()
    all=$(lab vm list)
    for vm in "$@"; do
        host=$(awk -v vm="$vm" '$2 == vm && $3 == "running" { print $1 }' <<<"$all" | xargs)
        [[ $host =~ ^kvm[1-3]$ ]] || {
            echo "$vm runs on: ${host:-no host}"
            return 1
        }
        on[$vm]=$host
        beat[$vm]=$(last_beat "$vm" "$host") || return 1
    done
    for vm in "$@"; do
        wait_for 30 beats_anew "$vm" "${on[$vm]}" "${beat[$vm]}" || return 1
        same_boot "$vm" || return 1
    done
}

same_boot() { # VM
    local boots
    boots=$(lab vm beats "$1" | cut -d ' ' -f 2 | sort -u | wc -l)
    ((boots == 1)) || {
        echo "$1 has been booted $boots times:"
        lab vm beats "$1"
        return 1
    }
}

# bring HOST VM...: by virsh, wherever they are; they migrate live.
bring() {
    local host=$1 vm from
    shift
    for vm in "$@"; do
        from=$(where "$vm")
        [[ $from == "$host" ]] ||
            by_controller "$from" migrate --live --p2p "$vm" "$(lab uri "$host")"
    done
}
