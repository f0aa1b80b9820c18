# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Completion of drover(1) for bash. Commands and options are read from drover's own --help, so this
# file knows none of them; hosts and VMs are asked of the daemon, or of the file after --fleet.

# Commands, two words of them joined by a blank: lines of the "commands:" part of --help.
_drover_commands() {
    "$1" --help 2>/dev/null | awk '
        /^commands:/ { inside = 1; next }
        /^[^ ]/ { inside = 0 }
        inside && /^  [a-z]/ {
            name = $1
            if ($2 ~ /^[a-z]+$/ && $1 ~ /^(plan|policy|plugin|migrations)$/) name = name " " $2
            print name
        }'
}

# Options that --help of a command (or of all, without one) lists.
_drover_options() {
    local program=$1
    shift
    "$program" "$@" --help 2>/dev/null | awk '/^  --[a-z]/ { sub(/\[.*/, "", $1); print $1 }'
}

# Names of hosts or vms; nothing where nobody answers.
_drover_names() {
    local program=$1 what=$2 source=()
    [[ -z ${3:-} ]] || source=(--fleet "$3")
    "$program" "${source[@]}" --json "$what" 2>/dev/null |
        grep -o '"name": *"[A-Za-z0-9._:@-]*"' | sed 's/.*: *"//; s/"$//'
}

_drover() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} fleet='' words=() i word
    COMPREPLY=()
    # What stands before the cursor: its words without options and their values.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            --fleet)
                fleet=${COMP_WORDS[i + 1]:-}
                ((i++))
                ;;
            --socket | --policy | --plugin | --plugin-dir | --config | --progress | --to | --timeout | --shutdown-timeout | --vm | --hosts | \
                --vms | --for | --priority | --seed | --seeds | --faults | --drain | --trace | --plot | --versus | --journal | \
                --reason | --dir | --file | --root | --at-once | --bandwidth | --jobs | --run | --settle | --strikes | \
                --within) ((i++)) ;;
            -*) ;;
            *) words+=("$word") ;;
        esac
    done
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --fleet | --policy | --plugin | --plugin-dir | --config | --socket | --progress | --trace | --plot | --journal)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        --to)
            mapfile -t COMPREPLY < <(compgen -W "$(_drover_names "$program" hosts "$fleet")" -- "$current")
            return
            ;;
        --hosts | --from | --skip)
            word=${current##*,}
            mapfile -t COMPREPLY < <(compgen -P "${current%"$word"}" -W "$(_drover_names "$program" hosts "$fleet")" -- "$word")
            return
            ;;
        --vm)
            mapfile -t COMPREPLY < <(compgen -W "$(_drover_names "$program" vms "$fleet")" -- "$current")
            return
            ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_drover_options "$program"; _drover_options "$program" "${words[@]:0:2}")" -- "$current")
        return
    fi
    case "${words[*]}" in
        '') word=$(_drover_commands "$program" | cut -d' ' -f1 | sort -u) ;;
        plan | policy | plugin) word=$(_drover_commands "$program" | sed -n "s/^${words[0]} //p") ;;
        drain | maintenance | 'plan drain' | 'plan fail') word=$(_drover_names "$program" hosts "$fleet") ;;
        fence | evacuate | alarm) word=$(_drover_names "$program" hosts "$fleet") ;;
        'maintenance '* | 'alarm '*) word='on off' ;;
        'fence '*) word='off on status' ;;
        migrations) word='set' ;;
        explain | migrate | 'plan migrate' | confirm | revert | abort | force-complete | 'migrations set')
            word=$(_drover_names "$program" vms "$fleet")
            ;;
        test)
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            return
            ;;
        'policy check' | 'plugin check' | replay)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        *) word='' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
}

complete -F _drover drover
