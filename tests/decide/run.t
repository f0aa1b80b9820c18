#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The decision cases: a small fleet in, what drover says of it out. One TAP line for each folder
# beside this file:
#
#   fleet.yaml     the fleet; its opening comment tells the story, and what must come out
#   command        arguments of drover, one command a line
#   expected       what the commands print, each after a line "$ drover ARGUMENTS"
#   policy.yaml    decide by this policy instead of the fleet's (optional)
#   *.lua          units to load (optional)
#   check.jq       must hold for the commands' answers with --json, as an array (optional)
#
#   tests/decide/run.t [CASE...]           run them all, or some
#   tests/decide/run.t --accept CASE...    rewrite "expected", after showing what changes
#
# A unit that is stopped says by which budget; on a slow machine that may be another one, so "its
# budget" is compared. Reads DROVER_BUILD: the build directory.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
drover=${DROVER_BUILD:-$here/../../build}/drover
accept=no
if [ "${1-}" = --accept ]; then
    accept=yes
    shift
    [ $# -gt 0 ] || { echo 'run.t: --accept needs the name of a case' >&2; exit 2; }
fi
[ -x "$drover" ] || { echo "Bail out! $drover is not there: make builds it"; exit 1; }

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$here" || exit 1
if [ $# -eq 0 ]; then
    set -- */
    set -- "${@%/}"
fi

any_budget='s/(used up its [0-9,]+ instructions|ran longer than its [0-9]+ ms)/used up its budget/'

# ask CASE ARGUMENTS: drover on the case's fleet, with its policy and units.
ask() {
    local files=(--fleet "$1/fleet.yaml") unit
    [ -e "$1/policy.yaml" ] && files+=(--policy "$1/policy.yaml")
    for unit in "$1"/*.lua; do
        [ -e "$unit" ] && files+=(--plugin "$unit")
    done
    shift
    "$drover" "${files[@]}" "$@"
}

# story CASE: all that its commands print.
story() {
    local words status
    while read -ra words; do
        [ ${#words[@]} -gt 0 ] || continue
        echo "\$ drover ${words[*]}"
        ask "$1" "${words[@]}" >"$scratch/answer" 2>&1
        status=$?
        sed -E "$any_budget" "$scratch/answer"
        [ $status -eq 0 ] || echo "exit status $status"
        echo
    done <"$1/command"
}

# judge CASE: check.jq over the answers of all commands.
judge() {
    local words
    [ -e "$1/check.jq" ] || return 0
    while read -ra words; do
        [ ${#words[@]} -gt 0 ] || continue
        ask "$1" "${words[@]}" --json 2>/dev/null || return 1
    done <"$1/command" >"$scratch/answers"
    jq -s -e -f "$1/check.jq" "$scratch/answers" >"$scratch/judged" 2>&1 && return 0
    echo "check.jq does not hold ($(tail -n 1 "$scratch/judged")) for:"
    jq -c . "$scratch/answers"
    return 1
}

# compare CASE: the difference between what is expected and what is found; 0 where there is none.
compare() {
    story "$1" >"$scratch/found"
    local expected=$1/expected
    [ -e "$expected" ] || expected=/dev/null
    diff -u --label "$1/expected" --label found "$expected" "$scratch/found"
}

if [ $accept = yes ]; then
    for case; do
        [ -e "$case/command" ] || { echo "run.t: tests/decide/$case is no case" >&2; exit 2; }
        if compare "$case"; then
            echo "$case: nothing changes"
        else
            cp "$scratch/found" "$case/expected" && echo "$case: accepted"
        fi
    done
    exit 0
fi

number=0 failed=0
echo "1..$#"
for case; do
    number=$((number + 1))
    if compare "$case" >"$scratch/difference" && judge "$case" >>"$scratch/difference"; then
        echo "ok $number - $case"
    else
        failed=1
        echo "not ok $number - $case"
        sed 's/^/# /' "$scratch/difference"
    fi
done
exit $failed
