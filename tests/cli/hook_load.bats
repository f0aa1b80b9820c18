#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A droverd that is asked by many hooks at once loses none, and answers each as it must be: as many
# as come in a minute of 200 a second. Not timed; HOOK_LOAD_PACE=200 keeps that pace.

setup_file() {
    DROVER_BUILD=$(readlink -f "${DROVER_BUILD:-$BATS_TEST_DIRNAME/../../build}")
    DIR=$(mktemp -d "${TMPDIR:-/tmp}/drover-load.XXXXXX")
    export DROVER_BUILD DIR
    mkdir "$DIR/maintenance.d"
    : >"$DIR/maintenance.d/kvm2"
    echo '<node/>' | tee "$DIR/kvm1.xml" >"$DIR/kvm2.xml"
    # Two hosts of 3 GiB each, as libvirt makes them up: what is let in there has to fit.
    cat >"$DIR/drover.yaml" <<-END
	hosts:
	  - {name: kvm1, uri: "test://$DIR/kvm1.xml"}
	  - {name: kvm2, uri: "test://$DIR/kvm2.xml"}
	clusters:
	  - {name: default, policy: {extends: none, filters: [memory]}}
	socket: drover.sock
	hook_socket: hook.sock
	hook_dir: hooks
	database: drover.db
	maintenance_dir: maintenance.d
	alarm_dir: alarm.d
	END
    "$DROVER_BUILD/droverd" --config "$DIR/drover.yaml" >"$DIR/log" 2>&1 3>&- 4>&- &
    echo "$!" >"$DIR/pid"
    disown
    for _ in $(seq 300); do
        drover hosts 2>/dev/null | grep -q 'kvm1 .* up ' &&
            drover hosts | grep -q 'kvm2 .*maintenance' && return 0
        sleep 0.1
    done
    cat "$DIR/log" >&2
    drover hosts >&2
    return 1
}

teardown_file() {
    kill "$(cat "$DIR/pid")" 2>/dev/null || :
    for _ in $(seq 300); do
        kill -0 "$(cat "$DIR/pid")" 2>/dev/null || break
        sleep 0.1
    done
    rm -rf "$DIR"
}

drover() {
    "$DROVER_BUILD/drover" --socket "$DIR/drover.sock" --no-color "$@"
}

@test "12,000 questions, sixteen at a time, are all answered" {
    run perl "$BATS_TEST_DIRNAME/hook_load.pl" "$DIR/hook.sock" 12000 "${HOOK_LOAD_PACE:-0}"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "12000 of 12000 answered as they must be" ]
}

@test "400 hooks as libvirt runs them, eight at a time, are all answered" {
    for host in kvm1 kvm2; do
        mkdir -p "$DIR/$host/qemu.d"
        cp "$DROVER_BUILD/drover-hook" "$DIR/$host/qemu.d/50-drover"
        printf 'socket = %s\ndeadline_ms = 5000\nclosed = start\n' "$DIR/hooks/$host.sock" \
            >"$DIR/$host/hook.conf"
        seq 200 | DROVER_HOOK_CONF=$DIR/$host/hook.conf xargs -P 4 -I '{}' sh -c '
            "$0" "vm$(($1 % 8))" start begin - 2>&1 <<-END && echo allowed
			<domain type="qemu"><name>vm$(($1 % 8))</name><memory>64</memory>
			<os><type arch="i686">hvm</type></os></domain>
			END
            :' "$DIR/$host/qemu.d/50-drover" '{}' >"$DIR/$host/said" &
    done
    wait
    [ "$(grep -cx allowed "$DIR/kvm1/said")" -eq 200 ]
    [ "$(wc -l <"$DIR/kvm1/said")" -eq 200 ]
    [ "$(grep -c "^drover: host kvm2 is in maintenance" "$DIR/kvm2/said")" -eq 200 ]
    [ "$(wc -l <"$DIR/kvm2/said")" -eq 200 ]
}

@test "it is still there, and has said nothing of trouble" {
    run drover status
    [ "$status" -eq 0 ]
    run grep -i "bad connections" "$DIR/log"
    [ "$status" -eq 1 ]
}
