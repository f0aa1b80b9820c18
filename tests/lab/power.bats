#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts that are switched off though nothing is wrong with them, and on again: to save power, and in
# maintenance. The switches are the lab's: what is off is off.

load fleet

setup_file() {
    fleet_begin 86 || return 0
    export OUTSIDE=$$ # lives until the end of this file
    install -d -m 755 "$FLEET/bin"
    install -m 755 "$SRC/contrib/lab/fence_lab" "$FLEET/bin/fence_lab"
    start_vms <<-END
	kvm1 one --memory 32
	kvm2 two --memory 32
	kvm3 three --memory 32
	END
    loads 40 40 40
    configure_fleet none
    droverd_start
    wait_for 60 knows_fleet 3
}

configure_fleet() { # POLICY
    local host
    {
        echo 'hosts:'
        for host in kvm1 kvm2 kvm3; do
            cat <<-END
	  - name: $host
	    uri: "$(lab uri $host)"
	    power_management: yes
	    fence:
	      - unit: fence_agent
	        timeout: 60s
	        parameters:
	          agent: fence_lab
	          plug: $host
	          directory: $FLEET/bin
	          tries: 1
	          settle: 1s
	          options: "lab_dir=$DROVER_LAB_DIR lab=$LAB_COMMAND outside=$OUTSIDE"
	END
        done
        cat <<-END
	clusters:
	  - {name: default, policy: $1}
	limits: {retry: 1s, grace: 4s, round: 1s, cooldown: 1s}
	fencing: {quiet_start: 0s, grace_per_vm: 0s, retry: 5s}
	power: {retry: 5s, boot: 5m}
	connect_retry: 1s
	keepalive: 1s
	keepalive_count: 3
	call_timeout: 10s
	END
    } | put_config
}

reconfigure() { # POLICY
    configure_fleet "$1"
    run drover reload
    expect 0
}

saving='{extends: power_saving, parameters: {power_saving.cpu_overcommit_duration: 3s, low_utilization: 20%, enable_automatic_host_power_management: yes}}'

not_logged() { # TEXT
    if logged "$1"; then return 1; fi
}

is_off() { # HOST: by the lab, not by drover
    lab status | awk -v host="$1" '$1 == host { print $2 }' | grep -qx off
}

is_back_with() { # HOST VM
    host_is "$1" up && is_on "$1" "$2" && nothing_moves
}

@test "power saving empties a host, and switches it off" {
    mark_log
    loads 50 5 50
    reconfigure "$saving"
    wait_for 120 is_off kvm2
    wait_for 60 host_is kvm2 down
    wait_for 60 host_is kvm1 up
    wait_for 60 host_is kvm3 up
    run_exactly_once one two three
    logged 'its libvirt has just said that no VM runs there'
    not_logged 'host kvm2, probed'
}

@test "a new droverd knows why the host is off, and leaves it alone" {
    droverd_kill
    mark_log
    droverd_start
    wait_for 60 host_is kvm1 up
    wait_for 60 host_is kvm2 down
    wait_for 60 logged 'kvm2: cannot be reached'
    is_off kvm2
    run drover status
    expect 0
    not_logged 'host kvm2, probed'
    not_logged 'kvm2: fence_agent'
}

@test "when there is too much to do, it is switched on, and takes VMs again" {
    lab load kvm1 95
    lab load kvm3 95
    wait_for 240 host_is kvm2 up
    lab load kvm2 5 # a host that boots has the machine's own
    some_vm_is_on_kvm2() { [[ -n $(lab vm list kvm2) ]] && nothing_moves; }
    wait_for 120 some_vm_is_on_kvm2
    reconfigure none
    loads 40 40 40
    wait_for 120 nothing_moves # what had begun before that
    for host in kvm1 kvm2 kvm3; do # what the policy emptied stays so without it
        run drover maintenance "$host" off
        expect 0
    done
    wait_for 240 all_hosts_are_up
    run_exactly_once one two three
}

@test "maintenance switches a host off, and its end brings the host and its VMs back" {
    bring kvm1 one
    bring kvm2 two
    wait_for 60 is_on kvm2 two
    wait_for 60 all_hosts_are_up
    run drover maintenance kvm2 on --wait --power-off
    expect 0
    is_empty kvm2
    wait_for 60 is_off kvm2
    host_is kvm2 maintenance
    run drover maintenance kvm2 off --move-home
    expect 0
    wait_for 240 is_back_with kvm2 two
    run_exactly_once one two three
}
