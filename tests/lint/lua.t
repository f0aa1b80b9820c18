#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# luacheck over every Lua file of the tree, found by name or by its first line. Fixtures that are
# wrong on purpose lie in folders called "bad".

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1

if ! command -v luacheck >/dev/null; then
    echo "1..0 # SKIP luacheck is not there: ./configure --install-deps installs it"
    exit 0
fi

files=$({
    find . -path ./.git -prune -o -path './build*' -prune -o -path '*/bad/*' -prune \
        -o -type f -name '*.lua' -print
    find . -path ./.git -prune -o -path './build*' -prune -o -path '*/bad/*' -prune \
        -o -type f -size -200k -exec awk \
        'FNR == 1 && /^#!.*[\/ ]lua[0-9.]*([ \t]|$)/ { print FILENAME } { nextfile }' {} +
} | sed 's|^\./||' | LC_ALL=C sort -u)
if [ -z "$files" ]; then
    echo "1..0 # SKIP no Lua files"
    exit 0
fi

# shellcheck disable=SC2086  # a list of files
set -- $files
echo "1..$#"
number=0
for file; do
    number=$((number + 1))
    if log=$(luacheck --no-color --codes "$file" 2>&1); then
        echo "ok $number - $file"
    else
        echo "not ok $number - $file"
        echo "$log" | sed 's/^/# /'
    fi
done
