#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hands laid on migrations while they run, and things that go wrong with them: each ends in a named
# state, the VM runs exactly once or is told as lost, and what waits in the queue goes on. What
# restarts of droverd and libvirtd do to a drain is in restart.bats, hosts that hang in faults.bats.

load fleet

setup_file() {
    fleet_begin 91 || return 0
    loads 30 30 30 # whatever else this machine does
    start_vms <<-END
	kvm1 wild --memory 48 --dirty 400
	kvm1 web1 --memory 48 --dirty 2
	kvm1 web2 --memory 48 --dirty 2
	kvm1 web3 --memory 48 --dirty 2
	kvm2 db1 --memory 48 --dirty 2
	kvm2 db2 --memory 48 --dirty 2
	kvm3 mail1 --memory 32
	kvm3 dns1 --memory 32 --persistent
	END
    patient no
    configure_fleet 80
    droverd_start
    wait_for 60 knows_fleet 8
}

teardown() {
    show_log_of_failure
    [[ -n ${LAB_SKIP:-} || -n ${BATS_TEST_COMPLETED:-} ]] || stop_all_moves
}

# What a test that failed has left must not make the next ones fail.
stop_all_moves() {
    local id
    for id in $(drover migrations --json | jq '.[].id'); do
        drover abort "$id" || true
    done
    wait_for 60 nothing_moves || true
}

# patient POSTCOPY: a migrate unit of the site's that never does anything about a guest which does
# not converge: that is left to a person.
patient() {
    cat >"$FLEET/lua/.patient.new" <<-END
	return {
	    abi = 1, kind = "migrate", name = "patient",
	    summary = "does nothing about a guest that does not converge",
	    migrate = function(self, move, how)
	        how.postcopy = $([[ $1 == yes ]] && echo true || echo false)
	    end,
	}
	END
    mv "$FLEET/lua/.patient.new" "$FLEET/lua/patient.lua"
}

# configure_fleet MBPS [TRIES]: 80 Mbps are 10 MiB/s, so that there is time to be in the middle of a
# move. Post-copy is at 1 MiB/s, whatever else.
configure_fleet() {
    configure <<-END
	clusters:
	  - name: default
	    policy:
	      extends: evenly_distributed
	      migration: {policy: site/patient, bandwidth: $1, postcopy_bandwidth: 8.4}
	limits: {retry: 1s, retry_limit: 4s, grace: 4s, outgoing_per_host: 1, tries: ${2:-3}}
	connect_retry: 1s
	keepalive: 1s
	keepalive_count: 3
	call_timeout: 5s
	END
}

reconfigured() { # COMMAND...
    mark_log
    "$@"
    wait_for 30 logged 'is in force'
}

of_vm() { # VM FILTER: of its latest migration, also one that ended before droverd was restarted
    drover migrations --all --json |
        jq -er --arg vm "$1" "[.[] | select(.vm == \$vm)] | max_by(.id) | $2"
}

state_is() { # VM STATE
    [[ $(of_vm "$1" .state) == "$2" ]] || {
        echo "$1: $(of_vm "$1" '"\(.state): \(.error)"')"
        return 1
    }
}

is_copied() { # VM: its memory is on its way
    of_vm "$1" 'select(.state == "running") | .progress | select(.memory_processed_mib > 0)' \
        >/dev/null
}

is_past_return() { # VM
    of_vm "$1" 'select(.state | IN("post_migrating", "completed"))' >/dev/null
}

has_ended() { # VM
    of_vm "$1" 'select(.state | IN("completed", "failed", "aborted", "cancelled"))' >/dev/null
}

# runs_on VM HOST: it beats there, and never stays paused.
runs_on() {
    is_on "$2" "$1"
    run_exactly_once "$1"
}

@test "what is asked for wrongly is refused, and says why" {
    run drover migrate nobody --to kvm2
    expect 2
    says "nobody"
    run drover migrate web1 --to kvm9
    expect 2
    says "kvm9"
    run drover abort 4711
    expect 2
    run drover force-complete web1
    expect 2
    says "no migration of"
    run drover migrations set 4711 --priority 3
    expect 2
    run drover migrations set web1
    expect 2
    [ "$(drover migrations --json)" = "[]" ]
}

