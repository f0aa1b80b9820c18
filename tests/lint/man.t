#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The manual pages: each is clean under mandoc's lint, and each unit in plugins/ is described.
# The unit of plugins/filter_cpu.c is described by a page of its own, drover-unit-cpu.7, that of
# plugins/fence_agent.c by drover-unit-fence_agent.7: fence units have that in their names. What such
# a page must have in it (each parameter, each reason) tests/plugin/test_docs.c checks.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1

if ! command -v mandoc >/dev/null; then
    echo "1..0 # SKIP mandoc is not there: ./configure --install-deps installs it"
    exit 0
fi

pages=$(find docs/man -name '*.[1-9]' 2>/dev/null | LC_ALL=C sort)
units=$(find plugins -maxdepth 1 -name '*.c' 2>/dev/null | LC_ALL=C sort)
if [ -z "$pages$units" ]; then
    echo "1..0 # SKIP no manual pages and no units"
    exit 0
fi

# shellcheck disable=SC2086  # lists of files
set -- $pages $units
echo "1..$#"
number=0
for page in $pages; do
    number=$((number + 1))
    if log=$(mandoc -T lint -W warning "$page" 2>&1); then
        echo "ok $number - $page"
    else
        echo "not ok $number - $page"
        echo "$log" | sed 's/^/# /'
    fi
done
for unit in $units; do
    number=$((number + 1))
    base=$(basename "$unit" .c)
    page=docs/man/drover-unit-${base#*_}.7
    case $base in fence_*) page=docs/man/drover-unit-$base.7 ;; esac
    if [ -e "$page" ]; then
        echo "ok $number - $unit is described"
    else
        echo "not ok $number - $unit is described"
        echo "# wanted: $page"
    fi
done
