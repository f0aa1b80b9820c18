# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# host.sh - a lab host: its files, its birth, its death.
#
# A host is one process tree in its own network, mount, UTS and pid namespace. Nothing pins the
# namespaces: when process 1 dies, every process in it dies with it, then the mounts and the network
# go. So a power loss is one SIGKILL, and nothing can be left behind.
# The controller is a network and mount namespace without hosts' things in it; it holds the bridge.

HOST_UUID_PREFIX=6c61622d-6864-4f00-8000
NETWORK_UUID=6c61622d-6e65-4f00-8000-000000000001
POOL_UUID=6c61622d-706f-4f00-8000-000000000001

write_libvirt_config() { # DIR HOST
    local etc=$1/etc/libvirt host=$2 address uuid
    address=$(host_address "$host")
    printf -v uuid '%s-%012d' "$HOST_UUID_PREFIX" "${host#kvm}"
    cat >"$etc/libvirtd.conf" <<-END
	host_uuid = "$uuid"
	listen_tls = 0
	listen_tcp = 1
	listen_addr = "$address"
	auth_tcp = "none"
	auth_unix_ro = "none"
	auth_unix_rw = "none"
	mdns_adv = 0
	audit_level = 0
	log_level = 3
	log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
	END
    cat >"$etc/qemu.conf" <<-END
	user = "root"
	group = "root"
	dynamic_ownership = 0
	remember_owner = 0
	security_driver = "none"
	cgroup_controllers = []
	namespaces = []
	stdio_handler = "file"
	migration_host = "$address"
	END
    cat >"$etc/storage/images.xml" <<-END
	<pool type='dir'>
	  <name>images</name>
	  <uuid>$POOL_UUID</uuid>
	  <target><path>/var/lib/libvirt/images</path></target>
	</pool>
	END
    ln -sf ../images.xml "$etc/storage/autostart/images.xml"
    # A network on a bridge that is there already needs neither dnsmasq nor a packet filter.
    cat >"$etc/qemu/networks/guests.xml" <<-END
	<network>
	  <name>guests</name>
	  <uuid>$NETWORK_UUID</uuid>
	  <forward mode='bridge'/>
	  <bridge name='guests0'/>
	</network>
	END
    ln -sf ../guests.xml "$etc/qemu/networks/autostart/guests.xml"
    # Lets "lab reload" know that libvirtd has read its hooks again.
    cat >"$etc/hooks/daemon.d/10-lab" <<-'END'
	#!/bin/sh
	[ "$2" != reload ] || : >/run/libvirtd-reloaded
	END
    chmod 755 "$etc/hooks/daemon.d/10-lab"
}

write_names() { # FILE: every host can name every other
    local n net
    net=$(subnet)
    {
        printf '127.0.0.1 localhost\n%s.1 controller\n' "$net"
        for ((n = 1; n <= 200; n++)); do
            printf '%s.%d kvm%d\n' "$net" $((10 + n)) "$n"
        done
    } >"$1"
}

make_host_files() { # HOST
    local dir=$LAB/hosts/$1
    [[ ! -e $dir/made ]] || return 0
    mkdir -p "$dir"/etc/{drover,libvirt/{hooks/{qemu,daemon,network}.d,qemu/networks/autostart}} \
        "$dir"/etc/libvirt/{nwfilter,secrets,storage/autostart} \
        "$dir"/var/{lib/{drover,libvirt/images},log/libvirt/{qemu,serial},cache/libvirt} \
        "$dir/run/drover"
    chmod 700 "$dir/etc/libvirt/secrets"
    write_names "$dir/etc/hosts"
    write_libvirt_config "$dir" "$1"
    : >"$dir/made"
}

