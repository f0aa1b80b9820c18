#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The journal of real hosts: a drain, a host that loses its power, a droverd that is killed and
# started again. It is replayed to the same decisions; another policy is told from the first one
# that it makes otherwise; and a policy in shadow has said all along what it would have done.

load fleet

setup_file() {
    fleet_begin 89 || return 0
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 db1 --memory 32 --dirty 2
	kvm2 web2 --memory 32
	kvm3 mail1 --memory 32
	END
    cat >"$FLEET/lua/low.lua" <<-'END'
	return {
	    abi = 1, kind = "weight", name = "low", summary = "hosts with low numbers",
	    weigh = function(_, _, host) return tonumber(host.name:sub(4)) end,
	}
	END
    sed 's/"low"/"high"/; s/return tonumber/return -tonumber/; s/low num/high num/' \
        "$FLEET/lua/low.lua" >"$FLEET/lua/high.lua"
    site_policy low
    site_policy high
    configure <<-END
	clusters:
	  - {name: default, policy: low, shadow: high}
	limits: {retry: 1s, grace: 4s}
	connect_retry: 1s
	call_timeout: 4s
	END
    droverd_start
    wait_for 60 knows_fleet 4
}

site_policy() { # NAME
    cat >"$FLEET/policies/$1.yaml" <<-END
	policy: $1
	filters: [memory, network, storage]
	weights: {site/$1: 1}
	END
}

replay() {
    run drover replay "$FLEET/drover.db" --config "$FLEET/drover.yaml" "$@"
}

@test "a drain, decided by one policy and watched by another" {
    run drover drain kvm1 --timeout 3m
    expect 0
    is_on kvm2 web1 db1
    run drover shadow
    expect 0
    says 'VM web1: kvm2 by low, kvm3 by high'
    says 'VM db1: kvm2 by low, kvm3 by high'
    says 'site/low'
    run drover status
    says 'shadow: 0 of 2 decisions'
    run curl -sS --unix-socket "$FLEET/drover.sock" http://drover/metrics
    says 'drover_shadow_decisions_total{result="differed"} 2'
}

@test "a snapshot of the fleet goes on in a made world, and is replayed from there" {
    drover snapshot >"$FLEET/now.yaml"
    run drover simulate --config "$FLEET/drover.yaml" --fleet "$FLEET/now.yaml" --for 1h \
        --drain kvm2@10m --journal "$FLEET/made.db"
    expect 0
    says 'VM web1 moves from host kvm2 to host'
    run drover replay "$FLEET/made.db" --config "$FLEET/drover.yaml"
    expect 0
    says 'The state at the end is the same.'
}

@test "a host loses its power, and droverd is killed and started again" {
    lab crash kvm3
    wait_for 60 host_is kvm3 non_responsive
    droverd_kill
    droverd_start
    wait_for 60 host_is kvm1 maintenance
    run drover maintenance kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
    run drover migrate web1 --to kvm1 --wait
    expect 0
    is_on kvm1 web1
}

@test "while droverd runs, its journal replays to the same decisions" {
    replay --json
    expect 0
    says '"same":true'
    says '"runs":2,'
    says '"decisions":3,'
    says '"skipped":0,'
    says '"notes":[]'
}

@test "another policy is told from its first decision" {
    replay --policy high
    expect 1
    says 'First decision that differs'
    says 'then kvm2 (policy low); now kvm3 (policy high)'
    says 'site/high on kvm3: not weighed; now raw -3'
}

@test "when droverd has ended, too, also where the units have changed since" {
    droverd_stop
    sed -i 's/return tonumber/return -tonumber/' "$FLEET/lua/low.lua"
    replay
    expect 0
    says 'Nothing differs.'
    replay --plugin "$FLEET/lua/low.lua"
    expect 1
    says 'then kvm2 (policy low); now kvm3 (policy low)'
}
