#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Rolling upgrades, and hosts that shut down, with a real droverd over libvirt's test driver: three
# hosts without VMs. What becomes of VMs is the story of drains (tests/lab/drain.bats).

load common

setup_file() {
    BUILD=$(readlink -f "${DROVER_BUILD:-$BATS_TEST_DIRNAME/../../build}")
    PLACE=$(mktemp -d "${TMPDIR:-/tmp}/drover-test.XXXXXX")
    export BUILD PLACE
    mkdir "$PLACE"/{maintenance.d,alarm.d,bin}
    tee "$PLACE"/kvm{1,2,3}.xml >/dev/null <<-END
	<node><cpu><mhz>1000</mhz><model>i686</model><active>4</active><nodes>1</nodes>
	<sockets>1</sockets><cores>4</cores><threads>1</threads></cpu><memory>8192000</memory></node>
	END
    cat >"$PLACE/drover.yaml" <<-END
	hosts:
	  - {name: kvm1, uri: "test://$PLACE/kvm1.xml"}
	  - {name: kvm2, uri: "test://$PLACE/kvm2.xml"}
	  - {name: kvm3, uri: "test://$PLACE/kvm3.xml"}
	socket: drover.sock
	hook_socket: hook.sock
	maintenance_dir: maintenance.d
	alarm_dir: alarm.d
	database: drover.db
	END
    "$BUILD/droverd" --config "$PLACE/drover.yaml" </dev/null >"$PLACE/log" 2>&1 3>&- 4>&- &
    echo $! >"$PLACE/pid"
    disown
    wait_until all_are_up
}

teardown_file() {
    kill "$(cat "$PLACE/pid")" || true
    rm -rf --one-file-system "$PLACE"
}

ask() {
    "$BUILD/drover" --socket "$PLACE/drover.sock" --no-color "$@"
}

state_of() {
    ask hosts | awk -v host="$1" '$1 == host { print $3 }'
}

all_are_up() {
    [[ $(ask hosts | awk '$3 == "up"' | wc -l) -eq 3 ]]
}

wait_until() { # COMMAND...: the deadline ends a wait that is in vain, and measures nothing
    local deadline=$((SECONDS + 60))
    until "$@" 2>/dev/null; do
        ((SECONDS < deadline)) || {
            cat "$PLACE/log"
            return 1
        }
        sleep 0.2
    done
}

@test "upgrade: host after host, each with its name and URI" {
    run ask upgrade --hosts kvm2,kvm1 --settle 0 --run "sh -c 'echo \$DROVER_HOST \$DROVER_HOST_URI'"
    expect 0
    [[ $(grep -v : <<<"${output//test:/}" | xargs) == "kvm2 //$PLACE/kvm2.xml kvm1 //$PLACE/kvm1.xml" ]]
    says 'kvm1: done'
    all_are_up
}

@test "upgrade: at the first failure it stops, and says how to go on" {
    run ask upgrade --hosts kvm1,kvm2,kvm3 --skip kvm1 --settle 0 --run "sh -c '[ \$DROVER_HOST != kvm2 ]'"
    expect 1
    says 'sh ended with status 1'
    says 'drover maintenance kvm2 off'
    says '--from kvm3'
    [[ $(state_of kvm2) == maintenance && $(state_of kvm3) == up ]]
    ask upgrade --hosts kvm1,kvm2,kvm3 --from kvm2 --settle 0 --run true
    all_are_up
}

@test "upgrade: as JSON, what came of each host" {
    ask upgrade --json --hosts kvm1,kvm2 --from kvm2 --settle 0 --at-once auto --run 'echo hello' \
        >"$PLACE/report"
    run cat "$PLACE/report"
    [[ $output == '{"ok":true,"hosts":[{"host":"kvm1","result":"skipped","reason":""},{"host":"kvm2","result":"done","reason":""}]}' ]]
}

@test "upgrade: a command that is not there fails its host, and does no harm" {
    run ask upgrade --hosts kvm3 --run /no/such/command
    expect 1
    says '/no/such/command'
    ask maintenance kvm3 off
    wait_until all_are_up
}

@test "upgrade: a dry run changes nothing, and a host that is not known is an error" {
    run ask upgrade --hosts kvm1,kvm2 --run false --dry-run
    expect 0
    says 'kvm1: 0 VMs would be moved'
    all_are_up
    run ask upgrade --hosts kvm1,nobody --run true
    [[ $status -ne 0 ]]
    all_are_up
}

