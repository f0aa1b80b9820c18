#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh BUILD SECONDS JOBS TARGET...: each fuzz target for so long, JOBS at once, and a line for
# each. What is new stays in BUILD/corpus for the next run; what is found in BUILD/crash-*.

if [ "$1" = --one ]; then
    build=$2 seconds=$3 target=$4
    new=$build/corpus/$target
    mkdir -p "$new"
    # What was found before is tried first.
    find "$build" -maxdepth 1 -name "crash-$target-*" -exec mv -t "$new" '{}' +
    TMPDIR=$build/tmp nice "$build/tests/fuzz/fuzz_$target" \
        -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=16384 \
        -dict="tests/fuzz/$target.dict" -artifact_prefix="$build/crash-$target-" \
        -print_final_stats=1 "$new" "tests/fuzz/corpus/$target" >"$build/$target.log" 2>&1
    status=$?
    figure() {
        sed -n "s/^stat::$1: *//p" "$build/$target.log"
    }
    found=$(find "$build" -maxdepth 1 -name "crash-$target-*" | grep -c .)
    printf '%-10s %9s runs  %5s new units  %s findings\n' "$target" \
        "$(figure number_of_executed_units)" "$(figure new_units_added)" "$found"
    [ $status = 0 ] && [ "$found" = 0 ] && exit 0
    tail -n 30 "$build/$target.log" >&2
    exit 1
fi

build=$1 seconds=$2 jobs=$3
shift 3
mkdir -p "$build/tmp"
if printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' "$0" --one "$build" "$seconds" '{}'; then
    echo "$# targets, $seconds s each: nothing found"
else
    echo "Findings are in $build/crash-*, what they say in $build/*.log. Each belongs into" \
        "tests/fuzz/corpus once it is mended." >&2
    exit 1
fi