# private_view DIR PATH...: lets mount points be made beneath PATH without touching the machine's.
private_view() {
    local scratch=$1/scratch path layers
    shift
    mkdir -p "$scratch"
    mount -t tmpfs -o mode=755 lab "$scratch"
    for path in "$@"; do
        mkdir -p "$scratch$path/upper" "$scratch$path/work"
        layers=lowerdir=$path,upperdir=$scratch$path/upper,workdir=$scratch$path/work
        mount -t overlay lab -o "$layers" "$path"
    done
}

# bind_own DIR PATH...: PATH is DIR/PATH from now on.
bind_own() {
    local dir=$1 path
    shift
    for path in "$@"; do
        [[ -e $path ]] || mkdir -p "$path"
        mount --bind "$dir$path" "$path"
    done
}

start_libvirtd() { # inside the host
    libvirtd --daemon --listen --pid-file /run/libvirtd.pid --config /etc/libvirt/libvirtd.conf
}

# Process 1 of a host: sets the namespaces up, starts libvirtd, then only reaps: libvirt waits for
# its guests' processes to disappear, and a zombie does not.
host_init() { # HOST
    local host=$1 dir=$LAB/hosts/$1
    record_self "$dir/init"
    mount -t proc proc /proc
    umount --recursive --lazy /sys # else libvirt looks for control groups that a host may not use
    mount -t sysfs sysfs /sys
    hostname "$host"
    private_view "$dir" /etc /var/lib
    bind_own "$dir" /etc/libvirt /etc/drover /etc/hosts /var/lib/libvirt /var/lib/drover \
        /var/log/libvirt /var/cache/libvirt
    mount --bind "$LAB/images" /var/lib/libvirt/images
    bind_own "$dir" /run
    wait_until "$BOOT_DEADLINE_S" ip link show dev eth0 >/dev/null 2>&1
    ip link set lo up
    ip address add "$(host_address "$host")/24" dev eth0
    ip address add "$(migration_address "$host")/24" dev eth0
    ip link set eth0 up
    ip link add guests0 type bridge
    ip link set guests0 up
    start_libvirtd
    : >"$dir/ready"
    while :; do
        sleep infinity &
        wait
    done
}

controller_init() {
    record_self "$CONTROLLER/init"
    hostname controller
    private_view "$CONTROLLER" /etc /var/lib
    bind_own "$CONTROLLER" /etc/drover /etc/hosts /var/lib/drover /run
    ip link set lo up
    ip link add hosts0 type bridge
    ip address add "$(subnet).1/24" dev hosts0
    ip link set hosts0 up
    : >"$CONTROLLER/ready"
    exec sleep infinity
}

# launch DIR INIT ARGUMENTS...: starts the process away from the caller's terminal and open files.
launch() {
    local dir=$1
    shift
    (
        close_inherited_files
        cd /
        exec setsid "$BASH" "$LAB_SCRIPT" internal launch "$dir" "$@" </dev/null >>"$dir/log" 2>&1
    ) &
}

# Runs in the launched process: it writes itself down before there is anything to clean up.
internal_launch() { # DIR INIT ARGUMENTS...
    local dir=$1 init=$2
    shift 2
    if [[ $init == host-init ]]; then
        record_self "$dir/parent"
        exec unshare --mount --net --uts --pid --fork --kill-child=KILL \
            "$BASH" "$LAB_SCRIPT" internal "$init" "$@"
    fi
    exec unshare --mount --net --uts "$BASH" "$LAB_SCRIPT" internal "$init" "$@"
}

boot_failed() { # DIR WHAT
    warn "$2 did not come up within $BOOT_DEADLINE_S s; the end of its log:"
    tail -n 15 "$1/log" >&2 || true
    tail -n 15 "$1/var/log/libvirt/libvirtd.log" >&2 2>/dev/null || true
    exit 1
}

# is_ready DIR: true also when the process has died, so that nobody waits for the dead.
is_ready() {
    [[ -e $1/ready ]] || { [[ -e $1/init ]] && is_gone "$1/init"; }
}

