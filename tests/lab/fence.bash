# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# A fleet whose hosts have power switches (contrib/lab/fence_lab), highly available VMs, and a
# droverd that is quick to take a host for lost. It is for tests of what happens then.

# fences_begin: the devices, and $FLEET/haN.xml, the metadata of a highly available VM of priority N.
fences_begin() {
    local priority
    export OUTSIDE=$$ # lives until the end of the file
    install -d -m 755 "$FLEET/bin"
    install -m 755 "$SRC/contrib/lab/fence_lab" "$FLEET/bin/fence_lab"
    fake_ssh
    for priority in 90 50 10; do
        metadata "$priority"
    done
}

metadata() { # PRIORITY: of a highly available VM
    printf '<drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1" ha="yes" priority="%s"/>\n' \
        "$1" >"$FLEET/ha$1.xml"
}

# Lab hosts have neither sshd nor systemd: what would be done there is done by the lab.
fake_ssh() {
    cat >"$FLEET/bin/ssh" <<-END
	#!/usr/bin/env bash
	while [[ \$1 != -- ]]; do shift; done
	[[ \$3 == 'systemctl restart libvirtd.service' ]] || exit 9
	export DROVER_LAB_DIR=$DROVER_LAB_DIR
	exec "$LAB_COMMAND" restart-libvirtd "kvm\$((\${2##*.} - 10))"
	END
    chmod 755 "$FLEET/bin/ssh"
}

# host_lines HOST: more of its entry; device_lines: devices before the others. A file may have its own.
host_lines() {
    :
}

device_lines() {
    :
}

# configure_fences [BROKEN]: what the power switches do instead of their work. One that hangs is not
# waited for so long.
configure_fences() {
    local host broken=${1:+" broken=$1"} timeout=30s
    [[ ${1:-} != hang ]] || timeout=4s
    {
        echo 'hosts:'
        for host in kvm1 kvm2 kvm3; do
            cat <<-END
	  - name: $host
	    uri: "$(lab uri $host)"
	$(host_lines $host)
	    fence:
	$(device_lines)
	      - unit: fence_ssh_restart
	        timeout: 30s
	        parameters: {service: libvirtd, directory: $FLEET/bin}
	      - unit: fence_agent
	        timeout: $timeout
	        parameters:
	          agent: fence_lab
	          plug: $host
	          directory: $FLEET/bin
	          tries: 1
	          settle: 2s
	          options: "lab_dir=$DROVER_LAB_DIR lab=$LAB_COMMAND outside=$OUTSIDE$broken"
	END
        done
        cat <<-END
	clusters:
	  - {name: default, policy: {extends: evenly_distributed, resilience: migrate_ha_only}}
	limits: {retry: 1s, grace: 4s}
	fencing: {quiet_start: 0s, grace_per_vm: 0s, soft_wait: 30s, retry: 5s, power_on: no}
	restarts: {retry: 2s, priority_wait: 60s}
	connect_retry: 1s
	keepalive: 1s
	keepalive_count: 3
	call_timeout: 4s
	END
    } | put_config
}

reconfigure() { # [BROKEN]
    configure_fences "$@"
    run drover reload
    expect 0
}

# runs_once VM...: each on one host, and never in its life on two at a time.
runs_once() {
    local vm
    for vm in "$@"; do
        [[ $(where "$vm") =~ ^kvm[1-3]$ ]] || {
            echo "$vm runs on: $(where "$vm")"
            return 1
        }
        lab vm beats "$vm" >/dev/null || return 1
    done
}

runs_elsewhere() { # HOST VM...: than there
    local host=$1 vm
    shift
    runs_once "$@" || return 1
    for vm in "$@"; do
        [[ $(where "$vm") != "$host" ]] || return 1
    done
}

knows_on() { # HOST VM...: droverd does, too
    local host=$1 vm
    shift
    for vm in "$@"; do
        drover vms | awk -v vm="$vm" -v host="$host" \
            '$1 == vm && $0 ~ (" " host " ") && / running / { found = 1 } END { exit !found }' || return 1
    done
}

# line_of TEXT: the number of the first line of droverd's log since mark_log that has it.
line_of() {
    logged "$1" >/dev/null || return 1
    tail -n +"$(($(cat "$FLEET/droverd.mark") + 1))" "$FLEET/droverd.log" |
        grep -n -m 1 -F -e "$1" | cut -d : -f 1
}
