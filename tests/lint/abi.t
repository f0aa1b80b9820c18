#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What abidiff says of a plugin built with the kept header of ABI 1.0 and with today's: it sees
# types, so also what callbacks take and return, which tests/abi/layout.t cannot. Fields at the end
# of a struct are no change. Two headers that are wrong on purpose show that it would see one.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1
: "${CC:=cc}"

if ! command -v abidiff >/dev/null; then
    echo "1..0 # SKIP abidiff is not there: ./configure --install-deps installs it"
    exit 0
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# Lines of a report that tell of a longer struct and of nothing else. (abidiff's own suppressions
# leave out a struct with all that its fields lead to.)
longer="^$|^[A-Z][A-Za-z/ ]* summary: |^'struct [a-z_]+ at [^']*' changed:$
|^  type size changed from|^  [0-9]+ data member insertions?:$|^    '[^']*', at offset [0-9]+"

# From drover_plugin() a debugger reaches every struct that crosses the border.
build() {
    mkdir -p "$scratch/$1/drover" && cp "$2" "$scratch/$1/drover/plugin.h" || return 1
    cat >"$scratch/probe.c" <<'EOF'
#include <drover/plugin.h>
DROVER_EXPORT const struct drover_plugin *drover_plugin(void);
const struct drover_plugin *drover_plugin(void)
{
    return NULL;
}
EOF
    $CC -std=c11 -g -O0 -fPIC -shared -nostdlib -I"$scratch/$1" -o "$scratch/$1.so" \
        "$scratch/probe.c"
}

# compare HEADER: prints what changed, and fails where anything did. abidiff's bits: 1 and 2, it did
# not work; 4, a change; 8, one that breaks for certain.
compare() {
    build new "$1" || return 1
    abidiff --leaf-changes-only "$scratch/old.so" "$scratch/new.so" >"$scratch/report"
    case $? in
    0) return 0 ;;
    4) ! grep -v -E "$(printf '%s' "$longer" | tr -d '\n')" "$scratch/report" ;;
    *) cat "$scratch/report"; return 1 ;;
    esac
}

echo "1..5"
number=0
# result NAME GOOD: one test.
result() {
    number=$((number + 1))
    if [ "$2" = yes ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        printf '%s\n' "$log" | sed 's/^/# /'
    fi
}

# accepted NAME HEADER; refused NAME SCRIPT PATTERN: the kept header, changed by sed, is refused by
# these words.
accepted() {
    if log=$(compare "$2" 2>&1); then result "$1" yes; else result "$1" no; fi
}

refused() {
    sed "$2" tests/abi/1.0/plugin.h >"$scratch/changed.h"
    if cmp -s tests/abi/1.0/plugin.h "$scratch/changed.h"; then
        log="changed nothing: $2"
    elif ! log=$(compare "$scratch/changed.h" 2>&1) && [ -e "$scratch/new.so" ] &&
        printf '%s\n' "$log" | grep -q "$3"; then
        result "$1" yes
        return
    fi
    result "$1" no
}

build old tests/abi/1.0/plugin.h || exit 1
accepted "today's plugin.h" core/plugin.h
sed '/^    struct drover_stall \*stalls;/a double later; double much_later;' tests/abi/1.0/plugin.h \
    >"$scratch/longer.h"
accepted 'a field at the end' "$scratch/longer.h"
refused 'found: an argument of another type' \
    's/\((\*balance)(void \*self, const struct drover_fleet \*fleet, \)uint32_t/\1double/' \
    'drover_unit::balance.* changed'
refused 'found: what a callback returns' \
    's/int (\*propose)(struct drover_plan/double (*propose)(struct drover_plan/' \
    'drover_plan::propose.* changed'
refused 'found: a column of another type' 's/const double \*cpus; /const float *cpus; /' \
    'drover_hosts::cpus.* changed'
