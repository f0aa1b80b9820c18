#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The qemu hook, called by a real libvirtd, asks droverd through SSH and a real sshd: nothing starts
# on, or migrates to, a host in maintenance, whoever asks; no VM is started twice; what arrives may be
# rewritten. And where droverd cannot be asked, no guest is ever the worse for it.

load fleet
load tunnel

VMS=(web1 web2 web3 db1 db2 mail1 mail2 dns1)

setup_file() {
    fleet_begin 81 || return 0
    loads 30 30 30
    start_vms <<-END
	kvm1 web1 --memory 32
	kvm1 web2 --memory 32
	kvm1 db1 --memory 32 --dirty 2
	kvm2 web3 --memory 32
	kvm2 spare --memory 32 --persistent
	kvm3 db2 --memory 32
	kvm3 mail1 --memory 32
	kvm3 mail2 --memory 32
	kvm3 dns1 --memory 32
	END
    by_controller kvm2 destroy spare
    cp "$SRC/contrib/examples/bridges/lua/bridges.lua" "$FLEET/lua/"
    configure <<-END
	clusters:
	  - {name: default, policy: evenly_distributed}
	limits: {retry: 2s}
	END
    install_hook kvm2
    install_hook kvm1
    droverd_start
    wait_for 60 knows_fleet 8
}

host_labels() { # HOST: kvm2 calls the guests' bridge by another name
    [[ $1 != kvm2 ]] || printf ', bridge.guests0: guests1'
}

teardown_file() {
    tunnels_end
    fleet_end
}

setup() {
    skip_without_lab
    skip_without_sshd
}

# What a test that failed has left behind must not fail those after it, too.
teardown() {
    show_log_of_failure
    if [[ -z ${BATS_TEST_COMPLETED:-} && -n ${FLEET:-} ]]; then
        for vm in bridged twin pinned; do
            lab vm destroy "$vm" >/dev/null 2>&1 || :
        done
    fi
}

# sees VM HOST|nowhere: droverd knows that it runs there.
sees() {
    drover vms --json | jq -e --arg vm "$1" --arg host "$2" \
        '[.[] | select(.name == $vm and .state != "down") | .host] as $at |
            if $host == "nowhere" then $at == [] else $at == [$host] end' >/dev/null
}

migrate() { # VM FROM TO: by virsh, not by drover
    by_controller "$2" migrate --live --p2p "$1" "$(lab uri "$3")"
}

@test "a host that is up takes what drover and virsh send it" {
    migrate web1 kvm1 kvm2
    run drover migrate web2 --to kvm2 --wait --timeout 2m
    expect 0
    is_on kvm2 web1 web2
    by_controller kvm2 start spare
    by_controller kvm2 destroy spare
    run_exactly_once web1 web2
}

@test "the key of the tunnel opens nothing else on the host" {
    run by_key drover-hook@kvm2 true
    expect 255
    run by_key -s drover-hook@kvm2 sftp
    expect 255
    run by_key -W 127.0.0.1:16509 drover-hook@kvm2
    expect 255
    run by_key -N -oExitOnForwardFailure=yes -R 2023:127.0.0.1:22 drover-hook@kvm2
    expect 255
    run by_key -N -oExitOnForwardFailure=yes -R drover.invalid:1:127.0.0.1:22 drover-hook@kvm2
    expect 255
    run by_key -N -oExitOnForwardFailure=yes -R "/root/x.sock:$FLEET/hook.sock" drover-hook@kvm2
    expect 255
    # Nor what runs on the host, through a socket of its: the connection is made, and leads nowhere.
    by_key -N -L "$FLEET/stolen.sock:/run/libvirt/libvirt-sock" drover-hook@kvm2 \
        >/dev/null 2>&1 3>&- &
    stolen=$!
    wait_for 20 test -S "$FLEET/stolen.sock"
    run timeout 30 virsh -q -c "qemu+unix:///system?socket=$FLEET/stolen.sock" list
    kill "$stolen"
    [ "$status" -ne 0 ] # refused, or cut off while it speaks
    [[ $output != *running* ]]
    by_controller kvm2 list >/dev/null # it was there to be reached
}

@test "a host is who its channel says, whatever it says itself" {
    hook_conf kvm2 'host = kvm3'
    run drover drain kvm2 --timeout 3m
    expect 0
    run by_controller kvm2 start spare
    expect 1
    says "host kvm2 is in maintenance"
    hook_conf kvm2 ''
    run drover maintenance kvm2 off
    expect 0
    wait_for 30 host_is kvm2 up
}

# A guest on a bridge of the host's, with a password that no unit may see.
start_bridged() { # HOST NAME
    lab vm start "$1" "$2" --memory 32 --network guests
    by_controller "$1" dumpxml "$2" --security-info |
        sed -e "s|<interface type='network'>|<interface type='bridge'>|" \
            -e "s|<source network='guests'[^>]*/>|<source bridge='guests0'/>|" \
            -e "s|</devices>|<graphics type='vnc' port='-1' autoport='yes' passwd='hunter2'/>\
<video><model type='none'/></video></devices>|" >"$FLEET/$2.xml"
    by_controller "$1" destroy "$2"
    by_controller "$1" create "$FLEET/$2.xml"
}

