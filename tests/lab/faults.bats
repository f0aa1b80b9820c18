#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts that hang, and hosts that are cut off. The others do not wait for them; what was lost is
# shown, and nothing is started a second time.

load fleet

VMS=(web1 web2 web3 web4 db1 db2 mail1 dns1)

setup_file() {
    fleet_begin 86 || return 0
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 web2 --memory 32
	kvm1 web3 --memory 32
	kvm1 web4 --memory 32
	kvm2 db1 --memory 32 --dirty 2
	kvm2 db2 --memory 32
	kvm3 mail1 --memory 32
	kvm3 dns1 --memory 32
	END
    configure <<-END
	clusters:
	  - {name: default, policy: evenly_distributed}
	limits: {retry: 1s, grace: 4s}
	connect_retry: 1s
	keepalive: 1s
	keepalive_count: 3
	call_timeout: 4s
	END
    droverd_start
    wait_for 60 knows_fleet 8
}

teardown() {
    show_log_of_failure
    [[ -n ${LAB_SKIP:-} ]] || {
        lab thaw kvm3
        lab join kvm3
        for host in kvm1 kvm2 kvm3; do
            drover maintenance "$host" off >/dev/null || true
        done
        wait_for 60 all_hosts_are_up
    }
}

is_not_up() { # HOST
    [[ $(host_state "$1") != up ]]
}

@test "a hung host does not delay moves between the others" {
    lab freeze kvm3
    # at once, while droverd still believes in kvm3 ...
    run drover migrate web1 --to kvm2 --wait --timeout 3m
    expect 0
    is_on kvm2 web1
    # ... and when it has noticed
    wait_for 60 is_not_up kvm3
    run drover drain kvm1 --timeout 3m
    expect 0
    is_on kvm2 web1 web2 web3 web4
    is_not_up kvm3 # it hangs still: nobody has waited for it
    run drover log
    says "it did not answer keepalive messages"
    lab thaw kvm3
    wait_for 60 host_is kvm3 up
    is_on kvm3 mail1 dns1
    run drover maintenance kvm1 off
    expect 0
    run_exactly_once "${VMS[@]}"
}

@test "moves to a host that hangs hold up nothing but themselves, and end after all" {
    bring kvm1 web1 web2 web3 web4
    wait_for 30 knows_fleet 8
    lab freeze kvm3
    # as many as may leave kvm1 at a time: libvirt waits for kvm3, and cannot be told not to
    run drover migrate web1 --to kvm3
    expect 0
    run drover migrate web4 --to kvm3
    expect 0
    wait_for 60 is_not_up kvm3
    run drover migrate web2 --to kvm2 --wait --timeout 3m
    expect 0
    is_on kvm2 web2
    run drover drain kvm2 --timeout 3m
    expect 0
    is_on kvm1 web2 db1 db2
    is_not_up kvm3
    lab thaw kvm3
    wait_for 60 host_is kvm3 up
    wait_for 120 nothing_moves
    run_exactly_once "${VMS[@]}"
}

@test "a host that is cut off: connecting, then non_responsive, and nothing is started again" {
    before=$(lab vm list kvm3)
    mark_log
    lab cut kvm3
    wait_for 60 logged 'host kvm3 is connecting (was up)'
    wait_for 60 host_is kvm3 non_responsive
    run drover status
    says "kvm3"
    says "non_responsive"
    sleep 3
    [ "$(lab vm list kvm3)" = "$before" ]
    run drover vms
    says "mail1"
    says "dns1"
    run drover drain kvm1 --timeout 3m # the others go on
    expect 0
    run drover migrate mail1 # nobody can ask its host
    expect 3
    says "kvm3 cannot be reached"
    lab join kvm3
    wait_for 60 host_is kvm3 up
    [ "$(lab vm list kvm3)" = "$before" ]
    run_exactly_once "${VMS[@]}"
}

@test "a host in maintenance may be away" {
    run drover drain kvm3 --timeout 3m
    expect 0
    lab crash kvm3
    mark_log
    wait_for 60 logged 'host kvm3: connection lost'
    sleep 5
    host_is kvm3 maintenance
    lab boot kvm3
    wait_for 60 logged 'host kvm3'
    wait_for 30 host_is kvm3 maintenance # and connecting until it has told what it has
    run drover maintenance kvm3 off
    expect 0
    wait_for 60 host_is kvm3 up
    run_exactly_once "${VMS[@]}"
}
