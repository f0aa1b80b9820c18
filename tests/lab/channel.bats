#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How the bytes of a move travel: its speed, by the job's own figures, and changed under way; several
# connections; encryption with a CA of the lab's; the migration network, and the way round it.
# "wild" writes faster than it is carried, and no migrate unit minds, so its moves last until they
# are aborted.

load fleet

VMS=(wild web)

setup_file() {
    fleet_begin 93 || return 0
    start_vms <<-END
	kvm1 wild --memory 48 --dirty 200 --vcpus 2
	kvm1 web --memory 40 --dirty 1 --vcpus 2
	END
    lab tls kvm1
    lab tls kvm2
    policy_has "bandwidth: 134.4"
    droverd_start
    wait_for 60 knows_fleet 2
}

# kvm2 is in the migration network, and nobody reaches the address that kvm3 is said to have there.
host_options() {
    case $1 in
        kvm2) printf ', migration_address: %s' "$(lab migration-address kvm2)" ;;
        kvm3) printf ', migration_address: 192.168.254.3' ;;
    esac
}

policy_has() { # "KEY: VALUE, ..." of its section migration
    configure <<-END
	clusters:
	  - name: default
	    policy:
	      extends: none
	      migration: {policy: none, $1}
	limits: {tries: 1, retry: 2s}
	END
}

change_policy() { # "KEY: VALUE, ..."
    mark_log
    policy_has "$1"
    wait_for 30 logged 'is in force'
}

job_figure() { # VM NAME
    by_controller kvm1 domjobinfo --rawstats "$1" | awk -v name="$2:" '$1 == name { print $2 }'
}

copies() { # VM: there is a job, and it has sent something
    local sent
    sent=$(job_figure "$1" memory_processed)
    [[ -n $sent ]] && ((sent > 1000000))
}

speed_is() { # VM MIB_S
    local speed
    speed=$(by_controller kvm1 migrate-getspeed "$1")
    [[ $speed == "$2" ]] || {
        echo "the speed is $speed, not $2"
        return 1
    }
}

qemu_says() { # VM COMMAND FILTER: on kvm1
    by_controller kvm1 qemu-monitor-command "$1" "{\"execute\": \"$2\"}" | jq -e ".return | $3" \
        >/dev/null
}

# MiB/s within four seconds of the job's own clock.
measured() { # VM
    local bytes ms more_bytes more_ms
    bytes=$(job_figure "$1" memory_processed)
    ms=$(job_figure "$1" time_elapsed)
    more_ms=$ms
    while ((more_ms < ms + 4000)); do
        sleep 0.5
        more_ms=$(job_figure "$1" time_elapsed)
        more_bytes=$(job_figure "$1" memory_processed)
    done
    awk -v bytes=$((more_bytes - bytes)) -v ms=$((more_ms - ms)) \
        'BEGIN { printf "%.2f\n", bytes / 1048576 / (ms / 1000) }'
}

@test "134.4 Mbps for two at a time are 8 MiB/s for each, on the wire" {
    run drover migrate wild --to kvm2
    expect 0
    wait_for 60 copies wild
    speed_is wild 8
    local found all=''
    for _ in 1 2 3; do
        found=$(measured wild)
        all+=" $found"
        ! awk -v found="$found" 'BEGIN { exit !(found >= 6.4 && found <= 9.6) }' || return 0
    done
    echo "MiB/s that were measured:$all"
    false
}

@test "the speed is changed under way, by a person and by a new policy" {
    run drover migrations set wild --bandwidth 34
    expect 0
    wait_for 30 speed_is wild 4
    change_policy "bandwidth: 268.8" # a person's word stays
    speed_is wild 4
    run drover migrations set wild --bandwidth policy
    expect 0
    wait_for 30 speed_is wild 16
    wait_for 30 qemu_says wild query-migrate-parameters '."max-bandwidth" == 16777216'
    change_policy "bandwidth: 134.4"
    wait_for 30 speed_is wild 8
    run drover abort wild
    expect 0
    wait_for 60 nothing_moves
    is_on kvm1 wild
}

@test "several connections; what this libvirt cannot do is left out and told" {
    change_policy "bandwidth: 67.2, connections: 2, compression: zstd, compression_level: 3"
    run drover migrate wild --to kvm2
    expect 0
    wait_for 60 copies wild
    qemu_says wild query-migrate-capabilities 'any(.capability == "multifd" and .state)'
    qemu_says wild query-migrate-parameters '."multifd-channels" == 2'
    if dpkg --compare-versions "$(by_controller kvm1 version | awk '/Using library/ { print $4 }')" \
        lt 9.4; then
        logged "without compression: host kvm1 has libvirt"
    else
        qemu_says wild query-migrate-parameters '."multifd-compression" == "zstd"'
    fi
    run drover abort wild
    expect 0
    wait_for 60 nothing_moves
    is_on kvm1 wild
}

@test "memory goes over the migration network, and round it where nobody gets through" {
    change_policy "bandwidth: 67.2"
    run drover migrate wild --to kvm2
    expect 0
    wait_for 60 copies wild
    run lab exec kvm1 ss -Htn state established dst "$(lab migration-address kvm2)"
    says "$(lab migration-address kvm2):"
    run drover abort wild
    expect 0
    wait_for 60 nothing_moves
    run drover migrate web --to kvm3 --wait --timeout 3m
    expect 0
    is_on kvm3 web
    logged "goes from kvm1 to kvm3 over the management network"
    logged "192.168.254.3"
    run_exactly_once "${VMS[@]}"
    change_policy "bandwidth: hypervisor_default"
    run drover migrate web --to kvm1 --wait --timeout 3m
    expect 0
}

@test "encrypted between two hosts of one CA, and never in the clear instead" {
    change_policy "bandwidth: 67.2, encryption: yes"
    run drover migrate wild --to kvm2
    expect 0
    wait_for 60 copies wild
    qemu_says wild query-migrate-parameters '(."tls-creds" | length) > 0'
    run drover abort wild
    expect 0
    wait_for 60 nothing_moves
    run drover migrate web --to kvm2 --wait --timeout 3m
    expect 0
    is_on kvm2 web
    run drover migrate web --to kvm3 --wait --timeout 3m # it has no certificate
    [[ $status != 0 ]]
    says "ca-cert.pem"
    is_on kvm2 web
    run_exactly_once "${VMS[@]}"
}
