#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# clang-tidy over every C file, with the checks of .clang-tidy. One TAP line per file. Takes
# minutes, so "make lint" runs it and "make check" does not.

cd "${DROVER_SRC:-$(dirname "$0")/../../..}" || exit 1
list=${DROVER_BUILD:-build}/compile.list

if ! command -v clang-tidy >/dev/null; then
    echo "1..0 # SKIP clang-tidy is not there: ./configure --install-deps installs it"
    exit 0
fi
if [ ! -s "$list" ]; then
    echo "1..0 # SKIP no C files in $list"
    exit 0
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# Two at once; each writes a log and leaves a mark when it is clean.
export scratch
awk -F '\t' '{ print NR " " $1 " -- " $2 }' "$list" | xargs -P 2 -I '{}' sh -c '
    set -- {}
    number=$1
    shift
    clang-tidy --quiet --warnings-as-errors="*" "$@" >"$scratch/$number.log" 2>/dev/null &&
        : >"$scratch/$number.clean"' || :

echo "1..$(grep -c . "$list")"
number=0
while IFS='	' read -r file _; do
    number=$((number + 1))
    if [ -e "$scratch/$number.clean" ]; then
        echo "ok $number - $file"
    else
        echo "not ok $number - $file"
        sed "s|$PWD/||; s/^/# /" "$scratch/$number.log"
    fi
done <"$list"
