#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every C file compiles without a warning, by gcc and by clang. Optimised, because some warnings
# need to know how values flow. Files and flags come from the list that make wrote.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1
list=${DROVER_BUILD:-build}/compile.list
warnings='-Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wformat=2 -Wstrict-prototypes'

if [ ! -s "$list" ]; then
    echo "1..0 # SKIP no C files in $list"
    exit 0
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
jobs=$(nproc 2>/dev/null || echo 2)

# One line per file: COMPILER FLAGS FILE. To assembler text and not to an object: given as root,
# an assembler that fails may remove /dev/null.
check_with() {
    compiler=$1
    awk -F '\t' '{ print $2, $1 }' "$list" | xargs -P "$jobs" -I '{}' \
        sh -c "$compiler -O2 -S -o /dev/null $warnings -Werror {} 2>&1" >"$scratch/log"
}

echo "1..2"
number=0
for compiler in gcc clang; do
    number=$((number + 1))
    if ! command -v $compiler >/dev/null; then
        echo "ok $number # SKIP $compiler is not there: ./configure --install-deps installs it"
    elif check_with $compiler && [ ! -s "$scratch/log" ]; then
        echo "ok $number - $(grep -c . "$list") files by $compiler"
    else
        echo "not ok $number - $(grep -c . "$list") files by $compiler"
        sed 's/^/# /' "$scratch/log"
    fi
done
