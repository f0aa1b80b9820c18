#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every input of tests/fuzz/corpus goes once through its fuzz target: what crashed drover in the
# past does not again. One TAP line for each target. "make fuzz" looks for new ones.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1
build=${DROVER_BUILD:-build}

TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# shellcheck disable=SC2046  # a list of files
set -- $(find tests/fuzz -name 'fuzz_*.c' | LC_ALL=C sort)
echo "1..$#"
number=0
for source; do
    number=$((number + 1))
    target=$(basename "$source" .c)
    inputs=tests/fuzz/corpus/${target#fuzz_}
    if [ ! -s "tests/fuzz/${target#fuzz_}.dict" ]; then
        echo "not ok $number - $target: tests/fuzz/${target#fuzz_}.dict is not there"
    elif "$build/tests/fuzz/$target" "$inputs"/* >"$TMPDIR/log" 2>&1; then
        echo "ok $number - $target: $(grep -c "^$inputs/" "$TMPDIR/log") inputs"
    else
        echo "not ok $number - $target: exit status $?"
        tail -n 40 "$TMPDIR/log" | sed 's/^/# /'
    fi
done