@test "an abort in mid-copy leaves the VM where it is; the queue has its order, and can be left" {
    run drover migrate wild --to kvm2
    expect 0
    wait_for 60 is_copied wild
    run drover migrate wild --to kvm3
    expect 3
    says "on its way already"
    run drover force-complete 4711
    expect 2
    for vm in web1 web2 web3; do # kvm1 sends one at a time: these wait
        run drover migrate "$vm" --to kvm3
        expect 0
    done
    of_vm web1 .waits | grep -F limits.outgoing_per_host
    run drover force-complete web1
    expect 3
    says "in the queue"
    run drover migrations set web3 --priority 50
    expect 0
    run drover migrations set wild --priority 50
    expect 3
    run drover abort web2
    expect 0
    state_is web2 cancelled
    run drover abort wild
    expect 0
    wait_for 60 state_is wild aborted
    of_vm wild .error | grep -F 'aborted by'
    wait_for 60 is_copied web3 # before web1, which is older
    state_is web1 queued
    wait_for 120 nothing_moves
    state_is web3 completed
    state_is web1 completed
    run drover abort web1
    expect 2
    run drover abort "$(of_vm web1 .id)"
    expect 3
    says "has ended: completed"
    runs_on wild kvm1
    runs_on web2 kvm1
    runs_on web3 kvm3
    measured() { of_vm web3 '.progress.downtime_ms | select(. != null and . > 0)'; }
    wait_for 30 measured # as libvirt measured it, when all was over
}

@test "a guest that does not converge is forced by a pause, and runs on where it arrives" {
    run drover migrate wild --to kvm2
    expect 0
    wait_for 60 is_copied wild
    run drover force-complete wild
    expect 0
    says "stands still until it has arrived"
    run drover force-complete wild --wait --timeout 3m
    [[ $status == 3 || $status == 1 ]] # asked for before, or over by now
    wait_for 120 state_is wild completed
    runs_on wild kvm2
}

@test "a guest that was stopped for that runs on at its source where the move is aborted" {
    reconfigured configure_fleet 8 # 1 MiB/s: nothing that is left is soon sent
    run drover migrate wild --to kvm1
    expect 0
    wait_for 60 is_copied wild
    run drover force-complete wild
    expect 0
    stands() { by_controller kvm2 domstate wild | grep -Fx paused; }
    wait_for 30 stands
    droverd_kill # what drover has stopped is known after a restart, too
    droverd_start
    wait_for 60 is_copied wild
    run drover abort wild
    expect 0
    wait_for 60 state_is wild aborted
    runs_on wild kvm2
}

in_postcopy() { # HOST VM [failed]: its half there, by libvirt
    by_controller "$1" domstate "$2" --reason | grep -F "(post-copy${3:+ $3})"
}

# break_postcopy VM: QEMU at kvm2 drops its connections, and both halves wait.
break_postcopy() {
    by_controller kvm2 qemu-monitor-command "$1" '{"execute": "migrate-pause"}' | jq -e .return
}

@test "by post-copy where that is allowed; then it is too late to abort, and droverd may die" {
    reconfigured patient yes
    reconfigured configure_fleet 80 1
    run drover migrate wild --to kvm1
    expect 0
    wait_for 60 is_copied wild
    run drover force-complete wild --json
    expect 0
    says "post-copy"
    wait_for 30 state_is wild post_migrating
    run drover abort "$(of_vm wild .id)"
    expect 3
    says "to stop now would lose it"
    droverd_kill
    droverd_start
    wait_for 60 state_is wild post_migrating
}

@test "a post-copy that breaks is taken up again" {
    wait_for 30 in_postcopy kvm2 wild
    mark_log
    break_postcopy wild
    wait_for 60 logged "its post-copy from host kvm2 to host kvm1 broke"
    wait_for 60 logged "is taken up again (1. time)"
    wait_for 60 in_postcopy kvm2 wild
    state_is wild post_migrating
}

@test "one that breaks too often is told, both halves are kept, and a person ends it as told" {
    break_postcopy wild
    wait_for 60 state_is wild failed
    of_vm wild .error | grep -F "its post-copy broke"
    logged "destroy neither"
    for host in kvm1 kvm2; do
        wait_for 60 in_postcopy "$host" wild failed
    done
    resume=$(logged "destroy neither" | grep -o 'migrate --live --p2p --postcopy --postcopy-resume [^ ]* [^ ]*')
    # shellcheck disable=SC2086 # words
    by_controller kvm2 $resume --postcopy-bandwidth 500
    wait_for 60 is_on kvm1 wild
    run_exactly_once wild
    reconfigured patient no
    reconfigured configure_fleet 80
}

@test "droverd killed while a move is prepared, runs, and is just done" {
    for step in preparing running completed; do
        to=kvm1
        [[ $(where web3) != kvm1 ]] || to=kvm3
        run drover migrate web3 --to "$to"
        expect 0
        case $step in
            running) wait_for 60 is_copied web3 ;;
            completed) wait_for 60 is_on "$to" web3 ;;
        esac
        droverd_kill
        droverd_start
        wait_for 120 has_ended web3
        wait_for 60 knows_fleet 8
        run_exactly_once web3
    done
}

