#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts that do not answer though they live: cut off, with a libvirtd that hangs or is gone, with
# trouble that they announce; and devices that do not do their work. VMs are started elsewhere when,
# and only when, a fence device has made sure that their host is off; the guests' own heartbeats say
# whether one ever ran twice. Hosts that die: death.bats.

load fleet
load fence

setup_file() {
    fleet_begin 91 || return 0
    fences_begin
    loads 10 10 10
    start_vms <<-END
	kvm1 ha9 --memory 32 --metadata $FLEET/ha90.xml
	kvm1 ha5 --memory 32 --metadata $FLEET/ha50.xml
	kvm1 web --memory 32
	kvm2 other --memory 32 --metadata $FLEET/ha50.xml
	END
    configure_fences
    droverd_start
    wait_for 120 knows_fleet 4
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
    wait_for 120 logged 'fence_ssh_restart is told to bring its libvirtd back'
    wait_for 120 host_is kvm1 up
    run logged 'switch it off'
    expect 1
    run_exactly_once ha9 ha5 web other
}

@test "libvirtd alone dies: it is started again, and its guests are never touched" {
    mark_log
    # shellcheck disable=SC2016 # expanded on the host
    lab exec kvm1 sh -c 'kill -KILL "$(cat /run/libvirtd.pid)"'
    wait_for 120 logged 'fence_ssh_restart is told to bring its libvirtd back'
    wait_for 120 host_is kvm1 up
    run logged 'switch it off'
    expect 1
    run_exactly_once ha9 ha5 web other
}

# The other VMs leave again by themselves, so that the tests below find them where they were.
@test "a host announces trouble: its highly available VMs leave it live, the others stay" {
    mark_log
    echo '2 uncorrected memory errors' >"$FLEET/alarm.d/kvm1"
    wait_for 120 host_is kvm1 non_operational
    wait_for 180 runs_elsewhere kvm1 ha9 ha5
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
    wait_for 120 nothing_moves
    bring kvm1 ha9 ha5
    run_exactly_once ha9 ha5 web other
    wait_for 120 knows_on kvm1 ha9 ha5 web
}

@test "droverd is cut off from all hosts: it touches nothing" {
    local host
    mark_log
    for host in kvm1 kvm2 kvm3; do
        lab cut "$host"
    done
    wait_for 120 logged 'drover takes itself to be cut off'
    wait_for 30 host_is kvm1 non_responsive
    sleep 8 # twice the grace time
    run logged 'is told to'
    expect 1
    for host in kvm1 kvm2 kvm3; do
        lab join "$host"
    done
    wait_for 180 all_hosts_are_up
    run logged 'is told to switch it off'
    expect 1
    run_exactly_once ha9 ha5 web other
}

# is_left_alone HOW: kvm1 is gone, and its device is broken in that way.
is_left_alone() {
    reconfigure "$1"
    mark_log
    lab cut kvm1
    wait_for 180 logged 'host kvm1 does not answer and could not be fenced'
    logged 'drover evacuate kvm1 --confirm-host-is-off'
    wait_for 30 host_is kvm1 non_responsive
    run drover evacuate kvm1 # without anybody who vouches for it
    expect 3
    lab join kvm1
    wait_for 180 host_is kvm1 up
    run logged 'is started on host'
    expect 1
    run_exactly_once ha9 ha5 web other
    reconfigure
}

@test "fencing fails: nothing is started elsewhere, loudly" {
    is_left_alone refuse
    logged 'device says failed: '
}

@test "whether it is off is unknown: nothing is started elsewhere, loudly" {
    is_left_alone hang
    logged 'device says unknown: '
}

@test "the device takes the order and switches nothing: nothing is started elsewhere, loudly" {
    is_left_alone lie
    logged 'device says failed: fence_lab status ended with status 0: Status: ON'
}

@test "a host is cut off with its guests running: fenced first, then they start, in order" {
    mark_log
    lab cut kvm1
    wait_for 180 host_is kvm1 down
    [ "$(lab status | awk '$1 == "kvm1" { print $2 }')" = off ]
    wait_for 180 runs_once ha9 ha5
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
    wait_for 120 host_is kvm1 up
    is_empty kvm1
    runs_once ha9 ha5 other
}
