#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Things that are restarted in the middle of a drain: droverd itself, by SIGKILL, and the libvirtd
# of either side. The drain goes on and ends, and each VM runs exactly once all the time: the guests
# write down their heartbeats themselves, and a beat written twice would show.

load fleet

VMS=(web1 web2 web3 web4 db1 db2 mail1 dns1)

setup_file() {
    fleet_begin 84 || return 0
    start_vms <<-END
	kvm1 web1 --memory 48 --dirty 2
	kvm1 web2 --memory 48 --dirty 2
	kvm1 web3 --memory 48 --dirty 2
	kvm1 web4 --memory 48 --dirty 2
	kvm1 db1 --memory 48 --dirty 2
	kvm1 db2 --memory 48 --dirty 2
	kvm2 mail1 --memory 32
	kvm3 dns1 --memory 32
	END
    # 320 Mbps are 20 MiB/s for each of two moves at a time: slow enough to be in the middle of one
    configure <<-END
	clusters:
	  - name: default
	    policy: {extends: evenly_distributed, migration: {bandwidth: 320}}
	limits: {retry: 1s, retry_limit: 4s}
	connect_retry: 1s
	END
    droverd_start
    wait_for 60 knows_fleet 8
}

# in_the_middle HOST: libvirt on it says that a VM is being sent.
in_the_middle() {
    local vm
    for vm in $(lab vm list "$1" | awk '{ print $2 }'); do
        if lab exec "$1" virsh -q domjobinfo "$vm" 2>/dev/null | grep -q '^Data remaining'; then
            return 0
        fi
    done
    echo "$1 sends no VM"
    return 1
}

drain_begins() { # HOST
    run drover maintenance "$1" on
    expect 0
    wait_for 60 in_the_middle "$1"
}

drain_ends() { # HOST
    wait_for 180 host_is "$1" maintenance
    is_empty "$1"
    run_exactly_once "${VMS[@]}"
    run drover maintenance "$1" off
    expect 0
    wait_for 60 all_hosts_are_up
}

@test "droverd killed in mid-drain, and started again, finishes the drain" {
    drain_begins kvm1
    droverd_kill
    run is_empty kvm1 # it was in the middle
    expect 1
    droverd_start
    drain_ends kvm1
}

@test "killed again and again, at once and later" {
    bring kvm2 web1 web2 web3 web4
    run drover maintenance kvm2 on
    expect 0
    droverd_kill # what the operator was told is remembered
    for pause in 0.3 1 2; do
        droverd_start
        sleep "$pause"
        droverd_kill
    done
    droverd_start
    drain_ends kvm2
}

@test "killed, and what it had ordered ends while it is away" {
    bring kvm3 web1 web2
    drain_begins kvm3
    droverd_kill
    nothing_is_sent() {
        run in_the_middle kvm3
        ((status == 1))
    }
    wait_for 60 nothing_is_sent
    droverd_start
    drain_ends kvm3
}

@test "libvirtd of the source restarted in mid-drain: the drain ends" {
    bring kvm1 web1 web2 web3 db1
    drain_begins kvm1
    lab restart-libvirtd kvm1
    drain_ends kvm1
}

@test "libvirtd of a destination restarted in mid-drain: the drain ends" {
    bring kvm1 web1 web2 web3 db1
    drain_begins kvm1
    lab restart-libvirtd kvm2
    drain_ends kvm1
    droverd_lives
}
