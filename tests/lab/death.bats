#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts that die: who comes back and in which order, what may go wrong on the way (droverd dies, too;
# so does the next host; there is no room; no device switches), and the dead host's return.

load fleet
load fence

HA=(ha9 ha5 ha1)

setup_file() {
    fleet_begin 92 || return 0
    fences_begin
    loads 10 10 10
    start_vms <<-END
	kvm1 ha1 --memory 32 --metadata $FLEET/ha10.xml
	kvm1 ha5 --memory 32 --metadata $FLEET/ha50.xml
	kvm1 ha9 --memory 32 --metadata $FLEET/ha90.xml --persistent
	kvm1 plain --memory 32 --persistent
	kvm2 other --memory 32 --metadata $FLEET/ha50.xml
	END
    configure_fences
    droverd_start
    wait_for 120 knows_fleet 5
}

# gather HOST: what is highly available runs there, and nothing is under way.
gather() {
    local vm
    for vm in "${HA[@]}" other; do
        [[ $(where "$vm") == "$1" ]] || drover migrate "$vm" --to "$1" >/dev/null || return 1
    done
    wait_for 240 is_on "$1" "${HA[@]}" other
    wait_for 120 nothing_moves
    wait_for 120 knows_on "$1" "${HA[@]}" other
}

power_on() { # HOST
    run drover fence "$1" on
    expect 0
    wait_for 180 host_is "$1" up
    lab load "$1" 10
}

# in_order TEXT...: droverd has said these since mark_log, the first one first.
in_order() {
    local text line last=0
    for text in "$@"; do
        line=$(line_of "$text") || line=0
        if ((line <= last)); then
            echo "expected \"$text\" after line $last of the log, found it at $line"
            return 1
        fi
        last=$line
    done
}

all_run() {
    runs_once "${HA[@]}" other
}

@test "a host is killed: it is fenced, then the highly available start elsewhere, by priority" {
    mark_log
    lab crash kvm1
    wait_for 180 host_is kvm1 down
    wait_for 180 all_run
    in_order 'host kvm1: device says off' 'VM ha9 is started on host' \
        'VM ha5 is started on host' 'VM ha1 is started on host'
    run where plain # the policy is migrate_ha_only
    [ -z "$output" ]
    run logged 'VM plain is started'
    expect 1
}

# kvm1's libvirtd starts ha9 when it starts itself, before drover hears of the host; the hook there is
# closed to starts while droverd cannot be asked, and it cannot.
@test "it comes back with what it had defined, and would start it: that goes, and nothing runs twice" {
    local dir=$DROVER_LAB_DIR/hosts/kvm1
    lab vm list | grep -q "^kvm[23] ha9 running"
    mkdir -p "$dir/etc/libvirt/qemu/autostart"
    ln -s /etc/libvirt/qemu/ha9.xml "$dir/etc/libvirt/qemu/autostart/ha9.xml"
    install -m 755 "$BUILD/drover-hook" "$dir/etc/libvirt/hooks/qemu.d/50-drover"
    echo 'closed = prepare start' >"$dir/etc/drover/hook.conf"
    mark_log
    power_on kvm1
    grep -q 'Hook script.*refused: ' "$dir/var/log/libvirt/libvirtd.log"
    logged 'host kvm1 still has the definition of VM ha9'
    run lab vm list kvm1
    [ "$output" = "kvm1 plain shut_off" ] # no business of a restart's
    [ ! -e "$dir/etc/libvirt/qemu/autostart/ha9.xml" ]
    all_run
    rm "$dir/etc/libvirt/hooks/qemu.d/50-drover" "$dir/etc/drover/hook.conf"
    lab reload kvm1
}

@test "droverd is killed between fencing and restart: the next one goes on" {
    gather kvm2
    lab memory kvm1 4096 8
    lab memory kvm3 4096 8
    wait_for 30 no_room_for_ha9
    mark_log
    lab crash kvm2
    wait_for 180 logged 'VM ha9 cannot be restarted'
    host_is kvm2 down
    droverd_kill
    lab memory kvm1 off
    lab memory kvm3 off
    mark_log
    droverd_start
    wait_for 180 all_run
    host_is kvm2 down # that it is off, is remembered
    run logged 'is told to'
    expect 1
    in_order 'VM ha9 is started on host' 'VM ha5 is started on host' 'VM ha1 is started on host'
    power_on kvm2
    all_run
}

no_room_for_ha9() {
    drover plan fail kvm2 --json | jq -e '[.unplaced[].vm] | index("ha9")' >/dev/null
}

# Starts of ha9 go no further than libvirt's hook there, until that lets go.
hold_starts() { # HOST
    local dir=$DROVER_LAB_DIR/hosts/$1
    : >"$dir/etc/drover/hold"
    cat >"$dir/etc/libvirt/hooks/qemu.d/20-hold" <<-'END'
	#!/bin/sh
	[ "$1 $2" = "ha9 prepare" ] && [ -e /etc/drover/hold ] || exit 0
	: >/run/drover/held
	while [ -e /etc/drover/hold ]; do sleep 0.2; done
	END
    chmod 755 "$dir/etc/libvirt/hooks/qemu.d/20-hold"
    lab reload "$1"
}

let_go() { # HOST
    rm "$DROVER_LAB_DIR/hosts/$1/etc/drover/hold"
}

held_at() { # HOST: a start of ha9 is under way there
    [[ -e $DROVER_LAB_DIR/hosts/$1/run/drover/held ]]
}

held_somewhere() {
    held_at kvm2 || held_at kvm3
}

@test "a second host dies in the middle of a restart: the VM starts on a third, when that is off" {
    local second=kvm2 third=kvm3
    gather kvm1
    hold_starts kvm2
    hold_starts kvm3
    mark_log
    lab crash kvm1
    wait_for 180 held_somewhere
    held_at kvm2 || { second=kvm3 third=kvm2; }
    let_go $third
    lab crash $second
    let_go $second
    wait_for 240 host_is $second down
    wait_for 240 all_run
    is_on $third "${HA[@]}" other
    in_order "host kvm1: device says off" "VM ha9 is started on host $second" \
        "host $second: device says off" "VM ha9 is started on host $third" \
        "VM ha5 is started on host $third" "VM ha1 is started on host $third"
    power_on $second # and what the start had got to there does not come to life
    all_run
    is_on $third "${HA[@]}" other
}

@test "no device can switch it off: a person vouches for it, and it is evacuated by hand" {
    local host
    host=$(where ha9)
    reconfigure refuse
    mark_log
    lab crash "$host"
    wait_for 180 logged "host $host does not answer and could not be fenced"
    run drover evacuate "$host"
    expect 3
    says 'there is no proof that it is off'
    run logged 'is started on host'
    expect 1
    run drover evacuate "$host" --confirm-host-is-off
    expect 0
    wait_for 180 all_run
    [ "$(where ha9)" != "$host" ]
    in_order 'confirmed to be off by' 'VM ha9 is started on host'
    reconfigure
}
