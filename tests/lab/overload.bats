#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Overload moves a VM away, and then moving stops. libvirt on each host reports the load that the
# test wants, so droverd sees what it would see on a busy fleet. Rounds are short here: a round of
# one second makes of half a minute what thirty rounds of a minute are elsewhere.

load fleet

VMS=(web1 web2 web3 db1 db2 mail1 mail2 dns1)

setup_file() {
    fleet_begin 83 || return 0
    loads 30 30 30
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 web2 --memory 32
	kvm1 web3 --memory 32
	kvm1 db1 --memory 32
	kvm2 db2 --memory 32
	kvm2 mail1 --memory 32
	kvm3 mail2 --memory 32
	kvm3 dns1 --memory 32
	END
    configure_rounds 5s
    droverd_start
    wait_for 60 knows_fleet 8
}

# configure_rounds COOLDOWN: an overload counts after three seconds, and rounds are a second apart.
configure_rounds() {
    configure <<-END
	clusters:
	  - name: default
	    policy:
	      extends: evenly_distributed
	      parameters: {even_distribution.cpu_overcommit_duration: 3s}
	limits: {round: 1s, cooldown: $1}
	poll: 0.5s
	END
}

rounds_pass() { # N: droverd looks at the fleet so often
    sleep "$1"
}

places() {
    lab vm list | sort
}

completed() {
    migrations_that completed
}

completed_more_than() { # N
    (($(completed) > $1))
}

load_is_under() { # HOST PERCENT: to droverd, whose last sample may be older than the lab's figures
    drover hosts --json | jq -e --arg host "$1" --argjson percent "$2" \
        '.[] | select(.name == $host) | .cpu_usage_pct < $percent' >/dev/null
}

@test "an even fleet is left alone" {
    before=$(places)
    rounds_pass 5
    [ "$(completed)" -eq 0 ]
    [ "$(places)" = "$before" ]
    run drover plan balance
    expect 0
    says "no host has had 80 % of CPU load"
}

@test "a load that comes and goes is no overload" {
    for _ in 1 2 3; do
        lab load kvm1 95
        sleep 1
        lab load kvm1 40
        sleep 1.5
    done
    [ "$(completed)" -eq 0 ]
}

@test "an overloaded host hands a VM on, and with its load gone nothing moves any more" {
    lab load kvm1 95
    wait_for 60 completed_more_than 0
    loads 72 45 30 # the VM took its load along; kvm1 is under 80 %, and no place for others
    wait_for 60 load_is_under kvm1 80
    wait_for 60 nothing_moves
    moves=$(completed)
    ((moves <= 3))
    run drover migrations
    says "CPU load of kvm1 has been 80 % or more"
    says "balance"
    rounds_pass 6 # until the cool-down is over: from here on only the gap between the bounds holds
    [ "$(completed)" -eq "$moves" ]
    before=$(places)
    rounds_pass 20
    [ "$(completed)" -eq "$moves" ]
    [ "$(places)" = "$before" ]
    run_exactly_once "${VMS[@]}"
}

@test "an overload that does not end empties the host, one VM at a time, and none comes back" {
    moves=$(completed)
    left=$(lab vm list kvm1 | wc -l)
    ((left >= 1))
    loads 95 30 30
    wait_for 120 is_empty kvm1
    wait_for 60 nothing_moves
    rounds_pass 8
    [ "$(completed)" -eq "$((moves + left))" ]
    is_empty kvm1
    run_exactly_once "${VMS[@]}"
}

@test "where all are overloaded nothing moves, and drover says why" {
    bring kvm1 web1
    loads 95 95 95
    rounds_pass 5 # till then one may be on its way
    wait_for 60 nothing_moves
    moves=$(completed)
    rounds_pass 6
    [ "$(completed)" -eq "$moves" ]
    run drover plan balance
    expect 0
    says "no VM of the overloaded hosts fits another"
    loads 30 30 30
}

@test "a VM that has moved rests, even where its host is overloaded next" {
    configure_rounds 10m
    wait_for 30 logged 'is in force'
    moves=$(completed)
    resting=$(lab vm list kvm2 | wc -l)
    # all VMs have moved within the last ten minutes but those that were here from the beginning
    loads 30 95 30
    wait_for 60 completed_more_than "$moves"
    rounds_pass 8
    (($(completed) <= moves + 2)) # db2 and mail1
    (($(lab vm list kvm2 | wc -l) >= resting - 2))
    loads 30 30 30
    run_exactly_once "${VMS[@]}"
}
