#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Guests that write faster than their links carry, under every migration policy there is. Pauses are
# raised step by step; where they do not help the migration is given up and the guest runs on where it
# was, or it stands still for long, or goes on over there before its memory does: as its policy has it.
# Four of them have a policy of their own, and move at the same time.

load fleet

VMS=(wild calm1 calm2 calm3 calm4 calm5 calm6 calm7 stands follows shrinks endless)

setup_file() {
    fleet_begin 85 || return 0
    loads 30 30 30 # whatever else this machine does
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
    # Mbps: 15 MiB/s for each of two at a time
    policy_has "policy: minimal_downtime, bandwidth: 256"
    droverd_start
    wait_for 60 knows_fleet 8
}

policy_has() { # "KEY: VALUE, ..." of its section migration; the same of its parameters
    configure <<-END
	clusters:
	  - name: default
	    policy:
	      extends: evenly_distributed
	      parameters: {${2:-}}
	      migration: {$1}
	limits: {retry: 2s, retry_limit: 1h}
	END
}

change_policy() {
    mark_log
    policy_has "$@"
    wait_for 30 logged 'is in force'
}

wishes() { # POLICY [LABELS]: a file with what a VM says of its own migrations
    cat >"$FLEET/$1.xml" <<-END
	<drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1">
	  <drover:label key="migration.policy" value="$1"/>${2:-}
	</drover:vm>
	END
    echo "$FLEET/$1.xml"
}

other_host() { # VM: one on which it is not
    [[ $(where "$1") == kvm2 ]] && echo kvm3 || echo kvm2
}

# arrives VM: by one move, which ends where it was to go.
arrives() {
    local to
    to=$(other_host "$1")
    run drover migrate "$1" --to "$to" --wait --timeout 4m
    expect 0
    is_on "$to" "$1"
    run_exactly_once "$1"
}

has_come_to() { # STATE VM HOST
    drover migrations --all --json | jq -e --arg state "$1" --arg vm "$2" \
        '[.[] | select(.vm == $vm)] | max_by(.id).state == $state' >/dev/null &&
        is_on "$3" "$2"
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
    run_exactly_once "${VMS[@]:0:8}"
}

@test "on a faster link it goes" {
    run drover maintenance kvm1 off
    expect 0
    wait_for 30 host_is kvm1 up
    change_policy "policy: minimal_downtime, bandwidth: auto"
    run drover migrate wild --wait --timeout 4m
    expect 0
    is_on "$(where wild)" wild
    [[ $(where wild) == kvm[23] ]]
    run_exactly_once "${VMS[@]:0:8}"
}

@test "four guests that write too fast leave at once, each by a policy of its own" {
    # what it writes would compress to next to nothing
    as_it_is='<drover:label key="migration.compress" value="no"/>'
    start_vms <<-END
	kvm2 stands --memory 36 --dirty 80 --metadata $(wishes suspend_if_needed "$as_it_is")
	kvm3 follows --memory 36 --dirty 80 --metadata $(wishes post_copy)
	kvm1 shrinks --memory 50 --dirty 80 --metadata $(wishes drover)
	kvm1 endless --memory 30 --dirty 30 --metadata $(wishes drover)
	END
    wait_for 60 knows_fleet 12
    # 1 MiB/s from its first byte on: its 30 s are over when memory has hardly been walked once,
    # however little of the processor its guest was given to write with
    change_policy "policy: minimal_downtime, bandwidth: 8, auto_converge: no" \
        "stall_time: 1s, seconds_per_gib: 1000"
    drover migrate endless --to kvm3
    drover migrations set endless --bandwidth 8 # and whatever the policy says from here on
    change_policy "policy: minimal_downtime, bandwidth: 256, auto_converge: no" \
        "max_downtime_ms: 20000, stall_time: 1s, seconds_per_gib: 1000"
    drover migrate stands --to kvm1
    drover migrate follows --to kvm2
    drover migrate shrinks --to kvm3
    wait_for 240 nothing_moves
}

@test "suspend_if_needed: it has stood still for as long as its memory took, and has arrived" {
    has_come_to completed stands kvm1
    logged "VM stands does not converge" | grep -F "a pause of 500 ms is allowed now"
    logged "VM stands does not converge" | grep -F "a pause of 5000 ms is allowed now"
    run_exactly_once stands
}

@test "post_copy: it has gone on over there, and its memory has followed" {
    has_come_to completed follows kvm2
    logged "VM follows does not converge" | grep -F "a pause of 200 ms is allowed now"
    logged "VM follows does not converge" | grep -F "switching to post-copy"
    run_exactly_once follows
}

@test "drover: the pause was raised at once to what the smallest walk needed" {
    has_come_to completed shrinks kvm3
    logged "VM shrinks does not converge" | grep -F "what remains has stopped to shrink"
    run logged "VM shrinks does not converge"
    [ "${#lines[@]}" -le 3 ] # of twelve steps
    run_exactly_once shrinks
}

@test "drover: what does not end is ended by its time, and the VM runs on" {
    has_come_to aborted endless kvm1
    logged "VM endless: move from host kvm1 to host kvm3 aborted" | grep -F "its time is over"
    run_exactly_once endless
}

@test "very_large_vms: without copying twice where libvirt may lock memory, else with" {
    change_policy "policy: very_large_vms, bandwidth: 256"
    arrives wild
}

@test "legacy: few and small steps at first, then one that helps" {
    # 16 MiB/s: the fourth pause holds most of it, the fifth all
    change_policy "policy: legacy, bandwidth: 268.8" "downtime_ms: 5000"
    arrives wild
    logged "VM wild does not converge"
}