start_controller() {
    if recorded_pid "$CONTROLLER/init" >/dev/null && [[ -e $CONTROLLER/ready ]]; then
        return 0
    fi
    kill_recorded "$CONTROLLER/init"
    mkdir -p "$CONTROLLER"/{etc/drover,var/lib/drover,run/drover}
    write_names "$CONTROLLER/etc/hosts"
    rm -f "$CONTROLLER/ready"
    launch "$CONTROLLER" controller-init
    if ! wait_until "$BOOT_DEADLINE_S" is_ready "$CONTROLLER" || [[ ! -e $CONTROLLER/ready ]]; then
        boot_failed "$CONTROLLER" "the controller"
    fi
}

# A start takes two halves, so that many hosts can boot side by side.
host_boot_begin() { # HOST
    local host=$1 dir=$LAB/hosts/$1 pid mac
    ! host_is_on "$host" || return 0
    kill_recorded "$dir/init" "$dir/parent"
    make_host_files "$host"
    rm -f "$dir/ready" "$dir/load"
    # /run is empty after a boot; run/drover stands for a socket that somebody else carries here.
    find "$dir/run" -mindepth 1 -maxdepth 1 ! -name drover -exec rm -rf {} +
    launch "$dir" host-init "$host"
    wait_until "$BOOT_DEADLINE_S" test -s "$dir/init" || boot_failed "$dir" "$host"
    pid=$(recorded_pid "$dir/init") || boot_failed "$dir" "$host"
    in_controller ip link delete "$host" 2>/dev/null || true # what a dead host may have left
    # A host keeps its MAC through a boot: to a new one its peers would be blind for a minute.
    printf -v mac '02:6c:61:62:00:%02x' "${host#kvm}"
    in_controller ip link add name "$host" type veth peer name lab-eth0 address "$mac"
    in_controller ip link set "$host" master hosts0
    [[ -e $dir/cut ]] || in_controller ip link set "$host" up
    # The name lab-eth0 becomes eth0 only inside: it tells host_init that all is done out here.
    in_controller ip link set lab-eth0 netns "$pid" name eth0
}

host_boot_end() { # HOST
    local dir=$LAB/hosts/$1
    if ! wait_until "$BOOT_DEADLINE_S" is_ready "$dir" || [[ ! -e $dir/ready ]]; then
        boot_failed "$dir" "$1"
    fi
}

host_crash() { # HOST
    local dir=$LAB/hosts/$1
    # The cable first: a host without power sends no farewell to its peers.
    in_controller ip link delete "$1" 2>/dev/null || true
    kill_recorded "$dir/init" "$dir/parent"
    rm -f "$dir/ready" "$dir/load"
}

host_link() { # HOST up|down
    in_controller ip link set "$1" "$2"
}

libvirtd_pid() { # HOST: its pid within the host
    local pid=''
    # The file has no newline at its end, so read fails even where it reads.
    { read -r pid <"$LAB/hosts/$1/run/libvirtd.pid"; } 2>/dev/null || [[ -n $pid ]] ||
        die "$1 has no libvirtd running"
    printf '%s\n' "$pid"
}

signal_libvirtd() { # HOST SIGNAL
    in_host "$1" kill -s "$2" "$(libvirtd_pid "$1")"
}

libvirtd_is_frozen() { # HOST
    local state
    state=$(in_host "$1" cut -d ' ' -f 3 "/proc/$(libvirtd_pid "$1")/stat" 2>/dev/null) || return 1
    [[ $state == T ]]
}

libvirtd_is_gone() { # HOST PID
    ! in_host "$1" kill -0 "$2" 2>/dev/null
}

