#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The main job: a host is put into maintenance, by command, by touch or by API, and its VMs leave it
# while they run. What cannot leave stays, and the drain says why.

load fleet

VMS=(web1 web2 web3 db1 db2 mail1 mail2 dns1)

setup_file() {
    fleet_begin 80 || return 0
    start_vms <<-END
	kvm1 web1 --memory 48 --dirty 4
	kvm1 web2 --memory 32
	kvm1 db1 --memory 64 --dirty 8
	kvm2 web3 --memory 32
	kvm2 db2 --memory 48 --dirty 2
	kvm2 mail1 --memory 32
	kvm3 mail2 --memory 32
	kvm3 dns1 --memory 32
	END
    configure <<-END
	clusters:
	  - {name: default, policy: evenly_distributed}
	limits: {retry: 2s}
	END
    droverd_start
    wait_for 60 knows_fleet 8
}

teardown() {
    show_log_of_failure
    # each test finds all hosts up, also after one that failed
    [[ -n ${LAB_SKIP:-} ]] || {
        rm -f "$FLEET"/maintenance.d/*
        for host in kvm1 kvm2 kvm3; do
            drover maintenance "$host" off >/dev/null || true
        done
        wait_for 30 all_hosts_are_up
    }
}

api() { # METHOD PATH [BODY]
    curl -sS --max-time 30 --unix-socket "$FLEET/drover.sock" -X "$1" ${3:+-d "$3"} \
        -H 'Content-Type: application/json' "http://drover$2"
}

@test "by command: kvm1 is emptied, and taken back" {
    is_on kvm1 web1 web2 db1
    run drover drain kvm1 --timeout 3m
    expect 0
    says "kvm1 is in maintenance"
    host_is kvm1 maintenance
    is_empty kvm1
    run_exactly_once "${VMS[@]}"
    run drover migrations
    says "web1"
    says "completed"
    run drover maintenance kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
    is_empty kvm1 # being up does not bring anything back
}

@test "by touch: a file that is named like a host empties it until the file is gone" {
    bring kvm2 web1 mail2
    touch "$FLEET/maintenance.d/kvm2"
    wait_for 120 host_is kvm2 maintenance
    is_empty kvm2
    run_exactly_once "${VMS[@]}"
    run drover maintenance kvm2 off # the file still asks for it
    expect 3
    says "remove the file"
    host_is kvm2 maintenance
    rm "$FLEET/maintenance.d/kvm2"
    wait_for 30 host_is kvm2 up
}

@test "by API: the answer comes at once, the drain follows" {
    bring kvm3 web1 dns1
    run api POST /v1/maintenance '{"host": "kvm3", "on": true}'
    expect 0
    wait_for 120 host_is kvm3 maintenance
    is_empty kvm3
    run api POST /v1/maintenance '{"host": "kvm3", "on": false}'
    expect 0
    wait_for 30 host_is kvm3 up
    run_exactly_once "${VMS[@]}"
}

@test "ended before its time: what has not left stays, what moves arrives" {
    bring kvm1 "${VMS[@]:0:6}"
    run drover maintenance kvm1 on
    expect 0
    run drover maintenance kvm1 off
    expect 0
    wait_for 60 nothing_moves
    host_is kvm1 up
    run is_empty kvm1
    expect 1
    run_exactly_once "${VMS[@]}"
}

# network_on HOST NAME: a network that only this host has.
network_on() {
    lab exec "$1" bash -c "ip link add $2 type bridge && virsh -q net-create /dev/stdin" <<-END
	<network><name>$2</name><forward mode='bridge'/><bridge name='$2'/></network>
	END
}

@test "a VM that no host accepts stays, and the drain says which filter refused it where" {
    bring kvm1 web1 db1
    network_on kvm1 special
    # droverd learns of a new network at its next look at the host
    droverd_stop
    lab vm start kvm1 stuck --memory 32 --network special
    lab vm start kvm1 big --memory 700
    lab memory kvm2 24000 600
    lab memory kvm3 24000 650
    droverd_start
    wait_for 60 knows_fleet 10
    run drover drain kvm1 --timeout 3m
    expect 3
    echo "$output"
    says "2 VMs cannot leave it"
    says "special"
    [[ $output == *stuck*network*kvm2* && $output == *stuck*network*kvm3* ]]
    [[ $output == *big*memory*kvm2* && $output == *big*memory*kvm3* ]]
    host_is kvm1 preparing_for_maintenance
    is_on kvm1 stuck big
    [ "$(lab vm list kvm1 | wc -l)" -eq 2 ]
    run drover status
    says "stuck"
    run drover explain big
    says "memory"
    run_exactly_once "${VMS[@]}" stuck big

    # the drain goes on trying: room appears, and the VM that waited for it leaves
    lab memory kvm3 off
    wait_for 60 is_on kvm3 big
    lab vm destroy stuck
    wait_for 60 host_is kvm1 maintenance
    run_exactly_once "${VMS[@]}" big
    lab memory kvm2 off
    lab vm destroy big
}
