# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# vm.sh - guests: a boot disk with the lab's own boot sector, a domain XML, a start.
#
# The boot disk is read-only and lies in the directory that all hosts share, so libvirt migrates the
# guest without --unsafe. A writable disk is a network disk served by the controller, as on a real
# fleet: libvirt rightly refuses to share a writable file on a local file system.

IMAGES_PATH=/var/lib/libvirt/images
MAX_SPAN_MIB=2048 # beneath the hole for PCI

little_endian() { # NUMBER: four bytes
    local byte i
    for ((i = 0; i < 4; i++)); do
        printf -v byte '\\x%02x' $((($1 >> (8 * i)) & 255))
        printf '%b' "$byte"
    done
}

build_guest() {
    local source=$LAB_HOME/guest/guest.S
    as --32 -o "$LAB/guest.o" "$source"
    ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o "$LAB/guest.bin" "$LAB/guest.o"
}

POWER_BUTTON=256 # of ACPI's fixed events

make_boot_disk() { # NAME DIRTY_MIB_S MEMORY_MIB EVENTS
    local image=$LAB/images/$1.img start=2 span=$(($3 - 4))
    ((span <= MAX_SPAN_MIB)) || span=$MAX_SPAN_MIB
    cp "$LAB/guest.bin" "$image.new"
    truncate -s 1M "$image.new"
    {
        little_endian "$2" && little_endian "$start" && little_endian "$span" && little_endian "$4"
    } |
        dd of="$image.new" bs=1 seek=12 conv=notrunc status=none
    mv "$image.new" "$image"
}

make_data_disk() { # NAME MIB: a file, and a server for it in the controller
    local name=$1 image=$LAB/images/$1.data dir=$CONTROLLER/run/nbd
    command -v qemu-nbd >/dev/null || die "a data disk needs qemu-nbd (Debian package qemu-utils)"
    mkdir -p "$dir"
    [[ -e $image ]] || truncate -s "$2M" "$image"
    (
        close_inherited_files
        in_controller qemu-nbd --fork --persistent --shared=0 --format=raw --cache=none \
            --bind="$(subnet).1" --port="$(data_disk_port "$name")" --export-name="$name" \
            --pid-file="$dir/$name.pid" "$image" </dev/null >>"$CONTROLLER/log" 2>&1
    ) || die "the disk server for $name does not start: see $CONTROLLER/log"
}

# data_disk_port NAME: the same port for the same name for as long as the lab lives.
data_disk_port() {
    local ports=$CONTROLLER/ports
    grep -qx "$1" "$ports" 2>/dev/null || printf '%s\n' "$1" >>"$ports"
    printf '%d\n' $((10809 + $(grep -nx "$1" "$ports" | cut -d: -f1)))
}

drop_data_disk() { # NAME
    local file=$CONTROLLER/run/nbd/$1.pid pid net
    [[ -e $file ]] || return 0
    read -r pid <"$file"
    # A pid may have been given away since: only a process within the controller's network is ours.
    net=$(in_controller readlink /proc/self/ns/net)
    if [[ $(readlink "/proc/$pid/ns/net" 2>/dev/null) == "$net" ]]; then
        kill "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
}

vm_disk_xml() { # NAME DISK_MIB
    cat <<-END
	    <disk type='file' device='disk'>
	      <driver name='qemu' type='raw' cache='none'/>
	      <source file='$IMAGES_PATH/$1.img'/>
	      <target dev='vda' bus='virtio'/>
	      <readonly/>
	    </disk>
	END
    if [[ -n $local_disk ]]; then
        printf "    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/>"
        printf "<source file='%s'/><target dev='vdc' bus='virtio'/></disk>\n" "$local_disk"
    fi
    (($2 > 0)) || return 0
    cat <<-END
	    <disk type='network' device='disk'>
	      <driver name='qemu' type='raw' cache='none'/>
	      <source protocol='nbd' name='$1'>
	        <host name='$(subnet).1' port='$(data_disk_port "$1")'/>
	      </source>
	      <target dev='vdb' bus='virtio'/>
	    </disk>
	END
}

# vm_xml: from the variables of vm_start. The least of a machine: it starts fast and idles cheaply.
vm_xml() {
    printf '<domain type="qemu">\n  <name>%s</name>\n' "$name"
    [[ -z $uuid ]] || printf '  <uuid>%s</uuid>\n' "$uuid"
    if [[ -n $metadata ]]; then
        printf '  <metadata>\n'
        cat -- "$metadata"
        printf '  </metadata>\n'
    fi
    cat <<-END
	  <memory unit='MiB'>$memory_mib</memory>
	  <vcpu>$vcpus</vcpu>
	  <os><type arch='x86_64' machine='pc'>hvm</type></os>
	  <features><acpi/></features>
	  <clock offset='utc'/>
	  <on_reboot>restart</on_reboot>
	  <devices>
	END
    vm_disk_xml "$name" "$disk_mib"
    if [[ -n $network ]]; then
        printf "    <interface type='network'><source network='%s'/>" "$network"
        printf "<model type='virtio'/><driver name='qemu'/><rom enabled='no'/></interface>\n"
    fi
    cat <<-END
	    <serial type='file'>
	      <source path='/var/log/libvirt/serial/$name.log' append='on'/>
	    </serial>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	  </devices>
	</domain>
	END
}

check_number() { # OPTION VALUE MIN MAX
    if [[ ! $2 =~ ^[1-9]?[0-9]{1,5}$ ]] || (($2 < $3 || $2 > $4)); then
        usage_error "$1: expected a whole number from $3 to $4, found \"$2\""
    fi
}

check_vm_name() {
    [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] ||
        usage_error "VM name: expected letters, digits, dots, dashes and underscores, found \"$1\""
}

