#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Units in Lua decide where real VMs go: one that ships with drover, and one of the site, which is
# changed, broken and made hostile while droverd runs.

load fleet

VMS=(web1 web2 web3 db1 db2 mail1 mail2 dns1)

setup_file() {
    fleet_begin 82 || return 0
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 web2 --memory 32
	kvm1 web3 --memory 32
	kvm1 db1 --memory 32 --dirty 2
	kvm2 db2 --memory 32
	kvm2 mail1 --memory 32
	kvm3 mail2 --memory 32
	kvm3 dns1 --memory 32
	END
    configure_with '[cpu, memory, network, storage]' ''
    droverd_start
    wait_for 60 knows_fleet 8
}

configure_with() { # FILTERS PARAMETERS
    configure <<-END
	clusters:
	  - name: default
	    policy: {extends: evenly_distributed, filters: $1, parameters: {$2}}
	groups:
	  - {name: web, vms: [web1, web2, web3], vm_rule: disabled}
	limits: {retry: 2s}
	END
}

# reconfigured COMMAND...: droverd sees by itself that a file has changed.
reconfigured() {
    mark_log
    "$@"
    wait_for 30 logged 'is in force'
}

# keep_off RACK: a filter of the site's, written anew.
keep_off() {
    cat >"$FLEET/.keep_off.new" <<-END
	return {
	    abi = 1, kind = "filter", name = "keep_off", summary = "keeps VMs off one rack",
	    reasons = { ["keep_off.rack"] = { text = "its rack is being rewired" } },
	    filter = function(self, ask, host)
	        if host.labels.rack == "$1" then
	            return false, "keep_off.rack", "rack $1 is being rewired"
	        end
	        return true
	    end,
	}
	END
    put_keep_off
}

put_keep_off() {
    chmod 644 "$FLEET/.keep_off.new"
    mv "$FLEET/.keep_off.new" "$FLEET/lua/keep_off.lua"
}

@test "rack_limit: no more than one VM of a group in a rack, and the third stays" {
    reconfigured configure_with '[cpu, memory, network, storage, rack_limit]' \
        'rack_limit.limit: 1, rack_limit.group: web'
    run drover drain kvm1 --timeout 3m
    expect 3
    says "rack_limit"
    says "rack b has 1 VMs of group web already; 1 may be there"
    says "rack c has 1 VMs of group web already; 1 may be there"
    is_on kvm1 web3 # by name: web1 and web2 went first
    [ "$(printf '%s\n' "$(where web1)" "$(where web2)" | sort | xargs)" = "kvm2 kvm3" ]
    [[ $(where db1) == kvm[23] ]] # it is in no group
    run drover explain web3
    says "rack_limit"
    run drover maintenance kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
    run_exactly_once "${VMS[@]}"
}

@test "a filter of the site: without it VMs go to kvm2 and kvm3, with it to kvm3 alone" {
    reconfigured configure_with '[cpu, memory, network, storage]' ''
    bring kvm1 web1 web2 web3 db1
    wait_for 30 is_on kvm1 web1 web2 web3 db1
    run drover explain db1 --to kvm2
    expect 0
    keep_off b
    reconfigured configure_with '[cpu, memory, network, storage, site/keep_off]' ''
    run drover explain db1
    expect 0
    says "rack b is being rewired"
    run drover drain kvm1 --timeout 3m
    expect 0
    is_on kvm3 web1 web2 web3 db1
    run_exactly_once "${VMS[@]}"
    run drover maintenance kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
}

@test "the filter is changed while droverd runs: VMs go to kvm2 now" {
    bring kvm1 web1 web2 web3 db1
    wait_for 30 knows_fleet 8
    reconfigured keep_off c
    run drover explain db1
    says "rack c is being rewired"
    run drover drain kvm1 --timeout 3m
    expect 0
    is_on kvm2 web1 web2 web3 db1
    run drover maintenance kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
}

@test "a broken file is refused, with its line, and the old filter goes on" {
    mark_log
    cat >"$FLEET/.keep_off.new" <<-'END'
	return {
	    abi = 1, kind = "filter", name = "keep_off",
	    filter = fnction() end,
	}
	END
    put_keep_off
    wait_for 30 logged 'the set that was in force stays'
    logged 'keep_off.lua:3'
    droverd_lives
    run drover reload
    expect 2
    run drover explain db1
    expect 0
    says "rack c is being rewired"
}

@test "one that never ends costs its own say, and nothing else" {
    cat >"$FLEET/.keep_off.new" <<-'END'
	return {
	    abi = 1, kind = "filter", name = "keep_off", summary = "never ends",
	    filter = function(self, ask, host)
	        while true do pcall(error, "again") end
	    end,
	}
	END
    reconfigured put_keep_off
    bring kvm1 web1
    run drover drain kvm1 --timeout 3m
    expect 3 # a filter that fails denies, unless on_error says otherwise
    says "keep_off"
    is_on kvm1 web1
    droverd_lives
    reconfigured keep_off c # repaired: the drain goes on by itself
    wait_for 60 host_is kvm1 maintenance
    run_exactly_once "${VMS[@]}"
}
