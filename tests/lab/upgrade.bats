#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts that go down on purpose: a rolling upgrade that reboots them one after the other, and hosts that
# have themselves emptied, by SSH and a real sshd, before they shut down or when they find trouble.
# Their guests run on, all the time: none of them is ever booted a second time.

load fleet
load tunnel

VMS=(web1 web2 db1 dns1)
SSH_PORT=2022

setup_file() {
    fleet_begin 93 || return 0
    loads 20 20 20
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 web2 --memory 32 --dirty 2
	kvm2 db1 --memory 32 --dirty 2
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
    mkdir "$FLEET/bin"
    command_for_hosts
    droverd_start
    wait_for 120 knows_fleet 4
}

# What an upgrade does to a host. It fails where the host is not empty, or another one is out of use
# at the same time; and on the host that the file "broken" names.
command_for_hosts() {
    cat >"$FLEET/bin/upgrade-host" <<-END
	#!/usr/bin/env bash
	set -eu
	export DROVER_LAB_DIR=$DROVER_LAB_DIR
	[[ \$DROVER_HOST_URI == "\$("$LAB_COMMAND" uri "\$DROVER_HOST")" ]]
	if "$LAB_COMMAND" vm list "\$DROVER_HOST" | grep running; then
	    exit 11
	fi
	[[ \$("$BUILD/drover" --socket "$FLEET/drover.sock" --no-color hosts |
	    awk '\$3 == "up"' | wc -l) -eq 2 ]] || exit 12
	[[ \$DROVER_HOST != "\$(cat "$FLEET/broken" 2>/dev/null)" ]] || exit 13
	"$LAB_COMMAND" crash "\$DROVER_HOST"
	"$LAB_COMMAND" boot "\$DROVER_HOST"
	END
    chmod 755 "$FLEET/bin/upgrade-host"
}

mark_boots() { # /run of a host is empty after it has booted
    local host
    for host in kvm1 kvm2 kvm3; do
        : >"$DROVER_LAB_DIR/hosts/$host/run/not-rebooted"
    done
}

rebooted() { # HOST
    [[ ! -e $DROVER_LAB_DIR/hosts/$1/run/not-rebooted ]]
}

# steps: what the last "run" of drover upgrade said of its hosts.
steps() {
    sed -n 's/^\(kvm[1-3]\): \(is being emptied\|done\|failed\).*/\1 \2/p' <<<"$output"
}

@test "an upgrade reboots host after host, each of them emptied before and taken back after" {
    mark_boots
    run drover upgrade --hosts kvm3,kvm1,kvm2 --settle 1s --timeout 3m --run "$FLEET/bin/upgrade-host"
    expect 0
    [ "$(steps | xargs)" = "kvm3 is being emptied kvm3 done kvm1 is being emptied kvm1 done \
kvm2 is being emptied kvm2 done" ]
    rebooted kvm1
    rebooted kvm2
    rebooted kvm3
    all_hosts_are_up
    run_exactly_once "${VMS[@]}"
}

@test "it stops at the first host that fails, which stays empty, and goes on from there" {
    echo kvm2 >"$FLEET/broken"
    mark_boots
    run drover upgrade --hosts kvm1,kvm2,kvm3 --settle 1s --timeout 3m --run "$FLEET/bin/upgrade-host"
    expect 1
    says 'upgrade-host ended with status 13'
    says '--from kvm3'
    [ "$(steps | xargs)" = "kvm1 is being emptied kvm1 done kvm2 is being emptied kvm2 failed" ]
    rebooted kvm1
    run rebooted kvm2
    expect 1
    run rebooted kvm3 # nobody has touched it
    expect 1
    host_is kvm1 up
    host_is kvm2 maintenance
    host_is kvm3 up
    is_empty kvm2
    run_exactly_once "${VMS[@]}"
    rm "$FLEET/broken"
    run drover upgrade --hosts kvm1,kvm2,kvm3 --from kvm2 --settle 1s --timeout 3m \
        --run "$FLEET/bin/upgrade-host"
    expect 0
    rebooted kvm2
    rebooted kvm3
    all_hosts_are_up
    run_exactly_once "${VMS[@]}"
}

# --- a host that shuts down ----------------------------------------------------------------------