vm_start() {
    (($# >= 2)) || usage_error "vm start: expected HOST NAME"
    local host=$1 name=$2 memory_mib=64 vcpus=1 dirty_mib_s=0 disk_mib=0 persistent='' uuid='' \
        metadata='' network='' events=$POWER_BUTTON local_disk='' xml where
    shift 2
    need_host "$host"
    check_vm_name "$name"
    while (($#)); do
        [[ $1 == --persistent || $1 == --deaf || $# -ge 2 ]] || usage_error "vm start: $1 needs a value"
        case $1 in
            --memory) check_number "$1" "$2" 8 65536 && memory_mib=$2 ;;
            --vcpus) check_number "$1" "$2" 1 64 && vcpus=$2 ;;
            --dirty) check_number "$1" "$2" 0 100000 && dirty_mib_s=$2 ;;
            --disk) check_number "$1" "$2" 1 65536 && disk_mib=$2 ;;
            --uuid) uuid=$2 ;;
            --metadata) metadata=$2 ;;
            --network) network=$2 ;;
            --local-disk) local_disk=$2 ;;
            --persistent) persistent=yes ;;
            --deaf) events=0 ;;
            *) usage_error "vm start: unknown option $1" ;;
        esac
        [[ $1 == --persistent || $1 == --deaf ]] || shift
        shift
    done
    [[ $uuid =~ ^[0-9a-fA-F-]*$ ]] || usage_error "--uuid: expected a UUID, found \"$uuid\""
    [[ $network =~ ^[A-Za-z0-9._-]*$ ]] ||
        usage_error "--network: expected a network's name, found \"$network\""
    [[ $local_disk =~ ^(/[A-Za-z0-9./_-]+)?$ ]] ||
        usage_error "--local-disk: expected a path on the host, found \"$local_disk\""
    [[ -z $metadata || -r $metadata ]] || usage_error "--metadata: cannot read \"$metadata\""
    host_is_on "$host" || die "$host is off"
    where=$(vm_where "$name")
    [[ -z $where ]] || die "a VM named $name runs already on $where"
    make_boot_disk "$name" "$dirty_mib_s" "$memory_mib" "$events"
    ((disk_mib == 0)) || make_data_disk "$name" "$disk_mib"
    xml=$LAB/images/.$name.xml
    vm_xml >"$xml"
    if [[ -n $persistent ]]; then
        virsh_on "$host" define "$IMAGES_PATH/.$name.xml" >/dev/null
        virsh_on "$host" start "$name" >/dev/null
    else
        virsh_on "$host" create "$IMAGES_PATH/.$name.xml" >/dev/null
    fi
}

hosts_that_are_on() {
    local host
    for host in $(all_hosts); do
        if host_is_on "$host"; then
            printf '%s\n' "$host"
        fi
    done
}

# vm_where NAME: every host whose libvirt says that NAME runs there, one per line. One line is
# right, two lines are the accident that all of this is about.
vm_where() {
    local host state
    for host in $(hosts_that_are_on); do
        if state=$(LC_ALL=C virsh_on "$host" domstate "$1" 2>&1); then
            [[ $state != running* ]] || printf '%s\n' "$host"
        elif [[ $state != *"failed to get domain"* ]]; then
            warn "$host does not say: ${state:-no answer within $VIRSH_DEADLINE_S s}"
        fi
    done
}

vm_list() { # [HOST]: one question per host, so that a test can ask often
    local host lines
    for host in ${1:-$(hosts_that_are_on)}; do
        lines=$(LC_ALL=C virsh_on "$host" list --all) || {
            warn "$host does not answer"
            continue
        }
        awk -v host="$host" 'NF >= 3 { state = $3; for (i = 4; i <= NF; i++) state = state "_" $i
                                       print host, $2, state }' <<<"$lines"
    done
}

vm_destroy() { # NAME
    local host found=''
    check_vm_name "$1"
    for host in $(hosts_that_are_on); do
        if virsh_on "$host" dominfo "$1" >/dev/null 2>&1; then
            found=yes
            virsh_on "$host" destroy "$1" >/dev/null 2>&1 || true
            virsh_on "$host" undefine "$1" >/dev/null 2>&1 || true # gone already unless persistent
        fi
    done
    drop_data_disk "$1"
    rm -f "$LAB/images/$1.img" "$LAB/images/$1.data" "$LAB/images/.$1.xml"
    [[ -n $found ]] || die "no host of this lab has a VM named $1"
}

# vm_beats NAME: where and when it ran, from the heartbeats in the hosts' serial logs: a line per
# host and boot id. Fails if a beat was written twice, or two boots of it beat in the same second.
vm_beats() {
    local host log
    check_vm_name "$1"
    for host in $(all_hosts); do
        log=$LAB/hosts/$host/var/log/libvirt/serial/$1.log
        if [[ -e $log ]]; then
            awk -v host="$host" 'NF == 3 && length($2 $3) == 16 { print host, $1, $2, $3 }' "$log"
        fi
    done | awk '
        {
            run = $1 " " $3
            if (!(run in first)) { order[++runs] = run; first[run] = $4; since[run] = $2 }
            last[run] = $4; until[run] = $2
            if (seen[$3 $4]++) twice = twice "\nbeat " $4 " of boot " $3 " was written twice"
            if (($2 in boot) && boot[$2] != $3)
                twice = twice "\ntwo boots at " $2 ": " boot[$2] " and " $3
            boot[$2] = $3
        }
        END {
            for (i = 1; i <= runs; i++)
                print order[i], first[order[i]], last[order[i]], since[order[i]], until[order[i]]
            if (twice != "") { print "lab: it ran twice:" twice >"/dev/stderr"; exit 1 }
        }'
}
