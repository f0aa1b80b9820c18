#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts that fail, in every way that a lab can: cut off, dead, with a libvirtd that hangs. VMs are
# started elsewhere when, and only when, a fence device has made sure that their host is off; the
# guests' own heartbeats say whether one ever ran twice.

load fleet

setup_file() {
    fleet_begin 91 || return 0
    export OUTSIDE=$$ # lives until the end of this file
    install -d -m 755 "$FLEET/bin"
    install -m 755 "$SRC/contrib/lab/fence_lab" "$FLEET/bin/fence_lab"
    fake_ssh
    loads 10 10 10
    metadata 90
    metadata 50
    start_vms <<-END
	kvm1 ha9 --memory 32 --metadata $FLEET/ha90.xml
	kvm1 ha5 --memory 32 --metadata $FLEET/ha50.xml
	kvm1 web --memory 32
	kvm2 other --memory 32 --metadata $FLEET/ha50.xml
	END
    configure_fleet
    droverd_start
    wait_for 60 knows_fleet 4
}

teardown_file() {
    fleet_end
}

setup() {
    skip_without_lab
}

teardown() {
    show_log_of_failure
}

metadata() { # PRIORITY: of a highly available VM
    printf '<drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1" ha="yes" priority="%s"/>\n' \
        "$1" >"$FLEET/ha$1.xml"
}

# Lab hosts have neither sshd nor systemd: what would be done there is done by the lab.
fake_ssh() {
    cat >"$FLEET/bin/ssh" <<-END
	#!/usr/bin/env bash
	while [[ \$1 != -- ]]; do shift; done
	[[ \$3 == 'systemctl restart libvirtd.service' ]] || exit 9
	export DROVER_LAB_DIR=$DROVER_LAB_DIR
	exec "$LAB_COMMAND" restart-libvirtd "kvm\$((\${2##*.} - 10))"
	END
    chmod 755 "$FLEET/bin/ssh"
}

# configure_fleet [BROKEN]: what the power switches do instead of their work. One that hangs is not
# waited for so long.
configure_fleet() {
    local host broken=${1:+" broken=$1"} timeout=30s
    [[ ${1:-} != hang ]] || timeout=4s
    {
        echo 'hosts:'
        for host in kvm1 kvm2 kvm3; do
            cat <<-END
	  - name: $host
	    uri: "$(lab uri $host)"
	    fence:
	      - unit: fence_ssh_restart
	        timeout: 30s
	        parameters: {service: libvirtd, directory: $FLEET/bin}
	      - unit: fence_agent
	        timeout: $timeout
	        parameters:
	          agent: fence_lab
	          plug: $host
	          directory: $FLEET/bin
	          tries: 1
	          settle: 2s
	          options: "lab_dir=$DROVER_LAB_DIR lab=$LAB_COMMAND outside=$OUTSIDE$broken"
	END
        done
        cat <<-END
	clusters:
	  - {name: default, policy: {extends: evenly_distributed, resilience: migrate_ha_only}}
	limits: {retry: 1s, grace: 4s}
	fencing: {quiet_start: 0s, grace_per_vm: 0s, soft_wait: 30s, retry: 5s, power_on: no}
	restarts: {retry: 2s, priority_wait: 60s}
	connect_retry: 1s
	keepalive: 1s
	keepalive_count: 3
	call_timeout: 4s
	poll: 1s
	socket: drover.sock
	hook_socket: hook.sock
	maintenance_dir: maintenance.d
	alarm_dir: alarm.d
	database: drover.db
	END
    } >"$FLEET/.drover.yaml.new"
    mv "$FLEET/.drover.yaml.new" "$FLEET/drover.yaml"
}

reconfigure() { # [BROKEN]
    configure_fleet "$@"
    run drover reload
    expect 0
}

# runs_once VM...: each on one host, and never in its life on two at a time.
runs_once() {
    local vm
    for vm in "$@"; do
        [[ $(where "$vm") =~ ^kvm[1-3]$ ]] || {
            echo "$vm runs on: $(where "$vm")"
            return 1
        }
        lab vm beats "$vm" >/dev/null || return 1
    done
}

runs_elsewhere() { # HOST VM...: than there
    local host=$1 vm
    shift
    runs_once "$@" || return 1
    for vm in "$@"; do
        [[ $(where "$vm") != "$host" ]] || return 1
    done
}

knows_on() { # HOST VM...: droverd does, too
    local host=$1 vm
    shift
    for vm in "$@"; do
        drover vms | awk -v vm="$vm" -v host="$host" \
            '$1 == vm && $0 ~ (" " host " ") && / running / { found = 1 } END { exit !found }' || return 1
    done
}

# line_of TEXT: the number of the first line of droverd's log since mark_log that has it.
line_of() {
    logged "$1" >/dev/null || return 1
    tail -n +"$(($(cat "$FLEET/droverd.mark") + 1))" "$FLEET/droverd.log" |
        grep -n -m 1 -F -e "$1" | cut -d : -f 1
}

