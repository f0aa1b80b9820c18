#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What --help lists stands in the manual page, the other way round, and is completed.

load common

setup() {
    PAGE=$SRC/docs/man/drover.1
    drover --help >"$BATS_TEST_TMPDIR/help"
}

# The names of all commands, a line each.
command_names() {
    awk '/^commands:/ { on = 1; next } /^[^ ]/ { on = 0 }
         on && /^  [a-z]/ { print ($1 " " $2 ~ /^(plan |policy |plugin |migrations set)/) ? $1 " " $2 : $1 }' \
        "$BATS_TEST_TMPDIR/help"
}

@test "every command is in drover(1)" {
    local name missing=''
    while read -r name; do
        grep -Eq "^\.It Ic $name( |\$)" "$PAGE" || missing+=" \"$name\""
    done < <(command_names)
    [ -z "$missing" ] || { echo "not in the page:$missing"; false; }
}

@test "every option is in drover(1)" {
    local option name missing='' options
    options=$(grep -o '^  --[a-z-]*' "$BATS_TEST_TMPDIR/help")
    while read -r name; do
        # shellcheck disable=SC2086 # two words
        options+=$'\n'$(drover $name --help | grep -o '^  --[a-z-]*' || true)
    done < <(command_names)
    for option in $options; do
        grep -Eq "Fl Fl ${option#--}( |\$)" "$PAGE" || missing+=" $option"
    done
    [ "$(wc -w <<<"$options")" -ge 15 ]
    [ -z "$missing" ] || { echo "not in the page:$missing"; false; }
}

@test "drover(1) lists no command that is not there" {
    local name extra='' known
    known=$(command_names)
    while read -r name; do
        grep -qx "$name" <<<"$known" || extra+=" \"$name\""
    done < <(sed -n 's/^\.It Ic \([a-z-]*\( [a-z]\+\)\?\).*/\1/p' "$PAGE" |
        sed 's/^\(status\|hosts\|vms\|snapshot\) .*/\1/')
    [ -z "$extra" ] || { echo "in the page alone:$extra"; false; }
}

@test "drover(1) says of each command whether it works on files" {
    local name
    while read -r name; do
        # shellcheck disable=SC2086 # two words
        if drover $name --help | grep -q 'with --fleet on a file'; then
            case $name in rebalance) continue ;; esac
            grep -Eq "^\.It Ic $name.* No \*\$" "$PAGE" || { echo "$name has no asterisk"; false; }
        fi
    done < <(command_names)
}

# complete WORDS...: what bash would offer for the last of them.
complete_words() {
    bash -c '
        . "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _drover
        printf "%s\n" "${COMPREPLY[@]}"' - "$SRC/contrib/completion/drover.bash" "$@"
}

@test "completion: commands, second words, options, hosts and VMs of a fleet file" {
    local drover=$BUILD/drover
    complete_words "$drover" ex | grep -qx explain
    complete_words "$drover" policy '' | grep -qx check
    complete_words "$drover" explain --t | grep -qx -- --to
    complete_words "$drover" hosts --fl | grep -qx -- --fleet
    complete_words "$drover" --fleet "$FLEETS/four.yaml" explain we | grep -qx web1
    complete_words "$drover" --fleet "$FLEETS/four.yaml" plan drain '' | grep -qx kvm3
    complete_words "$drover" maintenance kvm1 '' | grep -qx on
    complete_words "$drover" test --see | grep -qx -- --seeds
    complete_words "$drover" test "$SRC/tests/pol" | grep -qx "$SRC/tests/policies"
}

# Else its value would be taken for a word of the command.
@test "completion: every option that takes a value is known to take one" {
    local options name missing=''
    options=$(grep -o '^  --[a-z-]* [A-Z]' "$BATS_TEST_TMPDIR/help")
    while read -r name; do
        # shellcheck disable=SC2086 # two words
        options+=$'\n'$(drover $name --help | grep -o '^  --[a-z-]* [A-Z]' || true)
    done < <(command_names)
    [ "$(wc -l <<<"$options")" -ge 15 ]
    while read -r name; do
        sed -n '/--socket/,/((i++))/p' "$SRC/contrib/completion/drover.bash" |
            grep -Eq -- "$name( |\))" || [ "$name" = --fleet ] || missing+=" $name"
    done < <(grep -o -- '--[a-z-]*' <<<"$options" | sort -u)
    [ -z "$missing" ] || { echo "not in the completion:$missing"; false; }
}

@test "the first word of several commands has a help of its own" {
    local word
    for word in '--help' '-h'; do
        run drover plan $word
        [ "$status" -eq 0 ]
        grep -q 'plan drain HOST' <<<"$output"
        [[ $output != *policy* ]]
    done
    run drover help policy
    [ "$status" -eq 0 ]
    grep -q 'policy check FILE' <<<"$output"
    run drover help pla
    [ "$status" -eq 2 ]
    run drover plan
    [ "$status" -eq 2 ]
}

@test "every option of droverd is in droverd(8)" {
    [ -x "$BUILD/droverd" ] || skip "droverd is not built"
    local option options
    options=$("$BUILD/droverd" --help | grep -o -- '--[a-z]\+' | sort -u)
    [ "$(wc -w <<<"$options")" -ge 4 ]
    for option in $options; do
        grep -Eq "Fl Fl ${option#--}( |\$)" "$SRC/docs/man/droverd.8" ||
            { echo "$option is not in the page"; false; }
    done
}
