#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The same input gives the same bytes. Every case beside this file is asked twice, and with its
# clusters, hosts, VMs and groups written in other orders; the JSON must not differ by a byte.
#
# Reads DROVER_BUILD: the build directory.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
drover=${DROVER_BUILD:-$here/../../build}/drover
[ -x "$drover" ] || { echo "Bail out! $drover is not there: make builds it"; exit 1; }

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$here" || exit 1

# Other orders, as what jq does with one list.
orders=('reverse' '.[1:] + .[:1]' 'sort_by(.name | explode | reverse)')

# A unit that is stopped says by which budget; on a slow machine that may be another one.
any_budget='s/(used up its [0-9,]+ instructions|ran longer than its [0-9]+ ms)/used up its budget/'

# answers CASE FLEET: what the case's commands say of this fleet, as JSON.
answers() {
    local files=(--fleet "$2") unit words
    [ -e "$1/policy.yaml" ] && files+=(--policy "$1/policy.yaml")
    for unit in "$1"/*.lua; do
        [ -e "$unit" ] && files+=(--plugin "$unit")
    done
    while read -ra words; do
        [ ${#words[@]} -gt 0 ] && "$drover" "${files[@]}" "${words[@]}" --json 2>&1
    done <"$1/command" | sed -E "$any_budget"
}

# steady CASE: prints what differs.
steady() {
    local order
    answers "$1" "$1/fleet.yaml" >"$scratch/first"
    [ -s "$scratch/first" ] || { echo 'no answer'; return 1; }
    answers "$1" "$1/fleet.yaml" >"$scratch/again"
    diff -u "$scratch/first" "$scratch/again" || return 1
    "$drover" --fleet "$1/fleet.yaml" snapshot --json >"$scratch/fleet.json" || return 1
    for order in "${orders[@]}"; do
        jq "map_values(if type == \"array\" then $order else . end)" "$scratch/fleet.json" \
            >"$scratch/other.json" || return 1
        answers "$1" "$scratch/other.json" >"$scratch/again"
        diff -u --label 'as written' --label "$order" "$scratch/first" "$scratch/again" || return 1
    done
}

set -- */
set -- "${@%/}"
number=0 failed=0
echo "1..$#"
for case; do
    number=$((number + 1))
    if steady "$case" >"$scratch/difference" 2>&1; then
        echo "ok $number - $case"
    else
        failed=1
        echo "not ok $number - $case"
        sed 's/^/# /' "$scratch/difference"
    fi
done
exit $failed
