#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Stories of hosts that die, of devices that do not do their work, of trouble, and of hooks, by
# drover simulate: a small fleet, one kind of trouble at a time for some days. What no story may
# break is checked by the made world itself; here it is looked at who comes back, and after what.

SRC=${DROVER_SRC:-$(readlink -f "$BATS_TEST_DIRNAME/../..")}
BUILD=${DROVER_BUILD:-$SRC/build}

setup() {
    STORY=$BATS_TEST_TMPDIR/story
}

# fleet RESILIENCE: four hosts; two important VMs, two less important ones, and plain ones.
fleet() {
    cat >"$BATS_TEST_TMPDIR/fleet.yaml" <<-END
	fleet: 1
	clusters:
	  - {name: default, policy: {extends: none, resilience: $1}}
	hosts:
	  - {name: kvm1, threads: 16, memory_mib: 32768, storage: [images]}
	  - {name: kvm2, threads: 16, memory_mib: 32768, storage: [images, ssd]}
	  - {name: kvm3, threads: 16, memory_mib: 32768, storage: [images, ssd]}
	  - {name: kvm4, threads: 16, memory_mib: 32768, storage: [images, ssd]}
	vms:
	  - {name: db1, host: kvm1, memory_mib: 2048, ha: yes, priority: 90, storage: [${2:-images}]}
	  - {name: db2, host: kvm2, memory_mib: 2048, ha: yes, priority: 90}
	  - {name: web1, host: kvm1, memory_mib: 2048, ha: yes, priority: 10}
	  - {name: web2, host: kvm2, memory_mib: 2048, ha: yes, priority: 10}
	  - {name: plain1, host: kvm1, memory_mib: 2048}
	  - {name: plain2, host: kvm2, memory_mib: 2048}
	  - {name: plain3, host: kvm3, memory_mib: 2048}
	END
}

# tell RESILIENCE ARGUMENTS...: the story; no promise is broken in it.
tell() {
    local resilience=$1
    shift
    fleet "$resilience"
    "$BUILD/drover" simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --seed "${SEED:-1}" "$@" >"$STORY" || {
        grep -A1 Broken "$STORY" || tail -n 40 "$STORY"
        return 1
    }
}

tells() { # PATTERN
    grep -q -E -e "$1" "$STORY" || {
        echo "nothing in the story is like: $1"
        return 1
    }
}

never_tells() { # PATTERN
    run grep -E -e "$1" "$STORY"
    [ "$status" -eq 1 ]
}

