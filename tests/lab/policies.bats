#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The six policies of clusters, each on the same real hosts: what it moves, what it leaves alone,
# and whom it lets start. Loads are what the lab makes libvirt report; an overload counts after
# three seconds here, where it is two minutes elsewhere.

load fleet
load tunnel

VMS=(web1 web2 web3 web4 db1 db2 mail1)

setup_file() {
    fleet_begin 90 || return 0
    loads 30 30 30
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 web2 --memory 32
	kvm1 web3 --memory 32
	kvm1 web4 --memory 32
	kvm1 db1 --memory 32
	kvm2 db2 --memory 32
	kvm2 spare --memory 32 --persistent
	kvm2 vital --memory 32 --persistent --metadata $(highly_available)
	kvm3 mail1 --memory 32
	END
    by_controller kvm2 destroy spare
    by_controller kvm2 destroy vital
    configure_policy none ''
    install_hook kvm2
    droverd_start
    wait_for 60 knows_fleet 7
}

teardown_file() {
    tunnels_end
    fleet_end
}

setup() {
    skip_without_lab
    skip_without_sshd
}

highly_available() {
    printf '<drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1" ha="yes"/>\n' \
        >"$FLEET/ha.xml"
    echo "$FLEET/ha.xml"
}

# While a cluster is upgraded: kvm1 is as it was, kvm2 is older, kvm3 is done.
host_options() { # HOST
    local -A os=([kvm1]=12.4 [kvm2]=11.9 [kvm3]=13.1)
    printf ', os_version: Debian %s' "${os[$1]}"
}

configure_policy() { # POLICY PARAMETERS
    configure <<-END
	clusters:
	  - {name: default, policy: {extends: $1, parameters: {$2}}}
	limits: {round: 1s, cooldown: 1s, retry: 2s}
	poll: 0.5s
	END
}

# use POLICY PARAMETERS: droverd sees by itself that its configuration has changed.
use() {
    mark_log
    configure_policy "$@"
    wait_for 30 logged 'is in force'
}

completed() {
    migrations_that completed
}

vms_on() { # HOST
    lab vm list "$1" | grep -c ' running$'
}

counts_are() { # KVM1 KVM2 KVM3
    local counts
    counts="$(vms_on kvm1) $(vms_on kvm2) $(vms_on kvm3)"
    [[ $counts == "$1 $2 $3" ]] || {
        echo "VMs on kvm1, kvm2 and kvm3: $counts, not $1 $2 $3"
        return 1
    }
}

has_fewer_than() { # HOST N
    (($(vms_on "$1") < $2))
}

@test "none: a host may be overloaded as long as it likes, nothing moves" {
    loads 95 30 30
    sleep 8
    counts_are 5 1 1
    [ "$(completed)" -eq 0 ]
}

@test "evenly_distributed: the same load moves a VM away" {
    use evenly_distributed 'even_distribution.cpu_overcommit_duration: 3s'
    wait_for 60 has_fewer_than kvm1 5
    loads 40 40 40
    wait_for 60 nothing_moves
    run drover migrations --all
    says "CPU load of kvm1 has been"
    run_exactly_once "${VMS[@]}"
}

@test "vm_evenly_distributed: what counts is the number of VMs" {
    use none ''
    wait_for 60 nothing_moves
    bring kvm1 web1 web2 web3 web4 db1
    wait_for 30 knows_fleet 7
    counts_are 5 1 1
    use vm_evenly_distributed 'high_vm_count: 4, migration_threshold: 2'
    wait_for 60 counts_are 3 2 2
    sleep 4
    wait_for 60 nothing_moves
    counts_are 3 2 2
    run drover plan balance
    says "no host counts 4 VMs"
    run_exactly_once "${VMS[@]}"
}

@test "power_saving: a host that does little is emptied, and stays empty" {
    use power_saving 'power_saving.cpu_overcommit_duration: 3s'
    loads 40 40 5
    wait_for 120 is_empty kvm3
    loads 50 50 1
    wait_for 60 nothing_moves
    moved=$(completed)
    sleep 5
    is_empty kvm3
    [ "$(completed)" -eq "$moved" ]
    run drover migrations --all
    says "it may become empty"
    host_is kvm3 up # nobody said that it may be switched off
    run_exactly_once "${VMS[@]}"
}

@test "cluster_maintenance: what is not highly available does not start, what runs may move" {
    loads 30 30 30
    use cluster_maintenance ''
    run by_controller kvm2 start spare
    expect 1
    says "VM spare may not start on host kvm2: the cluster is in maintenance"
    says "not highly available"
    run lab vm start kvm2 fresh --memory 32
    expect 1
    says "VM fresh may not start on host kvm2"
    rm -f "$DROVER_LAB_DIR"/images/{,.}fresh.*
    by_controller kvm2 start vital
    is_on kvm2 vital
    by_controller kvm2 destroy vital
    by_controller "$(where mail1)" migrate --live --p2p mail1 "$(lab uri kvm3)"
    by_controller kvm3 migrate --live --p2p mail1 "$(lab uri kvm2)"
    is_on kvm2 mail1
    use none ''
    by_controller kvm2 start spare
    by_controller kvm2 destroy spare
    run_exactly_once mail1
}

@test "in_cluster_upgrade: VMs go to the host that is newer, and not back, whoever sends them" {
    bring kvm1 web1 web2
    wait_for 60 knows_fleet 7
    use in_cluster_upgrade ''
    run drover explain web1 --to kvm2
    says "its operating system is older than that of the VM's host"
    run by_controller kvm1 migrate --live --p2p web1 "$(lab uri kvm2)"
    expect 1
    says "VM web1 may not migrate to host kvm2: its operating system is older"
    says "the best other host is kvm3"
    run drover drain kvm1 --timeout 3m
    expect 0
    is_empty kvm1
    is_on kvm3 web1 web2
    run drover maintenance kvm1 off
    expect 0
    run drover explain web1 --to kvm1
    says "its operating system is older than that of the VM's host"
    run_exactly_once "${VMS[@]}"
}

@test "a VM that runs is not started a second time, and says where it is" {
    lab vm start kvm1 twin --memory 32 --persistent
    wait_for 30 knows_fleet 8
    lab exec controller virsh -q -c "$(lab uri kvm1)" dumpxml --inactive twin >"$FLEET/twin.xml"
    run by_controller kvm2 create "$FLEET/twin.xml"
    expect 1
    says "VM twin may not start on host kvm2: it runs on host kvm1 already"
    is_on kvm1 twin
    run_exactly_once twin
}
