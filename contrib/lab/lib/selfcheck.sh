# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# selfcheck.sh - can this machine hold a lab? Tried, not guessed: a container may have root and
# still not be allowed to mount. Exit 77 is the automake word for "skipped".

unavailable() {
    warn "not available here: $*"
    exit 77
}

# lab_selfcheck: returns when everything is there, exits 77 with the reason otherwise.
lab_selfcheck() {
    local tool trial
    ((EUID == 0)) || unavailable "it needs root (namespaces, mounts, libvirtd); this is uid $EUID"
    for tool in unshare nsenter setpriv flock:util-linux ip:iproute2 mount as:binutils ld:binutils \
        libvirtd:libvirt-daemon-system virsh:libvirt-clients qemu-system-x86_64:qemu-system-x86; do
        command -v "${tool%%:*}" >/dev/null ||
            unavailable "the command ${tool%%:*} is missing (Debian package ${tool##*:})"
    done
    trial=$(unshare --mount --net --uts --pid --fork bash -c '
        mount -t proc proc /proc && mount -t sysfs sysfs /sys ||
            { echo "mounting /proc and /sys"; exit; }
        mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work ||
            { echo "mounting a tmpfs"; exit; }
        mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc ||
            { echo "mounting an overlay file system"; exit; }
        ip link add lab0 type bridge || { echo "making a network bridge"; exit; }
        ip link add veth0 type veth peer name veth1 || { echo "making a pair of veth links"; exit; }
        [ -c /dev/net/tun ] || { echo "/dev/net/tun"; exit; }
        echo ok' 2>&1) || trial="making namespaces ($trial)"
    [[ $trial == ok ]] || unavailable "${trial##*$'\n'} does not work on this machine"
}
