#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a host says of itself when its libvirt does not answer: that it writes a dump of its kernel,
# by the message of a crash kernel; that it lives, by a file on shared storage.

load fleet
load fence

SENDER=/usr/libexec/fence-agents/fence_kdump_send

host_lines() {
    printf '    heartbeat: %s\n' "$FLEET/shared/$1"
}

device_lines() {
    printf '      - {unit: fence_kdump, timeout: 15s}\n'
}

setup_file() {
    fleet_begin 94 || return 0
    fences_begin
    mkdir "$FLEET/shared"
    loads 10 10 10
    start_vms <<-END
	kvm1 ha9 --memory 32 --metadata $FLEET/ha90.xml
	kvm2 other --memory 32 --metadata $FLEET/ha50.xml
	END
    configure_fences
    droverd_start
    wait_for 60 knows_fleet 2
}

setup() {
    skip_without_lab
    helper=''
}

teardown() {
    show_log_of_failure
    [[ -z $helper ]] || kill "$helper" 2>/dev/null || true
}

# in_background HOST COMMAND...: on the host, until the end of the test.
in_background() {
    "$LAB_COMMAND" exec "$@" </dev/null >/dev/null 2>&1 3>&- 4>&- &
    helper=$!
    disown
}

@test "a host's kernel crashes and writes a dump: its VMs come back, and nobody switches it" {
    [[ -x $SENDER ]] || skip "fence_kdump_send of the package fence-agents is not here"
    mark_log
    in_background kvm1 "$SENDER" -i 1 "$DROVER_LAB_NET.1"
    # What its crash leaves of it: no guest, no service, and a kernel that refuses connections.
    # shellcheck disable=SC2016 # expanded on the host
    lab exec kvm1 sh -c 'kill -KILL "$(cat /run/libvirtd.pid)" &&
        kill -KILL "$(cat /run/libvirt/qemu/ha9.pid)"'
    wait_for 60 host_is kvm1 down
    logged 'it writes a dump of its kernel'
    drover status | grep -q 'heard to run no guests any more, by fence_kdump'
    wait_for 90 runs_elsewhere kvm1 ha9
    run logged 'is told to'
    expect 1
    [ "$(lab status | awk '$1 == "kvm1" { print $2 }')" != off ]
    kill "$helper"
    helper=''
    lab restart-libvirtd kvm1 # it has rebooted
    wait_for 60 host_is kvm1 up
    runs_once ha9
    run_exactly_once other
}

@test "a host is cut off and writes its file on shared storage: it is taken for alive" {
    mark_log
    in_background kvm2 "$SRC/contrib/systemd/drover-heartbeat" "$FLEET/shared/kvm2" 1
    wait_for 30 test -s "$FLEET/shared/kvm2"
    lab cut kvm2
    wait_for 90 logged 'kvm2 is being written'
    wait_for 30 logged 'host kvm2: fence_ssh_restart is told to bring its libvirtd back'
    lab join kvm2
    wait_for 60 host_is kvm2 up
    run logged 'switch it off'
    expect 1
    run_exactly_once other
}