# Whoever is started because his host is off: that host was found dead, and has not been heard since.
starts_are_proven() {
    awk '
        $2 != "drover" { next }
        / is down \(was / { dead[$4] = 1 }
        / is (connecting|up) \(was down\)/ { delete dead[$4] }
        / is started on host .*: its host kvm[0-9] is off: / {
            match($0, /its host kvm[0-9]/)
            from = substr($0, RSTART + 9, 4)
            n++
            if (!(from in dead)) { print "not known to be dead: " $0; bad = 1 }
        }
        END {
            if (n == 0) { print "nobody is started at all"; exit 1 }
            exit bad
        }' "$STORY"
}

started() { # VM: by drover, since its host was off
    grep -q "drover  VM $1 is started on host kvm[1-4]: its host kvm[1-4] is off" "$STORY"
}

@test "migrate_ha_only: of a dead host what is highly available comes back, and nothing else" {
    tell migrate_ha_only --for 8d --faults host-death
    starts_are_proven
    started db1
    started db2
    started web1
    started web2
    never_tells 'drover  VM plain[1-3] is started'
    # priority 90 before 10, each time that both were lost
    run awk '
        $2 == "drover" && / is down \(was / { n++; delete web }
        $2 == "drover" && / is started on host .*its host .* is off/ {
            if ($4 ~ /^web/) web[$4] = 1
            if ($4 ~ /^db/ && length(web)) { print; exit 1 }
        }' "$STORY"
    [ "$status" -eq 0 ]
}

@test "migrate: all that is kept comes back; the others are named" {
    tell migrate --for 8d --faults host-death
    starts_are_proven
    started db1
    tells 'VMs without ha were lost with host kvm[1-4] \(plain[1-3].*restarts: \{keep_all: yes\}'
}

@test "do_not_migrate: hosts are fenced, and nothing comes back" {
    tell do_not_migrate --for 8d --faults host-death
    tells 'host kvm[1-4] is down \(was fencing\)'
    never_tells 'drover  VM .* is started on host'
}

@test "fencing that fails, or does not know: nothing is started until a device says off" {
    tell migrate_ha_only --for 16d --faults host-death,host-cut,fence-fails
    tells 'device says failed'
    tells 'device says unknown'
    tells 'does not answer and could not be fenced'
    starts_are_proven
}

@test "a device of which nothing is heard: the same" {
    tell migrate_ha_only --for 16d --faults host-death,host-cut,fence-dead
    tells 'could not be fenced \(the device did not answer in time\)'
    starts_are_proven
}

@test "a device that does it when nobody waits any more: its late answer proves nothing" {
    tell migrate_ha_only --for 16d --faults host-death,host-cut,fence-slow
    tells 'could not be fenced \(the device did not answer in time\)'
    starts_are_proven
}

@test "a device that lies about a host that answers is found out" {
    tell migrate_ha_only --for 20d --faults libvirt-hang,fence-lies
    tells 'its device says off, but'
}

@test "droverd is killed all the time meanwhile: what is lost comes back all the same" {
    tell migrate_ha_only --for 8d --faults host-death,controller
    tells 'the controller is killed'
    starts_are_proven
    started db1
}

@test "droverd is cut off from all hosts: it touches nothing" {
    tell migrate_ha_only --for 8d --faults cut-off
    tells 'drover takes itself to be cut off'
    never_tells 'is told to switch it off|drover  VM .* is started on host'
}

@test "libvirtd alone is restarted: no guest is lost, and none is started a second time" {
    tell migrate_ha_only --for 8d --faults libvirt-restart
    never_tells 'is told to switch it off|drover  VM .* is started on host'
}

# Some hosts of that seed have a soft device before the one that switches.
@test "libvirtd alone hangs: it is brought back softly where a device can, before anything is switched" {
    SEED=4 tell migrate_ha_only --for 8d --faults libvirt-hang
    tells 'fence_ssh_restart is told to bring its libvirtd back'
    run awk '
        $2 != "drover" { next }
        / is connecting \(was up\)/ { soft[$4] = 0 }
        /fence_ssh_restart is told to bring/ { sub(":", "", $4); soft[$4] = 1; has[$4] = 1 }
        /is told to switch it off/ { sub(":", "", $4); n++; bad += has[$4] && !soft[$4] }
        END { print n + 0, bad + 0; exit bad > 0 || n == 0 }' "$STORY"
    echo "$output"
    [ "$status" -eq 0 ]
    starts_are_proven
}

# A disk names a pool that is not there.
trouble() { # RESILIENCE
    fleet "$1" ssd
    "$BUILD/drover" simulate --fleet "$BATS_TEST_TMPDIR/fleet.yaml" --for 1h --seed 1 >"$STORY"
    tells 'host kvm1 is non_operational \(was connecting\): storage ssd'
    never_tells 'is told to switch it off|is started on host'
}

@test "trouble of a host that works: by its policy all leave it live, what is highly available, or none" {
    trouble migrate
    tells 'VM db1 moves from host kvm1'
    tells 'VM web1 moves from host kvm1'
    trouble migrate_ha_only
    tells 'VM db1 moves from host kvm1'
    never_tells 'VM plain1 moves'
    trouble do_not_migrate
    never_tells 'moves from host kvm1'
}

@test "hooks ask: a host that is to be empty takes nothing, and no VM starts twice" {
    tell migrate_ha_only --for 5d --faults hooks,files,virsh
    tells 'VM .* may not (start on|migrate to|be restored on) (it|host kvm[1-4])'
    tells 'it runs on host kvm[1-4] already'
    tells 'host kvm[1-4] is in maintenance'
}