restart_libvirtd() { # HOST; one that is dead is started
    local host=$1 pid
    pid=$(libvirtd_pid "$host")
    signal_libvirtd "$host" TERM 2>/dev/null || true
    signal_libvirtd "$host" CONT 2>/dev/null || true # it may be frozen, and then would never see it
    wait_until 30 libvirtd_is_gone "$host" "$pid" || die "libvirtd of $host does not stop"
    (
        close_inherited_files
        in_host "$host" "$BASH" "$LAB_SCRIPT" internal start-libvirtd \
            </dev/null >>"$LAB/hosts/$host/log" 2>&1
    ) || die "libvirtd of $host does not start again: see $LAB/hosts/$host/log"
}

# openssl_quietly ARGUMENTS...: what it says is of interest only where it fails.
openssl_quietly() {
    local said
    said=$(openssl "$@" 2>&1) || die "openssl $1: $said"
}

make_lab_ca() {
    local ca=$LAB/ca
    [[ ! -e $ca/cert.pem ]] || return 0
    mkdir -p "$ca"
    openssl_quietly req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj "/CN=drover lab" -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign -keyout "$ca/key.pem" -out "$ca/cert.pem"
}

# One certificate for both ends; QEMU looks for them by these names.
make_host_certificate() { # HOST DIR
    local host=$1 dir=$2 ca=$LAB/ca
    mkdir -p "$dir"
    openssl_quietly req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj "/CN=$host" -keyout "$dir/server-key.pem" -out "$dir/request.pem"
    cat >"$dir/extensions" <<-END
	basicConstraints = critical, CA:FALSE
	keyUsage = critical, digitalSignature, keyEncipherment
	extendedKeyUsage = serverAuth, clientAuth
	subjectAltName = DNS:$host, IP:$(host_address "$host")
	END
    openssl_quietly x509 -req -in "$dir/request.pem" -CA "$ca/cert.pem" -CAkey "$ca/key.pem" \
        -CAcreateserial -days 30 -extfile "$dir/extensions" -out "$dir/server-cert.pem"
    cp "$dir/server-cert.pem" "$dir/client-cert.pem"
    cp "$dir/server-key.pem" "$dir/client-key.pem"
    cp "$ca/cert.pem" "$dir/ca-cert.pem"
    rm "$dir/request.pem" "$dir/extensions"
}

# The host can migrate encrypted from now on, to and from others that can.
host_tls() { # HOST
    local host=$1 dir=$LAB/hosts/$1/etc/libvirt
    command -v openssl >/dev/null || die "there is no openssl: apt-get install openssl"
    [[ ! -e $dir/pki ]] || return 0
    make_lab_ca
    make_host_certificate "$host" "$dir/pki"
    cat >>"$dir/qemu.conf" <<-'END'
	migrate_tls_x509_cert_dir = "/etc/libvirt/pki"
	migrate_tls_x509_verify = 1
	END
    restart_libvirtd "$host"
}

reload_libvirtd() { # HOST
    local mark=$LAB/hosts/$1/run/libvirtd-reloaded
    rm -f "$mark"
    signal_libvirtd "$1" HUP
    wait_until 30 test -e "$mark" || die "libvirtd of $1 has not reloaded"
}

# in_controllers_network: pids of what "lab exec controller" has started and left. Only while the
# namespace is known to be ours: its first process lives.
in_controllers_network() {
    local init net pid dir
    init=$(recorded_pid "$CONTROLLER/init") || return 0
    net=$(readlink "/proc/$init/ns/net") || return 0
    for dir in /proc/[0-9]*; do
        pid=${dir#/proc/}
        if ((pid != $$ && pid != BASHPID && pid != init)) &&
            [[ $(readlink "$dir/ns/net" 2>/dev/null) == "$net" ]]; then
            printf '%s\n' "$pid"
        fi
    done
}

controllers_network_is_empty() {
    local pids
    pids=$(in_controllers_network)
    # shellcheck disable=SC2086 # a list of numbers
    [[ -z $pids ]] || {
        kill -KILL $pids 2>/dev/null || true
        return 1
    }
}

kill_in_controller() {
    wait_until 20 controllers_network_is_empty || die "processes in the controller do not die"
}
