#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs shellcheck over every shell script and bats file of the tree, found by its first line; and
# every test script can be run as it is, as prove does.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1

if ! command -v shellcheck >/dev/null; then
    echo "1..0 # SKIP shellcheck is not there: ./configure --install-deps installs it"
    exit 0
fi

files=$(find . -path ./.git -prune -o -path './build*' -prune -o -type f -size -200k -exec awk '
    FNR == 1 && /^#!.*[\/ ](sh|bash|dash|bats)([ \t]|$)/ { print FILENAME }
    FNR == 1 && FILENAME ~ /\.(sh|bash|bats)$/ && !/^#!/ { print FILENAME }
    { nextfile }' {} + | sed 's|^\./||' | LC_ALL=C sort -u)

# shellcheck disable=SC2086  # a list of files
set -- $files
echo "1..$(($# + 1))"
number=1
modes=$(find tests -type f \( -name '*.t' -o -name '*.bats' \) ! -perm -100)
if [ -z "$modes" ]; then
    echo "ok 1 - test scripts are executable"
else
    echo "not ok 1 - test scripts are executable"
    echo "$modes" | sed 's/^/# chmod +x /'
fi
for file; do
    number=$((number + 1))
    if log=$(shellcheck "$file" 2>&1); then
        echo "ok $number - $file"
    else
        echo "not ok $number - $file"
        echo "$log" | sed 's/^/# /'
    fi
done
