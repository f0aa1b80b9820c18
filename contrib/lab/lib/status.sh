# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# status.sh - what the lab looks like now, for people and for tests.

# host_row HOST: "state cable load vms". vms is "-" where nobody can say.
host_row() {
    local host=$1 dir=$LAB/hosts/$1 state=up cable=plugged load=off vms=-
    if ! recorded_pid "$dir/init" >/dev/null; then
        state=off
    elif [[ ! -e $dir/ready ]]; then
        state=booting
    elif libvirtd_is_frozen "$host"; then
        state=frozen
    else
        vms=$(virsh_on "$host" list --name 2>/dev/null | grep -c .) || [[ $vms == 0 ]] || vms=-
    fi
    [[ ! -e $dir/cut ]] || cable='cut'
    [[ ! -e $dir/load ]] || read -r load <"$dir/load"
    printf '%s %s %s %s\n' "$state" "$cable" "$load" "$vms"
}

status_table() {
    local host state cable load vms
    printf '%-8s %-8s %-8s %5s %4s  %s\n' HOST STATE CABLE LOAD VMS URI
    for host in $(all_hosts); do
        read -r state cable load vms < <(host_row "$host")
        printf '%-8s %-8s %-8s %5s %4s  %s\n' "$host" "$state" "$cable" "$load" "$vms" \
            "$(lab_uri "$host")"
    done
}

json_number() { # VALUE: null for what is not a number
    [[ $1 =~ ^[0-9]+$ ]] && printf '%s' "$1" || printf 'null'
}

# The strings here are all the lab's own words: nothing needs escaping.
status_json() {
    local host state cable load vms separator=''
    printf '{"directory":"%s","network":"%s","controller":%s,"hosts":[' "$LAB" "$(subnet).0/24" \
        "$(recorded_pid "$CONTROLLER/init" >/dev/null && echo true || echo false)"
    for host in $(all_hosts); do
        read -r state cable load vms < <(host_row "$host")
        printf '%s{"name":"%s","state":"%s","cable":"%s","load_percent":%s,"vms":%s,"uri":"%s"}' \
            "$separator" "$host" "$state" "$cable" "$(json_number "$load")" \
            "$(json_number "$vms")" "$(lab_uri "$host")"
        separator=,
    done
    printf ']}\n'
}

lab_status() { # [--json]
    case ${1:-} in
        '') status_table ;;
        --json) status_json ;;
        *) usage_error "status: unknown option $1" ;;
    esac
}
