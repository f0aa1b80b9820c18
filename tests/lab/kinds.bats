#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kinds of moves: cold, confirmed and reverted; by a guest that ignores its power button; offline;
# with disks of their own, also where there is no room for them; paused. Each with real guests, whose heartbeats tell that none ran twice.

load fleet

setup_file() {
    fleet_begin 97 || return 0
    start_vms <<-END
	kvm1 cold1 --memory 32 --persistent
	kvm1 deaf1 --memory 32 --persistent --deaf
	kvm1 paused1 --memory 32 --persistent
	kvm2 off1 --memory 32 --persistent
	END
    local host
    for host in kvm1 kvm3; do
        truncate -s 8M "$DROVER_LAB_DIR/hosts/$host/var/lib/libvirt/disk1.img"
    done
    own_pool kvm1
    printf 'drover was here' | dd of="$(disk_of kvm1)" bs=1 seek=5000000 conv=notrunc status=none
    lab vm start kvm1 disk1 --memory 32 --persistent --local-disk /var/lib/libvirt/disk1.img
    for host in kvm1 kvm2; do
        mkdir -p "$(small_of "$host")"
        by_controller "$host" pool-create-as small dir --target /var/lib/libvirt/small >/dev/null
    done
    head -c 6M /dev/urandom >"$(small_of kvm2)/full1.img"
    lab vm start kvm2 full1 --memory 32 --persistent --local-disk /var/lib/libvirt/small/full1.img
    configure <<-END
	clusters:
	  - {name: default, policy: none}
	limits: {retry: 2s}
	END
    droverd_start
    wait_for 60 knows_fleet 6
}

own_pool() { # HOST: the directory of its own disks is known to its libvirt
    by_controller "$1" pool-create-as own dir --target /var/lib/libvirt >/dev/null
}

disk_of() { # HOST
    echo "$DROVER_LAB_DIR/hosts/$1/var/lib/libvirt/disk1.img"
}

small_of() { # HOST: where a disk is that does not fit elsewhere
    echo "$DROVER_LAB_DIR/hosts/$1/var/lib/libvirt/small"
}

state_at() { # HOST VM: as libvirt there has it; nothing: it is not defined
    lab vm list "$1" | awk -v vm="$2" '$2 == vm { print $3 }'
}

has_state() { # HOST VM STATE
    local state
    state=$(state_at "$1" "$2")
    [[ $state == "$3" ]] || {
        echo "on $1 $2 is ${state:-not defined}, not ${3:-undefined}"
        return 1
    }
}

never_ran_twice() { # VM
    lab vm beats "$1" >/dev/null
}

autostarts() { # HOST VM
    by_controller "$1" dominfo "$2" | grep -q '^Autostart: *enable'
}

@test "cold: shut down, verified, confirmed; its definition and its autostart go along" {
    by_controller kvm1 autostart cold1
    run drover migrate cold1 --to kvm2 --cold --verify --wait --timeout 120
    expect 0
    has_state kvm2 cold1 running
    has_state kvm1 cold1 shut_off
    run autostarts kvm1 cold1
    [ "$status" -ne 0 ]
    run drover migrate cold1 --to kvm3
    expect 3
    run drover abort cold1
    expect 3
    says "drover confirm"
    run drover confirm cold1
    expect 0
    wait_for 30 has_state kvm1 cold1 ""
    autostarts kvm2 cold1
    never_ran_twice cold1
}

@test "cold: reverted, it runs where it came from, and droverd may be killed in between" {
    run drover migrate cold1 --to kvm3 --cold --verify --wait --timeout 120
    expect 0
    has_state kvm3 cold1 running
    droverd_kill
    droverd_start
    wait_for 60 all_hosts_are_up
    run drover revert cold1 --wait --timeout 120
    expect 0
    has_state kvm2 cold1 running
    wait_for 30 has_state kvm3 cold1 ""
    never_ran_twice cold1
}

@test "cold: a guest that ignores its power button runs on, and nothing is defined elsewhere" {
    run drover migrate deaf1 --to kvm2 --cold --shutdown-timeout 3s --wait --timeout 120
    expect 1
    says "did not shut down"
    has_state kvm1 deaf1 running
    has_state kvm2 deaf1 ""
}