# An SSH that does what sshd does with a forced command, and nothing else.
shutdown_world() {
    cat >"$PLACE/bin/ssh" <<-END
	#!/usr/bin/env bash
	while [[ \$1 != -- ]]; do shift; done
	SSH_ORIGINAL_COMMAND="\${*:3}" exec "$BATS_TEST_DIRNAME/../../contrib/systemd/drover-shutdown" serve kvm2
	END
    printf '#!/bin/sh\nexec "%s" --socket "%s" "$@"\n' "$BUILD/drover" "$PLACE/drover.sock" \
        >"$PLACE/bin/drover"
    printf '#!/bin/sh\ncat "%s"\n' "$PLACE/system" >"$PLACE/bin/systemctl"
    chmod 755 "$PLACE"/bin/*
    printf 'CONTROLLER=root@controller\nHOST=kvm2\nDRAIN_SECONDS=60\nURI=test://%s\n' \
        "$PLACE/kvm2.xml" >"$PLACE/shutdown.conf"
}

drover_shutdown() {
    PATH="$PLACE/bin:$PATH" DROVER_MAINTENANCE_DIR=$PLACE/maintenance.d \
        DROVER_ALARM_DIR=$PLACE/alarm.d DROVER_SHUTDOWN_CONF=$PLACE/shutdown.conf \
        "$BATS_TEST_DIRNAME/../../contrib/systemd/drover-shutdown" "$@"
}

@test "drover-shutdown: a machine that goes down is emptied first, and taken back when it is up" {
    command -v virsh >/dev/null || skip "virsh is not there"
    shutdown_world
    echo running >"$PLACE/system"
    drover_shutdown stop # somebody restarts the unit
    [[ $(state_of kvm2) == up ]]
    echo stopping >"$PLACE/system"
    drover_shutdown stop
    [[ $(state_of kvm2) == maintenance ]]
    drover_shutdown start
    wait_until all_are_up
}

@test "drover-shutdown: maintenance that somebody asked for goes on after the reboot" {
    command -v virsh >/dev/null || skip "virsh is not there"
    shutdown_world
    ask maintenance kvm2 on
    echo stopping >"$PLACE/system"
    drover_shutdown stop
    drover_shutdown start
    [[ $(state_of kvm2) == maintenance ]]
    ask maintenance kvm2 off
    wait_until all_are_up
}

is_in_trouble() {
    [[ $(state_of kvm2) == non_operational ]]
}

# agent_finds STATUS TEXT: what drover agent-check says; everything else is the real drover's.
agent_finds() {
    cat >"$PLACE/bin/drover" <<-END
	#!/bin/sh
	case \$* in
	    *agent-check*) printf '%s\n' '$2'; exit $1 ;;
	esac
	exec "$BUILD/drover" --socket "$PLACE/drover.sock" "\$@"
	END
    chmod 755 "$PLACE/bin/drover"
}

@test "drover-shutdown: trouble that a host finds in itself is told to droverd, until it is over" {
    shutdown_world
    mkdir -p "$PLACE/run"
    export RUNTIME_DIRECTORY=$PLACE/run
    agent_finds 3 'disk sda is failing'
    drover_shutdown check
    wait_until is_in_trouble
    ask status | grep -q 'disk sda is failing'
    rm "$PLACE/alarm.d/kvm2" # droverd's machine was rebooted, and has forgotten
    wait_until all_are_up
    drover_shutdown check
    wait_until is_in_trouble
    agent_finds 0 ''
    drover_shutdown check
    wait_until all_are_up
    echo 'CONTROLLER=' >>"$PLACE/shutdown.conf"
    : >"$PLACE/alarm.d/kvm2"
    drover_shutdown check # that all is well, is told once
    [ -e "$PLACE/alarm.d/kvm2" ]
    rm "$PLACE/run/calm"
    drover_shutdown check # nobody remembers what was told last
    [ ! -e "$PLACE/alarm.d/kvm2" ]
    agent_finds 2 'what nobody can know'
    run drover_shutdown check
    expect 1
    [ ! -e "$PLACE/alarm.d/kvm2" ]
    wait_until all_are_up
}

@test "drover-shutdown: what a host may ask for is four things" {
    local words
    for words in '' 'drain' 'drain x' 'drain 5; reboot' 'drain 999999' 'back; id' 'sh' '-c id' \
        'alarm;id' '../alarm' 'serve'; do
        SSH_ORIGINAL_COMMAND=$words run drover_shutdown serve kvm1
        [[ $status -eq 2 ]] || { echo "$words: $status"; false; }
        [[ $output != *uid=* ]]
    done
    for words in ../kvm1 '' .hidden 'a b' 'a/b'; do
        SSH_ORIGINAL_COMMAND=back run drover_shutdown serve "$words"
        expect 2
    done
    [[ $(state_of kvm1) == up ]]
}
