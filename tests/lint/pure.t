#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Proves that deciding and the engine are pure: all of decide and engine, and what they use of
# model and base, is linked against libc and libm alone, and what the result still wants from libc
# must be on a list of functions that look at nothing but their arguments. A list of what is
# allowed, not of what is forbidden: nobody can name every function that reads a clock.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1
build=${DROVER_BUILD:-build}
: "${CC:=cc}"

# Patterns of whole names. The __*_chk ones are the same functions, with their bounds checked.
allowed='
mem(cpy|move|set|cmp|chr|rchr|mem|pcpy)
__(mem|str|stp)[a-z]*_chk
str(len|nlen|cmp|ncmp|casecmp|ncasecmp|chr|rchr|chrnul|str|casestr|spn|cspn|pbrk|cpy|ncpy|cat|ncat)
str(dup|ndup|sep|tok_r|coll|error|error_r|tol|toul|toll|toull|tod|tof|told|verscmp)
__isoc(99|23)_(sscanf|strto[a-z]*|vsscanf)
stp(cpy|ncpy)
rawmemchr
__strdup|__strndup|__strtok_r|__xpg_strerror_r|__rawmemchr
v?snprintf
__v?snprintf_chk
v?asprintf
__v?asprintf_chk
(m|c|re)alloc|reallocarray|free|aligned_alloc|posix_memalign
qsort|qsort_r|bsearch|tsearch|tfind|tdelete|twalk|tdestroy
abs|labs|llabs|div|ldiv|lldiv
__ctype_(b|tolower|toupper)_loc|tolower|toupper|is[a-z]*
(l|ll)?(round|rint)f?|(floor|ceil|trunc|fabs|fmin|fmax|fmod|pow|exp|exp2|expm1|log|log2|log10|log1p|sqrt|cbrt|hypot|nextafter|copysign|ldexp|frexp|modf|remainder|nearbyint|scalbn|isnan|isinf|fdim|fma)f?
__(isnan|isinf|finite|fpclassify|signbit)f?
__errno_location
abort|__assert_fail
__stack_chk_fail|__fortify_fail|__chk_fail
_?_?(sig)?(setjmp|longjmp)|__longjmp_chk
'
# What the start-up code of every program wants.
startup='__libc_start_main|__cxa_finalize|__gmon_start__|_ITM_.*|_init|_fini'

if grep -q '^SANITIZE = .' "$build/config.mk"; then
    echo "1..0 # SKIP this build has sanitizers, which do input and output of their own"
    exit 0
fi

number=0

# prove_room NAME WHOLE PARTLY: WHOLE archives are taken entirely, PARTLY ones as they are used.
prove_room() {
    number=$((number + 1))
    name=$1
    for room in $2; do
        if [ ! -e "$build/lib/$room.a" ]; then
            echo "ok $number - $name # SKIP no sources"
            return
        fi
    done
    whole=$(archives "$2")
    partly=$(archives "$3")
    # shellcheck disable=SC2086  # lists of archives
    if ! $CC -o "$scratch/$name" "$scratch/main.c" -Wl,--whole-archive $whole \
        -Wl,--no-whole-archive -Wl,--start-group $partly -Wl,--end-group -lm \
        >"$scratch/log" 2>&1; then
        echo "not ok $number - $name links with libc and libm alone"
        sed 's/^/# /' "$scratch/log"
        return
    fi
    impure=$(nm -u "$scratch/$name" | awk '{ sub(/@.*/, "", $2); print $2 }' |
        grep -vxE "$pattern")
    if [ -z "$impure" ]; then
        echo "ok $number - $name calls nothing that looks beyond its arguments"
        return
    fi
    echo "not ok $number - $name calls nothing that looks beyond its arguments"
    for symbol in $impure; do
        echo "# $symbol, wanted by: $(users "$symbol" "$2 $3")"
    done
    echo "# If it is harmless (no input, output, clock, thread, chance or locale of the user),"
    echo "# add it to the list in tests/lint/pure.t."
}

archives() {
    for room in $1; do
        [ ! -e "$build/lib/$room.a" ] || printf '%s ' "$build/lib/$room.a"
    done
}

# users SYMBOL ROOMS: the objects that want it.
users() {
    for room in $2; do
        [ -e "$build/lib/$room.a" ] || continue
        nm -A -u "$build/lib/$room.a" 2>/dev/null |
            awk -F: -v s="$1" -v r="$room" '$3 ~ " U " s "$" { printf "%s/%s ", r, $2 }'
    done
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
printf 'int main(void)\n{\n    return 0;\n}\n' >"$scratch/main.c"
pattern=$(printf '%s\n' "$allowed" | sed '/^$/d; s/.*/(&)/' | tr '\n' '|')"($startup)"

echo "1..3"
prove_room model model base
prove_room decide decide "base model"
prove_room engine engine "base model decide"