@test "cold: where it cannot be started it is started where it was" {
    # the destination lacks what its serial port writes to
    mv "$DROVER_LAB_DIR/hosts/kvm3/var/log/libvirt/serial" "$DROVER_LAB_DIR/hosts/kvm3/var/log/libvirt/away"
    run drover migrate cold1 --to kvm3 --cold --wait --timeout 180
    mv "$DROVER_LAB_DIR/hosts/kvm3/var/log/libvirt/away" "$DROVER_LAB_DIR/hosts/kvm3/var/log/libvirt/serial"
    expect 1
    has_state kvm2 cold1 running
    wait_for 30 has_state kvm3 cold1 ""
    never_ran_twice cold1
}

@test "offline: a VM that is off moves by its definition, and only so" {
    by_controller kvm2 shutdown off1
    wait_for 60 has_state kvm2 off1 shut_off
    run drover migrate off1 --to kvm3
    expect 3
    says "--offline"
    run drover migrate off1 --to kvm3 --offline --wait --timeout 60
    expect 0
    has_state kvm3 off1 shut_off
    has_state kvm2 off1 ""
    run drover migrate deaf1 --offline
    expect 3
    says "--cold"
}

@test "with its disk: hosts that do not share it take it along, live" {
    run drover migrate disk1 --to kvm3
    expect 3
    own_pool kvm3
    run drover migrate disk1 --to kvm3 --copy-storage --wait --timeout 180
    expect 0
    is_on kvm3 disk1
    has_state kvm1 disk1 ""
    cmp "$(disk_of kvm1)" "$(disk_of kvm3)"
    never_ran_twice disk1
    # kvm2 has neither the disk nor a pool there
    run drover migrate disk1 --to kvm2 --copy-storage --wait --timeout 120
    expect 1
    says "virsh pool-define-as"
    is_on kvm3 disk1
    # an incremental copy makes nothing that is not there
    own_pool kvm2
    run drover migrate disk1 --to kvm2 --copy-storage=incremental --wait --timeout 120
    expect 1
    says "copy in full"
    is_on kvm3 disk1
}

@test "with its disk, incrementally: on what is there already" {
    truncate -s 8M "$(disk_of kvm2)"
    run drover migrate disk1 --to kvm2 --copy-storage=incremental --wait --timeout 180
    expect 0
    is_on kvm2 disk1
    cmp "$(disk_of kvm2)" "$(disk_of kvm3)"
    run_exactly_once disk1
}

@test "with its disk: no room at the destination, before and amid the copy; the queue goes on" {
    lab exec kvm1 mount -t tmpfs -o size=2m tmpfs /var/lib/libvirt/small
    run drover migrate full1 --to kvm1 --copy-storage --wait --timeout 120
    expect 1
    says "No space left on device"
    says "make room there"
    lab exec kvm1 truncate -s 6M /var/lib/libvirt/small/full1.img # and now it seems to fit
    drover migrate full1 --to kvm1 --copy-storage
    run drover migrate disk1 --to kvm3 --copy-storage --wait --timeout 180
    expect 0
    wait_for 120 nothing_moves # full1 has found out that it did not fit
    run drover migrate full1 --wait --timeout 120 --to kvm1 --copy-storage
    expect 1
    says "migration of disk vdc failed: No space left on device"
    says "make room there"
    has_state kvm2 full1 running
    has_state kvm1 full1 ""
    run_exactly_once full1 disk1
    # with room for it nothing stands in its way
    lab exec kvm1 mount -o remount,size=16m /var/lib/libvirt/small
    run drover migrate full1 --to kvm1 --copy-storage --wait --timeout 180
    expect 0
    is_on kvm1 full1
    has_state kvm2 full1 ""
    lab exec kvm1 cat /var/lib/libvirt/small/full1.img | cmp - "$(small_of kvm2)/full1.img"
    run_exactly_once full1
}

@test "paused: it moves, and stays paused" {
    by_controller kvm1 suspend paused1
    run drover migrate paused1 --to kvm2 --cold
    expect 3
    says "resume it first"
    run drover migrate paused1 --to kvm2 --wait --timeout 120
    expect 0
    has_state kvm2 paused1 paused
    by_controller kvm2 resume paused1
    run_exactly_once paused1
}

@test "tunnelled: by the libvirtds' own connection" {
    run drover migrate deaf1 --to kvm3 --tunnelled --wait --timeout 120
    expect 0
    is_on kvm3 deaf1
    run_exactly_once deaf1
}