@test "a guest that ends in mid-migration is not lost, and is not started again" {
    bring kvm2 db1 db2
    wait_for 60 knows_fleet 8
    reconfigured configure_fleet 8 # 1 MiB/s: none arrives before its end
    ends db1 switched_off
    ends db2 destroyed
    reconfigured configure_fleet 80
    run drover migrate mail1 --to kvm2 --wait --timeout 3m # the queue goes on
    expect 0
    run_exactly_once mail1
    lab vm start kvm2 db1 --memory 48 --dirty 2
    lab vm start kvm2 db2 --memory 48 --dirty 2
    wait_for 60 knows_fleet 8
}

ends() { # VM COMMAND: by it, while it moves from kvm2
    run drover migrate "$1" --to kvm3
    expect 0
    wait_for 60 is_copied "$1"
    "$2" "$1"
    wait_for 60 state_is "$1" failed
    of_vm "$1" .error | grep -F "the guest ended while it moved"
    [ -z "$(where "$1")" ]
    run logged "is on neither host"
    expect 1
}

destroyed() { # VM
    by_controller kvm2 destroy "$1"
}

switched_off() { # VM: by its user, who has come to its machine's power button
    by_controller kvm2 qemu-monitor-command "$1" '{"execute": "system_powerdown"}' >/dev/null
}

came_up_again() { # VM: it was booted twice, not both at a time, and is somewhere
    local beats
    beats=$(lab vm beats "$1") || return 1
    echo "$beats"
    [[ $(cut -d ' ' -f 2 <<<"$beats" | sort -u | wc -l) == 2 && $(where "$1") == kvm[1-3] ]]
}

@test "a highly available guest whose QEMU is killed in mid-migration is started again, once" {
    echo '<drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1" ha="yes"/>' >"$FLEET/ha.xml"
    reconfigured configure_fleet 8 # 1 MiB/s
    lab vm start kvm2 ha1 --memory 48 --dirty 2 --metadata "$FLEET/ha.xml"
    wait_for 60 beats_anew ha1 kvm2 none
    wait_for 60 knows_fleet 9
    run drover migrate ha1 --to kvm3
    expect 0
    wait_for 60 is_copied ha1
    # shellcheck disable=SC2016 # expanded on the host
    lab exec kvm2 sh -c 'kill -KILL "$(cat /run/libvirt/qemu/ha1.pid)"'
    wait_for 240 came_up_again ha1
    wait_for 60 knows_fleet 9
    run logged "is on neither host"
    expect 1
    by_controller "$(where ha1)" destroy ha1
    wait_for 60 knows_fleet 8
    reconfigured configure_fleet 80
}

@test "a host that fails to take a VM is not tried twice: another one takes it" {
    bring kvm1 web1
    loads 30 10 50
    lacking=$DROVER_LAB_DIR/hosts/kvm2/var/log/libvirt
    mv "$lacking/serial" "$lacking/away" # where its serial port writes to
    wait_for 60 prefers web1 kvm2
    run drover migrate web1 --wait --timeout 3m
    mv "$lacking/away" "$lacking/serial"
    expect 0
    of_vm web1 '.tried == ["kvm2"] and .attempt == 2 and .to == "kvm3"'
    runs_on web1 kvm3
    loads 30 30 30
}

prefers() { # VM HOST
    drover plan migrate "$1" --json | jq -e --arg host "$2" '.to == $host'
}

@test "destinations that die, or are cut off for 20 s, in mid-copy" {
    bring kvm1 web1 web2
    bring kvm3 mail1 db1 db2 # kvm2 is going to die
    wait_for 60 knows_fleet 8
    run drover migrate web2 --to kvm2
    expect 0
    wait_for 60 is_copied web2
    lab crash kvm2
    lab cut kvm3
    sleep 20
    lab join kvm3
    wait_for 180 has_ended web2
    state_is web2 failed # it was to go there and nowhere else
    lab boot kvm2
    loads 30 30 30
    wait_for 120 all_hosts_are_up
    runs_on web2 kvm1
    run drover migrate web1 --to kvm3
    expect 0
    wait_for 60 is_copied web1
    lab cut kvm3
    sleep 20
    lab join kvm3
    wait_for 180 has_ended web1
    run_exactly_once web1 web2 wild mail1
}

@test "the source dies in mid-copy: what is known is told, and the queue goes on" {
    bring kvm1 web1
    bring kvm3 web2 wild web3
    wait_for 60 all_hosts_are_up
    run drover migrate web1 --to kvm2
    expect 0
    wait_for 60 is_copied web1
    lab crash kvm1
    run drover migrate web2 --to kvm2 --wait --timeout 3m
    expect 0
    lab boot kvm1
    wait_for 180 has_ended web1
    state_is web1 failed
    of_vm web1 .error | grep -F "neither host shows the VM"
    [ -z "$(where web1)" ]
    run_exactly_once web2 wild
}