@test "what arrives by virsh migrate is rewritten by the site's Lua, and keeps its secrets" {
    lab exec kvm2 ip link add guests1 type bridge
    lab exec kvm2 ip link set guests1 up
    printf "<network><name>other</name><forward mode='bridge'/><bridge name='guests1'/></network>" \
        >"$FLEET/other.xml"
    by_controller kvm2 net-define "$FLEET/other.xml"
    by_controller kvm2 net-start other
    start_bridged kvm1 bridged
    wait_for 60 sees bridged kvm1
    migrate bridged kvm1 kvm2
    is_on kvm2 bridged
    run by_controller kvm2 dumpxml bridged --security-info
    expect 0
    says "<source bridge='guests1'/>"
    says "passwd='hunter2'"
    [[ $output != *drover-secret* ]]
    run lab exec kvm2 ip -o link show master guests1 # it is plugged in there
    says "vnet"
    by_controller kvm2 destroy bridged
    run grep -r hunter2 "$FLEET/droverd.log" "$FLEET"/drover.db*
    expect 1
    wait_for 60 sees bridged nowhere
}

@test "a VM is not started twice, also with droverd restarted meanwhile" {
    lab vm start kvm1 twin --memory 32 --persistent
    by_controller kvm1 dumpxml twin --inactive >"$FLEET/twin.xml"
    by_controller kvm2 define "$FLEET/twin.xml"
    wait_for 60 sees twin kvm1
    run by_controller kvm2 start twin
    expect 1
    says "VM twin may not start on host kvm2: it runs on host kvm1 already"
    droverd_stop
    droverd_start
    wait_for 60 all_hosts_are_up
    wait_for 60 sees twin kvm1
    run by_controller kvm2 start twin
    expect 1
    says "it runs on host kvm1 already"
    is_on kvm1 twin
    [ "$(where twin)" = kvm1 ]
    by_controller kvm1 destroy twin
    wait_for 60 sees twin nowhere
    by_controller kvm2 start twin # it runs nowhere now
    by_controller kvm2 destroy twin
    by_controller kvm1 undefine twin
    by_controller kvm2 undefine twin
    wait_for 60 sees twin nowhere
}

@test "virsh migrate to a host in maintenance is refused, and told who would take the VM" {
    run drover drain kvm2 --timeout 3m
    expect 0
    bring kvm1 db1
    run migrate db1 kvm1 kvm2
    expect 1
    says "host kvm2 is in maintenance"
    says "uid 0 (root)"
    says "VM db1 may not migrate to it"
    says "the best other host is kvm"
    is_on kvm1 db1
    is_empty kvm2
    run_exactly_once "${VMS[@]}"
    run drover log
    says "VM db1 may not migrate to it"
}

@test "virsh start and virsh create on it are refused" {
    run by_controller kvm2 start spare
    expect 1
    says "host kvm2 is in maintenance"
    says "VM spare may not start on it"
    says "the best other host is kvm"
    run lab vm start kvm2 fresh --memory 32
    expect 1
    says "VM fresh may not start on it"
    is_empty kvm2
    rm -f "$DROVER_LAB_DIR"/images/{,.}fresh.*
}

@test "a host that is still being emptied is closed, too" {
    run drover maintenance kvm2 off
    expect 0
    wait_for 30 host_is kvm2 up
    lab vm start kvm2 pinned --memory 32 --metadata <(
        printf '<drover:vm xmlns:drover="https://drover.dev/xmlns/domain/1" migratable="no"/>\n'
    )
    wait_for 30 knows_fleet 9
    run drover drain kvm2 --timeout 3m
    expect 1 # no filter refuses: the VM's own setting does
    says "pinned"
    host_is kvm2 preparing_for_maintenance
    run migrate db1 kvm1 kvm2
    expect 1
    says "VM db1 may not migrate to it"
    lab vm destroy pinned
    wait_for 30 host_is kvm2 maintenance
}

@test "droverd stuck: the hook waits no longer than its deadline, and lets the VM in" {
    hook_conf kvm2 'deadline_ms = 500'
    droverd_signal STOP
    migrate db1 kvm1 kvm2
    droverd_signal CONT
    is_on kvm2 db1
    wait_for 60 is_empty kvm2 # back at work, droverd empties the host again
    wait_for 30 host_is kvm2 maintenance
    run_exactly_once db1
}

@test "droverd absent: open unless hook.conf closes it" {
    droverd_stop
    bring kvm1 db1
    migrate db1 kvm1 kvm2
    is_on kvm2 db1
    by_controller kvm2 start spare
    by_controller kvm2 destroy spare
    hook_conf kvm2 'closed = migrate start prepare'
    migrate db1 kvm2 kvm1 # leaving is no question of the hook's
    run migrate db1 kvm1 kvm2
    expect 1
    says "droverd"
    run by_controller kvm2 start spare
    expect 1
    is_on kvm1 db1
    run_exactly_once db1
}

guest_process() { # HOST VM
    lab exec "$1" cat "/run/libvirt/qemu/$2.pid"
}

@test "droverd absent and all closed: a restart of libvirtd costs no guest" {
    hook_conf kvm2 ''
    bring kvm2 web1 db1
    hook_conf kvm2 'closed = migrate start prepare restore'
    web1=$(guest_process kvm2 web1)
    db1=$(guest_process kvm2 db1)
    lab restart-libvirtd kvm2
    is_on kvm2 web1 db1
    lab reload kvm2
    [ "$(guest_process kvm2 web1)" = "$web1" ]
    [ "$(guest_process kvm2 db1)" = "$db1" ]
    run_exactly_once web1 db1
    # and a guest that is told to stop does, and is cleaned up after
    by_controller kvm2 destroy web1
    [ -z "$(where web1)" ]
    hook_conf kvm2 ''
    droverd_start
    wait_for 60 host_is kvm2 maintenance # it remembered, and emptied the host again
    [ -z "$(where web1)" ]
    run_exactly_once db1
}
