#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A guest that writes faster than the link carries, under the policy minimal_downtime: the allowed
# pause is raised step by step, and where that does not help the migration is given up and the guest
# runs on where it was.

load fleet

VMS=(wild calm1 calm2 calm3 calm4 calm5 calm6 calm7)

setup_file() {
    fleet_begin 85 || return 0
    start_vms <<-END
	kvm1 wild --memory 36 --dirty 400
	kvm1 calm1 --memory 32
	kvm1 calm2 --memory 32
	kvm2 calm3 --memory 32
	kvm2 calm4 --memory 32
	kvm2 calm5 --memory 32
	kvm3 calm6 --memory 32
	kvm3 calm7 --memory 32
	END
    bandwidth 256 # Mbps: 15 MiB/s for each of two at a time
    droverd_start
    wait_for 60 knows_fleet 8
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

bandwidth() { # MBPS
    configure <<-END
	clusters:
	  - name: default
	    policy:
	      extends: evenly_distributed
	      migration: {policy: minimal_downtime, bandwidth: $1}
	limits: {retry: 2s, retry_limit: 1h}
	poll: 1s
	database: drover.db
	END
}

@test "the pause is raised step by step, then the migration is given up; the VM runs on" {
    run drover drain kvm1 --timeout 4m
    expect 1 # no filter refuses it: it cannot be moved as the policy wants
    says "1 VM cannot leave it"
    says "wild"
    says "it did not converge within its policy's schedule"
    for pause in 150 200 300 400 500; do
        logged "VM wild does not converge"
        logged "a pause of $pause ms is allowed now"
    done
    is_on kvm1 wild
    [[ $(where calm1) == kvm[23] && $(where calm2) == kvm[23] ]]
    run drover migrations
    says "aborted"
    run drover status
    says "wild"
    run_exactly_once "${VMS[@]}"
}

@test "on a faster link it goes" {
    run drover maintenance kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
    mark_log
    bandwidth auto
    wait_for 30 logged 'is in force'
    run drover migrate wild --wait --timeout 4m
    expect 0
    is_on "$(where wild)" wild
    [[ $(where wild) == kvm[23] ]]
    run_exactly_once "${VMS[@]}"
}
