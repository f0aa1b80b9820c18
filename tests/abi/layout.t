#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The layout of today's plugin.h against the kept one of ABI 1.0: nothing has moved, and what was
# added lies behind the end. Then headers that are wrong on purpose, to see that each fault is
# found, and by its name.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1
: "${CC:=cc}"
kept=tests/abi/layout_1_0.h

if ! echo | $CC -dM -E - | grep -q __LP64__; then
    echo "1..0 # SKIP the layout is that of machines with 64-bit pointers and longs"
    exit 0
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/drover"
number=0

ok() {
    number=$((number + 1))
    echo "ok $number - $1"
}

not_ok() {
    number=$((number + 1))
    echo "not ok $number - $1"
    printf '%s\n' "$2" | sed 's/^/# /'
}

# compare HEADER: prints what is wrong with it; fails where something is.
compare() {
    cp "$1" "$scratch/drover/plugin.h"
    $CC -std=c11 -I"$scratch" -DLAYOUT="\"$PWD/$kept\"" -o "$scratch/layout" tests/abi/layout.c \
        2>&1 && "$scratch/layout" && new_fields "$1"
}

# Fields that the kept layout does not have: in the padding at a struct's end they would not
# change its size, and nobody could tell whether they are there.
new_fields() {
    tests/abi/layout.sh "$1" >"$scratch/now" || return 1
    awk -F '[(), ]+' '
        NR == FNR && /^(GROWS|FIXED)/ { size[$2] = $3 }
        NR == FNR && /^FIELD/ { known[$2 "." $3] = 1 }
        NR != FNR && /^FIELD/ && $2 in size && !(($2 "." $3) in known) && $4 < size[$2] {
            print $2 "." $3 ": is new, at " $4 ", inside the " size[$2] " bytes of before"
            wrong = 1
        }
        END { exit wrong }' "$kept" "$scratch/now"
}

# A gap that no alignment explains is a field that layout.sh did not see.
if gaps=$(awk -F '[(), ]+' '
    /^FIELD/ && $2 == within && $4 >= end + 8 { print $2 "." $3 ": nothing lies before it" }
    /^(GROWS|FIXED)/ && within != "" && size >= end + 8 { print within ": has no last field" }
    /^(GROWS|FIXED)/ { within = $2; size = $3; end = 0 }
    /^FIELD/ { end = $4 + $5 }' "$kept") && [ -z "$gaps" ] && grep -q '^FIELD' "$kept"; then
    ok "the kept layout has $(grep -c '^FIELD' "$kept") fields, without gaps"
else
    not_ok 'the kept layout has no gaps' "$gaps"
fi

tests/abi/layout.sh tests/abi/1.0/plugin.h >"$scratch/again" 2>&1
if log=$(diff "$kept" "$scratch/again"); then
    ok 'the kept layout is that of the kept header'
else
    not_ok 'the kept layout is that of the kept header' "$log"
fi

if log=$(compare core/plugin.h); then
    ok "today's plugin.h has everything where it was"
else
    not_ok "today's plugin.h has everything where it was" "$log"
fi

# The kept header, changed by a sed script.
change() {
    sed "$1" tests/abi/1.0/plugin.h >"$scratch/changed.h"
    ! cmp -s tests/abi/1.0/plugin.h "$scratch/changed.h" || echo "changed nothing: $1"
}

# fault NAME PATTERN SCRIPT: the changed header is refused, by these words.
fault() {
    log=$(change "$3")
    if [ -z "$log" ] && ! log=$(compare "$scratch/changed.h") &&
        printf '%s\n' "$log" | grep -q -e "$2"; then
        ok "found: $1"
    else
        not_ok "found: $1" "wanted: $2; got: $log"
    fi
}

# good NAME SCRIPT: the changed header is accepted.
good() {
    log=$(change "$2")
    if [ -z "$log" ] && log=$(compare "$scratch/changed.h"); then
        ok "accepted: $1"
    else
        not_ok "accepted: $1" "$log"
    fi
}

fault 'a field that moved' 'drover_hosts.state_s: offset 48, was 40' \
    '/const double \*state_s;/{h;d;}; /const uint32_t \*roles;/G'
fault 'a field that is gone' "no member named .readonly_local_disk" \
    '/const uint8_t \*readonly_local_disk;/d'
fault 'a field with another name' "no member named .gain" 's/double gain;/double profit;/'
fault 'a field in the middle' 'drover_how.bandwidth_mib_s: offset 32, was 24' \
    '/double bandwidth_mib_s;/i double later;'
fault 'a field of another size' 'drover_why.need: size 4, was 8' 's/double need;/float need;/'
fault 'an array that grew' 'drover_answer.code: size 65, was 64' 's/char code\[64\]/char code[65]/'
fault 'a struct inside of others that grew' 'drover_lists: size 24, was 16' \
    '/^struct drover_lists/a const void *later;'
fault 'an enumerator in the middle' 'DROVER_HOST_MAINTENANCE: value 3, was 2' \
    's/^    DROVER_HOST_MAINTENANCE,/    DROVER_HOST_LATER, &/'
fault 'a flag with another value' 'DROVER_HOW_TLS: value 32, was 8' \
    's/DROVER_HOW_TLS 8u/DROVER_HOW_TLS 32u/'
fault 'a field in the padding at the end' 'drover_ask.later: is new, at 28' \
    '/uint32_t purpose; \/\* enum drover_purpose/a uint32_t later;'
good 'a field at the end' '/^    struct drover_stall \*stalls;/a double later;'
good 'a callback at the end of a unit' '/const char \*(\*failure)/a int (*later)(void *self);'
good 'an enumerator at the end' 's/^    DROVER_ADMIT,/& DROVER_LATER,/'
echo "1..$number"
