#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Bad things at run time: a policy that is wrong, a host that is not there, somebody without the
# right, a journal whose disk is full. Each gets a clear error, droverd runs on with what it had,
# and no VM is stopped or moved because of it.

load fleet

VMS=(web1 web2 web3 db1 db2 mail1 mail2 dns1)

setup_file() {
    fleet_begin 87 || return 0
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 web2 --memory 32
	kvm1 db1 --memory 32 --dirty 2
	kvm2 web3 --memory 32
	kvm2 db2 --memory 32
	kvm2 mail1 --memory 32
	kvm3 mail2 --memory 32
	kvm3 dns1 --memory 32
	END
    # a disk that a test can fill; it goes with the lab
    mkdir "$FLEET/disk"
    lab exec controller mount -t tmpfs -o size=16m,mode=700 small "$FLEET/disk"
    site_policy 75%
    configure_fleet ''
    droverd_start
    wait_for 60 knows_fleet 8
}

teardown() {
    show_log_of_failure
    # a droverd that a later test starts must find a policy that is right, also if one failed here
    [[ -n ${LAB_SKIP:-} || -n ${BATS_TEST_COMPLETED:-} ]] || site_policy 75%
}

configure_fleet() { # LINES
    configure <<-END
	clusters:
	  - {name: default, policy: site}
	limits: {retry: 1s, grace: 4s}
	connect_retry: 1s
	call_timeout: 4s
	socket_group: daemon
	database: disk/drover.db
	$1
	END
}

site_policy() { # HIGH-UTILIZATION
    cat >"$FLEET/.site.yaml.new" <<-END
	policy: site
	extends: evenly_distributed
	parameters:
	  high_utilization: $1
	END
    mv "$FLEET/.site.yaml.new" "$FLEET/policies/site.yaml"
}

# drains HOST: droverd does its work, whatever is wrong elsewhere.
drains() {
    run drover drain "$1" --timeout 3m
    expect 0
    is_empty "$1"
    run drover maintenance "$1" off
    expect 0
    wait_for 30 host_is "$1" up
    run_exactly_once "${VMS[@]}"
}

@test "a wrong policy is refused with file, line and column, and the old one stays" {
    mark_log
    site_policy 150%
    wait_for 30 logged 'the set that was in force stays'
    logged "$FLEET/policies/site.yaml:4:3: "
    run drover reload
    expect 2
    says "site.yaml:4:3: "
    mark_log
    droverd_signal HUP
    wait_for 30 logged 'site.yaml:4:3: '
    run drover policy show site
    expect 0
    says "high_utilization: 75"
    drains kvm1
    mark_log
    site_policy 70%
    wait_for 30 logged 'is in force'
    run drover policy show site
    says "high_utilization: 70"
}

@test "a broken drover.yaml is refused, and the old one stays" {
    mark_log
    configure_fleet 'polling: 1s'
    local line
    line=$(grep -n '^polling' "$FLEET/drover.yaml" | cut -d: -f1)
    wait_for 30 logged "drover.yaml:$line:1: "
    run drover reload
    expect 2
    says "drover.yaml:$line:1: "
    says 'polling'
    all_hosts_are_up
    configure_fleet ''
    run drover reload
    expect 0
}

@test "a host that does not answer is shown, and the others go on" {
    mkdir -p "$FLEET/conf.d"
    configure_fleet ''
    printf 'hosts:\n  - {name: kvm8, uri: "qemu+tcp://%s.99/system"}\n' "$DROVER_LAB_NET" \
        >"$FLEET/conf.d/more.yaml"
    run drover reload
    expect 0
    wait_for 60 host_is kvm8 non_responsive
    run drover status
    says "kvm8"
    says "qemu+tcp://$DROVER_LAB_NET.99/system"
    drains kvm2
    droverd_stop # neither does it keep droverd from starting, or from stopping
    droverd_start
    wait_for 60 knows_fleet 8
    rm "$FLEET/conf.d/more.yaml"
    run drover reload
    expect 0
    [ -z "$(host_state kvm8)" ]
}

as() { # UID:GID COMMAND...: somebody else
    local who=$1
    shift
    setpriv --reuid "${who%:*}" --regid "${who#*:}" --clear-groups "$@"
}

@test "who has not the right is refused, whoever is in the group may act" {
    group=$(getent group daemon | cut -d : -f 3)
    # somebody must be able to reach the program
    install -d -m 755 "$FLEET/bin"
    install -m 755 "$BUILD/drover" "$FLEET/bin/drover"
    command=("$FLEET/bin/drover" --socket "$FLEET/drover.sock" --no-color)
    run as 65534:65534 "${command[@]}" maintenance kvm3 on
    expect 1
    says "you may not use droverd's socket"
    # even where the file system lets them in, the answer is no
    chmod 666 "$FLEET/drover.sock"
    run as 65534:65534 "${command[@]}" maintenance kvm3 on
    expect 1
    says "only root and members of the group daemon"
    run as 65534:65534 curl -sS -o /dev/null -w '%{http_code}' --unix-socket \
        "$FLEET/drover.sock" -d '{"host": "kvm3", "on": true}' http://drover/v1/maintenance
    says 403
    chmod 660 "$FLEET/drover.sock"
    host_is kvm3 up
    run as "65534:$group" "${command[@]}" hosts
    expect 0
    says "kvm3"
}

@test "what is not JSON, and what is too much of it, is refused" {
    run curl -sS -w '%{http_code}' --unix-socket "$FLEET/drover.sock" \
        -d 'host=kvm3&on=true' http://drover/v1/maintenance
    says 400
    head -c 3000000 /dev/zero >"$FLEET/much"
    run curl -sS -w '%{http_code}' --unix-socket "$FLEET/drover.sock" \
        --data-binary "@$FLEET/much" http://drover/v1/maintenance
    says 413
    droverd_lives
    host_is kvm3 up
}

fill_disk() {
    lab exec controller dd if=/dev/zero "of=$FLEET/disk/fill" bs=4k 2>/dev/null || true
}

journal_fails() { # true|false
    drover status --json | jq -e --argjson is "$1" '.daemon.journal_failing == $is' >/dev/null
}

@test "the journal's disk is full: droverd says so, goes on, and recovers" {
    bring kvm1 web1 web2 db1
    wait_for 30 knows_fleet 8
    mark_log
    fill_disk
    wait_for 60 journal_fails true
    logged 'disk'
    drains kvm1
    droverd_lives
    lab exec controller rm "$FLEET/disk/fill"
    wait_for 60 journal_fails false
    drains kvm2
}

@test "with the disk still full it does not start without its memory, and says why" {
    fill_disk
    droverd_kill
    run timeout 60 "$LAB_COMMAND" exec controller "$BUILD/droverd" --config "$FLEET/drover.yaml"
    expect 1
    says "no space left for the journal $FLEET/disk/drover.db: free some"
    lab exec controller rm "$FLEET/disk/fill"
    droverd_start
    wait_for 60 knows_fleet 8
    drains kvm3
}
