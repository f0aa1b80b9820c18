# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# common.sh - what every part of the lab needs: where things are, how to fail, whose process it is.
#
# A process is known by its pid and its start time, written down by the process itself before it
# creates anything. So nothing is ever killed by name, nor a stranger that got the pid later.

LAB=${DROVER_LAB_DIR:-/var/tmp/drover-lab}
CONTROLLER=$LAB/controller
BOOT_DEADLINE_S=60
VIRSH_DEADLINE_S=${DROVER_LAB_VIRSH_DEADLINE_S:-20}

say() {
    printf '%s\n' "lab: $*"
}

warn() {
    printf '%s\n' "lab: $*" >&2
}

die() {
    warn "$*"
    exit 1
}

usage_error() {
    warn "$* (lab --help shows the commands)"
    exit 2
}

# wait_until SECONDS COMMAND...: polls until COMMAND succeeds; fails at the deadline.
wait_until() {
    local deadline=$((SECONDS + $1 + 1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# process_start PID: prints its start time in ticks since boot; fails if it is gone or a zombie.
process_start() {
    local line fields
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -ra fields <<<"${line##*) }" # the command may hold blanks and brackets
    [[ ${fields[0]} != [ZX] ]] || return 1
    printf '%s\n' "${fields[19]}"
}

# record_self FILE: "PID START" of the calling shell, which may exec afterwards and stays the same.
record_self() {
    local pid
    read -r pid _ </proc/self/stat # not $$: process 1 of a host is another number out here
    printf '%s %s\n' "$pid" "$(process_start "$pid")" >"$1.new"
    mv "$1.new" "$1"
}

# recorded_pid FILE: prints the pid recorded in FILE, if that very process still lives.
recorded_pid() {
    local pid start
    { read -r pid start <"$1"; } 2>/dev/null || return 1
    [[ -n $start && $(process_start "$pid") == "$start" ]] || return 1
    printf '%s\n' "$pid"
}

is_gone() {
    ! recorded_pid "$1" >/dev/null
}

# kill_recorded FILE...: SIGKILL, then waits until they are gone.
kill_recorded() {
    local file pid
    for file in "$@"; do
        if pid=$(recorded_pid "$file"); then
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done
    for file in "$@"; do
        wait_until 20 is_gone "$file" || die "the process recorded in $file does not die"
        rm -f "$file"
    done
}

# Long-lived processes must not keep the caller's pipes open: a test runner would wait for them.
close_inherited_files() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        if ((fd > 2 && fd != 255)); then # 255: the shell's own script
            eval "exec $fd>&-" 2>/dev/null || true
        fi
    done
}

# lab_lock: one command at a time changes the lab. The directory may vanish while we wait.
lab_lock() {
    while :; do
        [[ -e $LAB/.drover-lab ]] || return 1
        exec 9>>"$LAB/.drover-lab"
        flock -w 120 9 || die "another lab command has held $LAB for two minutes"
        [[ $LAB/.drover-lab -ef /proc/self/fd/9 ]] && return 0
        exec 9>&-
    done
}

need_lab() {
    [[ -e $LAB/.drover-lab ]] || die "no lab in $LAB: run \"lab up N\" first, or set DROVER_LAB_DIR"
}

subnet() {
    local net
    read -r net <"$LAB/net"
    printf '%s\n' "$net"
}

all_hosts() {
    local dir
    [[ -d $LAB/hosts ]] || return 0
    for dir in "$LAB"/hosts/*/; do
        [[ -d $dir ]] && basename "$dir"
    done | sort -V
}

host_dir() {
    printf '%s\n' "$LAB/hosts/$1"
}

host_address() {
    printf '%s\n' "$(subnet).$((10 + ${1#kvm}))"
}

# In the migration network, which every host is in beside the other.
MIGRATION_NET=192.168.253

migration_address() {
    printf '%s\n' "$MIGRATION_NET.$((10 + ${1#kvm}))"
}

need_host() {
    [[ $1 =~ ^kvm[1-9][0-9]*$ && -d $LAB/hosts/$1 ]] ||
        die "no host \"$1\" in this lab; it has: $(all_hosts | tr '\n' ' ')"
}

host_is_on() {
    recorded_pid "$LAB/hosts/$1/init" >/dev/null && [[ -e $LAB/hosts/$1/ready ]]
}

# in_host HOST COMMAND...: inside all its namespaces. Fails if the host is off.
in_host() {
    local pid
    pid=$(recorded_pid "$LAB/hosts/$1/init") || {
        warn "$1 is off"
        return 1
    }
    shift
    nsenter -t "$pid" -m -u -n -p -- "$@"
}

in_controller() {
    local pid
    pid=$(recorded_pid "$CONTROLLER/init") ||
        die "the lab's controller is not there: run \"lab up N\""
    nsenter -t "$pid" -m -u -n -- "$@"
}

# virsh_on HOST ARGUMENTS...: over the host's own socket, so it works while the network is cut.
virsh_on() {
    local host=$1
    shift
    in_host "$host" timeout "$VIRSH_DEADLINE_S" virsh -q -c qemu:///system "$@"
}