@test "a device is asked for the status, and nothing comes of it" {
    mark_log
    run drover fence kvm1 status
    expect 0
    wait_for 30 logged 'host kvm1: device says on'
    run drover fence kvm1 off # it answers, and has VMs
    expect 3
    says '3 VMs are on it'
    run drover evacuate kvm1 --confirm-host-is-off
    expect 3
    says 'host kvm1 answers'
    runs_once ha9 ha5 web other
}

@test "libvirtd alone hangs: it is restarted, and its guests are never touched" {
    mark_log
    lab freeze kvm1
    wait_for 60 logged 'fence_ssh_restart is told to bring its libvirtd back'
    wait_for 60 host_is kvm1 up
    run logged 'switch it off'
    expect 1
    run_exactly_once ha9 ha5 web other
}

@test "libvirtd alone dies: it is started again, and its guests are never touched" {
    mark_log
    # shellcheck disable=SC2016 # expanded on the host
    lab exec kvm1 sh -c 'kill -KILL "$(cat /run/libvirtd.pid)"'
    wait_for 60 logged 'fence_ssh_restart is told to bring its libvirtd back'
    wait_for 60 host_is kvm1 up
    run logged 'switch it off'
    expect 1
    run_exactly_once ha9 ha5 web other
}

# The other VMs leave again by themselves, so that the tests below find them where they were.
@test "a host announces trouble: its highly available VMs leave it live, the others stay" {
    mark_log
    echo '2 uncorrected memory errors' >"$FLEET/alarm.d/kvm1"
    wait_for 60 host_is kvm1 non_operational
    wait_for 90 runs_elsewhere kvm1 ha9 ha5
    is_on kvm1 web
    drover status | grep -q '2 uncorrected memory errors'
    run drover alarm kvm1 off # the file is not for an operator to end
    expect 3
    says 'remove the file'
    rm "$FLEET/alarm.d/kvm1"
    wait_for 30 host_is kvm1 up
    run drover alarm kvm1 on --reason 'UPS on battery'
    expect 0
    wait_for 30 host_is kvm1 non_operational
    run drover alarm kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
    wait_for 60 nothing_moves
    bring kvm1 ha9 ha5
    run_exactly_once ha9 ha5 web other
    wait_for 60 knows_on kvm1 ha9 ha5 web
}

@test "droverd is cut off from all hosts: it touches nothing" {
    local host
    mark_log
    for host in kvm1 kvm2 kvm3; do
        lab cut "$host"
    done
    wait_for 60 logged 'drover takes itself to be cut off'
    wait_for 30 host_is kvm1 non_responsive
    for host in kvm1 kvm2 kvm3; do
        lab join "$host"
    done
    wait_for 90 all_hosts_are_up
    run logged 'is told to'
    expect 1
    run_exactly_once ha9 ha5 web other
}

@test "fencing fails, or lies, or nobody knows: nothing is started elsewhere, loudly" {
    local how
    for how in refuse lie hang; do
        reconfigure "$how"
        mark_log
        lab cut kvm1
        wait_for 90 logged 'host kvm1 does not answer and could not be fenced'
        logged 'drover evacuate kvm1 --confirm-host-is-off'
        wait_for 30 host_is kvm1 non_responsive
        run drover evacuate kvm1 # without anybody who vouches for it
        expect 3
        lab join kvm1
        wait_for 90 host_is kvm1 up
        run logged 'is started on host'
        expect 1
    done
    run_exactly_once ha9 ha5 web other
    reconfigure
}

@test "a host is cut off with its guests running: fenced first, then they start, in order" {
    mark_log
    lab cut kvm1
    wait_for 90 host_is kvm1 down
    [ "$(lab status | awk '$1 == "kvm1" { print $2 }')" = off ]
    wait_for 90 runs_once ha9 ha5
    run where web # not highly available
    [ -z "$output" ]
    logged 'proof: '
    (($(line_of 'VM ha9 is started on host') < $(line_of 'VM ha5 is started on host')))
    (($(line_of 'host kvm1: device says off') < $(line_of 'VM ha9 is started on host')))
    run_exactly_once other
}

@test "it returns, and nothing runs there that runs elsewhere" {
    mark_log
    run drover fence kvm1 on
    expect 0
    wait_for 30 logged 'host kvm1: device says on'
    lab join kvm1
    wait_for 60 host_is kvm1 up
    is_empty kvm1
    runs_once ha9 ha5 other
}

@test "the host to which they went dies, too: they start again" {
    local host
    host=$(where ha9)
    [[ $host =~ ^kvm[23]$ ]]
    mark_log
    lab crash "$host"
    wait_for 90 host_is "$host" down
    wait_for 90 runs_once ha9 ha5 other
    [ "$(where ha9)" != "$host" ]
    logged "host $host: device says off"
}
