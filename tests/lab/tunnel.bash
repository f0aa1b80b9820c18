# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# The hooks' way to droverd, as INSTALL sets it up: a real sshd on the host, with the account and the
# rules of contrib/ssh, and on the controller what drover-hook-tunnel@.service runs. The keys are made
# here and thrown away. Nothing of a host's is reached by a directory that both see.

TUNNEL_PORT=2022

# Where there is no sshd tunnels_begin does nothing, and tests skip (skip_without_sshd).
tunnels_can_be() {
    command -v sshd >/dev/null && command -v ssh >/dev/null && command -v ssh-keygen >/dev/null
}

skip_without_sshd() {
    tunnels_can_be || skip "sshd is not installed (Debian package openssh-server)"
}

controller_etc() {
    printf '%s\n' "$DROVER_LAB_DIR/controller/etc/drover/hook-tunnel"
}

# An account as sysusers makes it, and what tmpfiles makes, in the host's own /etc and /run.
make_account() { # HOST
    lab exec "$1" sh -c '
        grep -q ^drover-hook: /etc/passwd || {
            echo "drover-hook:x:60999:" >>/etc/group
            echo "drover-hook:x:60999:60999::/run/drover:/usr/sbin/nologin" >>/etc/passwd
            echo "drover-hook:*:1::::::" >>/etc/shadow
        }
        getent passwd sshd >/dev/null ||
            echo "sshd:x:60998:65534::/run/sshd:/usr/sbin/nologin" >>/etc/passwd
        mkdir -p /run/sshd /run/drover /etc/ssh
        chmod 755 /run/drover /run/sshd
        chown drover-hook:drover-hook /run/drover'
}

# start_sshd HOST: in its namespaces; it dies with the host.
start_sshd() {
    local host=$1 etc=$DROVER_LAB_DIR/hosts/$1/etc/drover
    make_account "$host"
    [[ -e $etc/host_key ]] || ssh-keygen -q -t ed25519 -N "" -C "" -f "$etc/host_key"
    printf 'restrict,port-forwarding %s\n' "$(cat "$(controller_etc)/key.pub")" \
        >"$etc/hook-tunnel.keys"
    chmod 644 "$etc/hook-tunnel.keys"
    {
        printf '%s\n' "Port $TUNNEL_PORT" "HostKey /etc/drover/host_key" "UsePAM no" \
            "PasswordAuthentication no" "KbdInteractiveAuthentication no" "PidFile /run/sshd.pid"
        cat "$SRC/contrib/ssh/drover-hook.conf"
    } >"$etc/sshd_config"
    lab exec "$host" "$(command -v sshd)" -f /etc/drover/sshd_config -E /var/log/libvirt/sshd.log \
        </dev/null >&2 3>&- 4>&-
    printf '[%s]:%s %s\n' "$host" "$TUNNEL_PORT" "$(cut -d " " -f 1,2 "$etc/host_key.pub")" \
        >>"$(controller_etc)/known_hosts"
    printf 'SSH_OPTIONS=%s\n' "-p$TUNNEL_PORT -F/dev/null \
-oUserKnownHostsFile=/etc/drover/hook-tunnel/known_hosts" >"$(controller_etc)/$host.conf"
}

# tunnel_command HOST: what the unit runs, as systemd would read it: its variables, then its words.
tunnel_command() {
    (
        unit=$SRC/contrib/systemd/drover-hook-tunnel@.service
        eval "$(sed -n "s/%i/$1/g; s/^Environment=//p" "$unit" | sed "s/ SSH_OPTIONS=.*//")"
        SSH_OPTIONS=$(sed -n "s/^SSH_OPTIONS=//p" "$(controller_etc)/$1.conf")
        command=$(sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$unit" |
            sed -n "s/%i/$1/g; s|@sysconfdir@|/etc|g; s/^ExecStart=//p")
        command=${command//\$SSH_OPTIONS/$SSH_OPTIONS}
        printf '%s\n' "${command//\$\{DESTINATION\}/$DESTINATION}"
    )
}

# tunnel_begin HOST: until the host has its socket.
tunnel_begin() {
    local command
    read -ra command <<<"$(tunnel_command "$1")"
    "$LAB_COMMAND" exec controller "${command[@]}" </dev/null >>"$FLEET/tunnel-$1.log" 2>&1 \
        3>&- 4>&- &
    echo "$!" >"$FLEET/tunnel-$1.pid"
    disown
    wait_for 30 lab exec "$1" test -S /run/drover/hook.sock
}

tunnel_end() { # HOST
    [[ -e $FLEET/tunnel-$1.pid ]] || return 0
    kill "$(cat "$FLEET/tunnel-$1.pid")" 2>/dev/null || true
    rm -f "$FLEET/tunnel-$1.pid"
}

# tunnels_begin HOST...: keys, an sshd on each, and a tunnel to each. droverd's sockets may come later.
tunnels_begin() {
    local host
    tunnels_can_be || return 0
    mkdir -p "$(controller_etc)"
    [[ -e $(controller_etc)/key ]] ||
        ssh-keygen -q -t ed25519 -N "" -C "" -f "$(controller_etc)/key"
    for host in "$@"; do
        start_sshd "$host"
        tunnel_begin "$host" || {
            cat "$FLEET/tunnel-$host.log" "$DROVER_LAB_DIR/hosts/$host/var/log/libvirt/sshd.log" >&2
            return 1
        }
    done
}

# install_hook HOST: as "make install-hook" does, and a tunnel for the host's /run/drover/hook.sock.
install_hook() {
    install -m 755 "$BUILD/drover-hook" \
        "$DROVER_LAB_DIR/hosts/$1/etc/libvirt/hooks/qemu.d/50-drover"
    hook_conf "$1" ''
    tunnels_begin "$1"
    lab reload "$1"
}

hook_conf() { # HOST LINES
    printf '%s\n' "$2" >"$DROVER_LAB_DIR/hosts/$1/etc/drover/hook.conf"
}

tunnels_end() {
    local file
    for file in "${FLEET:-/nonexistent}"/tunnel-*.pid; do
        [[ ! -e $file ]] || tunnel_end "$(basename "$file" .pid | sed "s/^tunnel-//")"
    done
}

# by_key COMMAND-LINE-PARTS...: what else the tunnel's key might be used for on kvm2.
by_key() {
    lab exec controller timeout 30 ssh -F/dev/null -T -oBatchMode=yes -oIdentitiesOnly=yes \
        -oConnectTimeout=10 -oUserKnownHostsFile=/etc/drover/hook-tunnel/known_hosts \
        -oControlPath=none -p "$TUNNEL_PORT" -i /etc/drover/hook-tunnel/key "$@"
}
