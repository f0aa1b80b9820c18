#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Planted bugs. Each file of tests/sim/planted is a deliberate fault: a file of the engine, a text in
# it and what to put there, and within how many seeds drover simulate has to find it. The engine is
# built with one of them at a time (one object, put before the archives), and has to fail; as it
# stands it has to pass the same seeds. A text that is not found any more fails: mend the fault.
#
#   tests/sim/planted.t [NAME...]    these alone
set -u
SRC=${DROVER_SRC:-$(readlink -f "$(dirname "$0")/../..")}
BUILD=${DROVER_BUILD:-$SRC/build}
FAULTS=$SRC/tests/sim/planted
USUAL='--hosts 4 --vms 16 --for 6h --faults all'
export LC_ALL=C

# field NAME KEY
field() {
    sed -n "/^---/q; s/^$2: //p" "$FAULTS/$1"
}

# plant NAME TARGET: the source with its fault.
plant() {
    FAULT=$FAULTS/$1 SOURCE=$SRC/$(field "$1" file) perl -e '
        local $/;
        open my $f, "<", $ENV{FAULT} or die "$ENV{FAULT}: $!\n";
        my ($find, $put) = <$f> =~ /^--- find\n(.*?)\n--- replace\n(.*)\z/ms
            or die "$ENV{FAULT}: expected \"--- find\", a text, \"--- replace\", a text\n";
        chomp $put;
        open my $s, "<", $ENV{SOURCE} or die "$ENV{SOURCE}: $!\n";
        my $text = <$s>;
        my $n = () = $text =~ /\Q$find\E/g;
        $n == 1 or die "$ENV{SOURCE}: expected the text of $ENV{FAULT} once, found it $n times;"
            . " the source has changed: give the fault its new text\n";
        $text =~ s/\Q$find\E/$put/;
        print $text;' >"$2"
}

# build NAME: a drover with this fault, at $WORK/NAME/drover.
build() {
    local dir=$WORK/$1 file
    local -a flags
    file=$(field "$1" file)
    mkdir "$dir" && plant "$1" "$dir/planted.c" || return 1
    read -r -a flags < <(sed -n "s|^$file	||p" "$BUILD/compile.list")
    ln -s "$BUILD/plugins" "$dir/plugins"
    cp "$BUILD/drover.tree" "$dir/"
    (cd "$SRC" && ${CC:-cc} "${flags[@]}" -w -O1 -fPIE "-I$SRC/$(dirname "$file")" \
        -c -o "$dir/planted.o" "$dir/planted.c") || return 1
    read -r -a flags < <(sed "s|@OUTPUT@|$dir/drover $dir/planted.o|" "$BUILD/drover.link")
    (cd "$SRC" && "${flags[@]}")
}

# hunt NAME: TAP's line of it.
hunt() {
    local name=$1 seed seeds options
    seeds=$(field "$name" seeds) options=$(field "$name" options)
    if ! build "$name" >"$WORK/$name.log" 2>&1; then
        echo "not ok - $name: $(field "$name" what)"
        sed 's/^/# /' "$WORK/$name.log"
        return
    fi
    for ((seed = 1; seed <= seeds; seed++)); do
        # shellcheck disable=SC2086 # options are words
        if "$WORK/$name/drover" simulate ${options:-$USUAL} --seed "$seed" >"$WORK/$name.log" 2>&1
        then continue; fi
        if ! grep -q '^Broken' "$WORK/$name.log"; then
            break
        fi
        echo "ok - $name: $(field "$name" what): found with seed $seed of $seeds"
        sed -n 's/^Broken/# Broken/p' "$WORK/$name.log"
        rm -r "${WORK:?}/$name"
        return
    done
    echo "not ok - $name: $(field "$name" what): not found in $seeds seeds"
    tail -n 3 "$WORK/$name.log" | sed 's/^/# /'
}

if [ "${1-}" = --hunt ]; then
    hunt "$2" >"$WORK/$2.tap"
    exit 0
fi

if grep -q -e -fsanitize "$BUILD/drover.link"; then
    echo '1..0 # SKIP what a sanitizer is for is not in here, and it takes long'
    exit 0
fi
WORK=$(mktemp -d) || exit 1
export WORK
trap 'rm -rf "$WORK"' EXIT
cd "$SRC" || exit 1 # options may name fleets
if [ $# -gt 0 ]; then names=("$@"); else mapfile -t names < <(cd "$FAULTS" && ls); fi

echo "1..$((${#names[@]} + 2))"
printf '%s\n' "${names[@]}" | xargs -n 1 -P "${JOBS:-$(nproc)}" "$0" --hunt
for name in "${names[@]}"; do
    cat "$WORK/$name.tap"
done

# The engine as it stands, with each set of options as many seeds as any fault of that set has.
passed=1
while read -r seeds options; do
    # shellcheck disable=SC2086 # options are words
    if ! "$BUILD/drover" simulate $options --seed 1 --seeds "$seeds" >"$WORK/log" 2>&1; then
        passed=0
        grep -A1 '^Broken' "$WORK/log" | sed 's/^/# /'
    fi
done < <(for name in "${names[@]}"; do
    options=$(field "$name" options)
    echo "$(field "$name" seeds) ${options:-$USUAL}"
done | sort -k2 -k1,1nr | awk '{ n = $1; $1 = "" } $0 != last { print n $0; last = $0 }')
if [ $passed = 1 ]; then echo ok; else echo not ok; fi | sed 's/$/ - the engine as it stands passes the same seeds/'

# A failure becomes small: its command breaks the same rule, and its journal is kept.
shrinks() {
    local out=$WORK/shrink.out small
    build wish-forgotten || return 1
    cd "$WORK/wish-forgotten" || return 1
    ./drover simulate --hosts 5 --vms 20 --for 6h --faults all --seed 1 --shrink >"$out"
    tail -n 4 "$out"
    small=$(sed -n 's/^    drover simulate //p' "$out")
    [[ $small =~ ^--hosts\ [23]\ --vms\ [0-9]\ .*\ --strikes\ [0-9]+(,[0-9]+){0,19}$ ]] || return 1
    ls simulate-*.journal || return 1
    # shellcheck disable=SC2086 # options are words
    ./drover simulate $small |
        grep -e 'wanted empty by an operator, and after a restart it would not' \
            -e 'maintenance of host kvm[0-9]* was asked for, and drover thinks otherwise'
}
if (shrinks) >"$WORK/log" 2>&1; then echo ok; else echo not ok; fi |
    sed 's/$/ - a failure is made smaller, with its command and its journal/'
sed 's/^/# /' "$WORK/log"
