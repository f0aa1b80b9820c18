# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# load.sh - a host's CPU load and memory as libvirt reports them, at will.
#
# virNodeGetCPUStats reads /proc/stat. All hosts of a lab share the machine's, so each host that is
# asked for a load gets a file of its own bound over it, and a feeder that lets the counters run on.
# The counters never step back, not even at "off": then they follow the machine's own again.

FEED_INTERVAL_S=0.2

# read_cpu_times FILE: sets busy and idle, in ticks summed over all CPUs.
read_cpu_times() {
    local name user nice system idle_time iowait irq softirq steal rest
    # shellcheck disable=SC2034 # rest swallows guest times, which user holds already
    read -r name user nice system idle_time iowait irq softirq steal rest <"$1"
    busy=$((user + nice + system + irq + softirq + steal))
    idle=$((idle_time + iowait))
}

# write_cpu_times FILE CPUS BUSY IDLE: one write of constant length, never a truncated file: a
# reader sees the old counters or the new ones.
write_cpu_times() {
    local file=$1 cpus=$2 busy_ticks=$3 idle_ticks=$4 cpu zeros='0 0 0 0 0 0' text
    printf -v text 'cpu  %015d 0 0 %015d %s\n' "$busy_ticks" "$idle_ticks" "$zeros"
    for ((cpu = 0; cpu < cpus; cpu++)); do
        printf -v text '%scpu%d %015d 0 0 %015d %s\n' "$text" "$cpu" \
            $((busy_ticks / cpus)) $((idle_ticks / cpus)) "$zeros"
    done
    printf '%s%s\n' "$text" "$boot_time_line" 1<>"$file"
}

# feed_load HOST: runs inside the host until the host dies; $dir/load holds a percentage or "off".
feed_load() {
    local host=$1 dir=$LAB/hosts/$1 cpus wanted busy idle now last uptime pulse
    local real_busy real_idle last_busy last_idle elapsed carry=0 share
    printf '%s\n' "$BASHPID" >/run/lab-load.pid
    cpus=$(grep -c '^cpu[0-9]' /proc/stat)
    boot_time_line=$(grep '^btime' /proc/stat)
    exec 7</proc/stat {pulse}<> <(:) # 7 leads to the machine's counters also after the bind
    read_cpu_times /proc/self/fd/7
    last_busy=$busy last_idle=$idle
    real_busy=$busy real_idle=$idle
    read -r uptime _ </proc/uptime
    last=${uptime/./}
    write_cpu_times "$dir/stat" "$cpus" "$real_busy" "$real_idle"
    mount --bind "$dir/stat" /proc/stat
    while { read -r wanted <"$dir/load"; } 2>/dev/null; do
        read -r uptime _ </proc/uptime
        now=${uptime/./} # hundredths of a second, which are the ticks of /proc/stat
        if [[ $wanted == off ]]; then
            read_cpu_times /proc/self/fd/7
            real_busy=$((real_busy + busy - last_busy)) real_idle=$((real_idle + idle - last_idle))
        else
            elapsed=$(((now - last) * cpus))
            share=$((elapsed * wanted + carry)) # hundredths of ticks: small shares add up, too
            carry=$((share % 100))
            real_busy=$((real_busy + share / 100)) real_idle=$((real_idle + elapsed - share / 100))
            read_cpu_times /proc/self/fd/7
        fi
        last=$now last_busy=$busy last_idle=$idle
        write_cpu_times "$dir/stat" "$cpus" "$real_busy" "$real_idle"
        read -r -t "$FEED_INTERVAL_S" -u "$pulse" || true
    done
}

feeder_runs() { # HOST
    local pid
    { read -r pid <"$LAB/hosts/$1/run/lab-load.pid"; } 2>/dev/null || return 1
    in_host "$1" kill -0 "$pid" 2>/dev/null
}

feeder_has_begun() { # HOST
    in_host "$1" cmp -s "$LAB/hosts/$1/stat" /proc/stat
}

lab_load() { # HOST PCT|off
    local host=$1 dir=$LAB/hosts/$1 wanted=$2
    wanted=${wanted%\%}
    if [[ $wanted != off ]] && { [[ ! $wanted =~ ^[0-9]{1,3}$ ]] || ((wanted > 100)); }; then
        usage_error "load: expected 0..100 (percent of all CPUs) or \"off\", found \"$2\""
    fi
    host_is_on "$host" || die "$host is off"
    printf '%s\n' "$wanted" >"$dir/load.new"
    mv "$dir/load.new" "$dir/load"
    if [[ $wanted == off ]] || feeder_runs "$host"; then
        return 0
    fi
    (
        close_inherited_files
        # The inner shell ends at once and so leaves the feeder to process 1.
        # shellcheck disable=SC2016 # expanded by the inner shell
        in_host "$host" "$BASH" -c 'setsid "$0" "$@" </dev/null >/dev/null 2>&1 &' \
            "$BASH" "$LAB_SCRIPT" internal feed-load "$host"
    )
    wait_until 10 feeder_has_begun "$host" || die "the load feeder of $host does not start"
}

# lab_memory HOST TOTAL FREE | HOST off: virNodeGetMemoryStats reads /proc/meminfo. The amount in
# virNodeGetInfo comes from the kernel itself and stays the machine's.
lab_memory() {
    local host=$1 dir=$LAB/hosts/$1
    host_is_on "$host" || die "$host is off"
    if [[ $2 == off ]]; then
        if feeds_memory "$host"; then
            in_host "$host" umount /proc/meminfo
        fi
        return 0
    fi
    check_number "memory TOTAL" "$2" 1 999999
    check_number "memory FREE" "$3" 0 "$2"
    printf '%-13s %12d kB\n' MemTotal: $(($2 * 1024)) MemFree: $(($3 * 1024)) \
        MemAvailable: $(($3 * 1024)) Buffers: 0 Cached: 0 SwapTotal: 0 SwapFree: 0 1<>"$dir/meminfo"
    feeds_memory "$host" || in_host "$host" mount --bind "$dir/meminfo" /proc/meminfo
}

feeds_memory() { # HOST
    in_host "$1" grep -q ' /proc/meminfo ' /proc/self/mountinfo
}
