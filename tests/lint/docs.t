#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the manual pages show is tried: every policy is checked, every fleet and every drover.yaml
# is read, and the example plugin is built by the line that the page gives. A display belongs to
# one of these by its first line; other displays are not looked at.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1
build=${DROVER_BUILD:-build}
: "${CC:=cc}"
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
drover=$build/drover
if [ ! -x "$drover" ] || [ ! -d docs/man ]; then
    echo "1..0 # SKIP no drover is built, or there are no manual pages"
    exit 0
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
number=0

# Writes each display of the page as FILE.1, FILE.2, ... without the page's escapes.
displays() {
    awk -v file="$2" '
        /^\.Bd -literal/ { n++; inside = 1; next }
        /^\.Ed/ { inside = 0 }
        inside {
            sub(/^\\&/, "")
            gsub(/\\e/, "\\")
            print > (file "." n)
        }' "$1"
}

# try NAME COMMAND...: one test.
try() {
    number=$((number + 1))
    test=$1
    shift
    if log=$("$@" 2>&1); then
        echo "ok $number - $test"
    else
        echo "not ok $number - $test"
        printf '%s\n' "$log" | sed 's/^/# /'
    fi
}

# The line of the page, with the header out of the build directory, as it is not installed yet.
build_plugin() {
    line=$(sed -n 's/^\.Dl \(cc -shared .*\)/\1/p' docs/man/drover-plugin.3)
    [ -n "$line" ] || { echo 'the page has no line ".Dl cc -shared ..."'; return 1; }
    source=$(printf '%s\n' "$line" | sed 's/.* //')
    cp "$1" "$scratch/$source"
    # shellcheck disable=SC2086  # the line's words
    (cd "$scratch" && $CC -I"$build/include" -Wall -Wextra -Werror ${line#cc })
}

# A Lua unit of the page: it must load, and policies after it may use it.
check_lua() {
    cp "$1" "$1.lua"
    "$drover" plugin check "$1.lua"
}

# With the units that the pages show.
check_policy() {
    set -- "$1" # the policy, then an option for each unit
    for unit in "$scratch"/filter_*.so "$scratch"/*.lua; do
        [ -e "$unit" ] && set -- "$@" --plugin "$unit"
    done
    policy=$1
    shift
    "$drover" "$@" policy check "$policy"
}

for page in docs/man/drover-plugin.3 $(find docs/man -name '*.[1-9]' ! -name drover-plugin.3 |
    LC_ALL=C sort); do
    name=$(basename "$page")
    displays "$page" "$scratch/$name"
    for file in "$scratch/$name".*; do
        [ -e "$file" ] || continue
        what="$name, display ${file##*.}"
        # drover tells a policy's file by the end of its name
        mv "$file" "$file.yaml"
        file=$file.yaml
        case $(head -n 1 "$file") in
        '#include <drover/plugin.h>') try "$what: a plugin" build_plugin "$file" ;;
        'return {') try "$what: a Lua unit" check_lua "$file" ;;
        policy:*) try "$what: a policy" check_policy "$file" ;;
        fleet:*) try "$what: a fleet" "$drover" --fleet "$file" vms ;;
        hosts:* | clusters:*)
            try "$what: a configuration" "$drover" --config "$file" policy show none ;;
        esac
    done
done
for file in policies/*.yaml; do
    try "$file" "$drover" policy check "$file"
done
echo "1..$number"