# The controller's sshd, with the line of drover-shutdown(8) for kvm2's key, and nothing else in it.
controller_sshd() {
    local etc=$DROVER_LAB_DIR/controller/etc/drover host=$DROVER_LAB_DIR/hosts/kvm2/etc/drover
    printf '#!/bin/sh\nexec "%s" --socket "%s" "$@"\n' "$BUILD/drover" "$FLEET/drover.sock" \
        >"$FLEET/bin/drover"
    printf '#!/bin/sh\necho stopping\n' >"$FLEET/bin/systemctl" # a lab host has no systemd
    chmod 755 "$FLEET/bin"/*
    ssh-keygen -q -t ed25519 -N "" -C "" -f "$etc/host_key"
    ssh-keygen -q -t ed25519 -N "" -C kvm2 -f "$host/key"
    printf 'restrict,command="env PATH=%s DROVER_MAINTENANCE_DIR=%s DROVER_ALARM_DIR=%s %s serve kvm2" %s\n' \
        "$FLEET/bin:$PATH" "$FLEET/maintenance.d" "$FLEET/alarm.d" \
        "$SRC/contrib/systemd/drover-shutdown" "$(cat "$host/key.pub")" >"$etc/keys"
    printf '%s\n' "Port $SSH_PORT" "HostKey /etc/drover/host_key" "UsePAM no" "PidFile none" \
        "PermitRootLogin forced-commands-only" "PasswordAuthentication no" \
        "AuthorizedKeysFile /etc/drover/keys" >"$etc/sshd_config"
    printf '[controller]:%s %s\n' "$SSH_PORT" "$(cut -d " " -f 1,2 "$etc/host_key.pub")" \
        >"$host/known_hosts"
    lab exec controller sh -c '
        sed -i "s/^root:[^:]*:/root:*:/" /etc/shadow
        getent passwd sshd >/dev/null ||
            echo "sshd:x:60998:65534::/run/sshd:/usr/sbin/nologin" >>/etc/passwd
        mkdir -p /run/sshd && chmod 755 /run/sshd'
    lab exec controller "$(command -v sshd)" -f /etc/drover/sshd_config -E /run/sshd.log \
        </dev/null >&2 3>&- 4>&-
}

# drover_shutdown stop|start|check: on kvm2, as its units do it. Of its /etc only /etc/drover outlives a
# boot of a lab host.
drover_shutdown() {
    # shellcheck disable=SC2016 # expanded on the host
    lab exec kvm2 sh -c '
        printf "%s\n" "Host controller" "Port '$SSH_PORT'" "IdentityFile /etc/drover/key" \
            "IdentitiesOnly yes" "UserKnownHostsFile /etc/drover/known_hosts" >/etc/ssh/ssh_config
        PATH=$1:$PATH exec "$2" "$3"' \
        sh "$FLEET/bin" "$SRC/contrib/systemd/drover-shutdown" "$1"
}

shutdown_conf() { # DRAIN-SECONDS
    printf '%s\n' CONTROLLER=root@controller "DRAIN_SECONDS=$1" GUEST_SECONDS=60 \
        >"$DROVER_LAB_DIR/hosts/kvm2/etc/drover/shutdown.conf"
}

@test "a host that shuts down is emptied before, and taken back when it is up again" {
    skip_without_sshd
    controller_sshd
    shutdown_conf 180
    bring kvm2 web1 db1
    wait_for 30 knows_fleet 4
    run drover_shutdown stop
    expect 0
    is_empty kvm2
    host_is kvm2 maintenance
    mark_log
    lab crash kvm2
    wait_for 120 logged 'host kvm2: connection lost'
    lab boot kvm2
    run drover_shutdown start
    expect 0
    wait_for 120 all_hosts_are_up
    run_exactly_once "${VMS[@]}"
}

@test "a guest that cannot leave a host that shuts down is shut down properly" {
    skip_without_sshd
    lab vm start kvm2 pinned --memory 32 --metadata <(
        printf '<drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1" migratable="no"/>\n'
    )
    wait_for 30 knows_fleet 5
    shutdown_conf 3
    mark_log
    run drover_shutdown stop
    expect 0
    says 'host kvm2 is not empty after 3 s'
    says 'guest pinned could not leave, and is shut down'
    [ -z "$(where pinned)" ]
    is_empty kvm2
    run drover_shutdown start
    expect 0
    wait_for 120 all_hosts_are_up
    run_exactly_once "${VMS[@]}"
}

@test "a host finds trouble in itself and tells droverd: its VMs leave it live, until it is over" {
    skip_without_sshd
    local checks=$DROVER_LAB_DIR/hosts/kvm2/etc/drover/checks.d
    bring kvm2 web1
    wait_for 30 knows_fleet 4
    mkdir "$checks"
    printf '#!/bin/sh\necho the UPS is on battery\nexit 1\n' >"$checks/ups"
    chmod 755 "$checks/ups"
    run drover_shutdown check
    expect 0
    wait_for 120 host_is kvm2 non_operational
    drover status | grep -q 'the UPS is on battery'
    wait_for 120 is_empty kvm2
    rm "$checks/ups"
    run drover_shutdown check
    expect 0
    wait_for 120 all_hosts_are_up
    run_exactly_once "${VMS[@]}"
}
