#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What drover simulate says of a migration is set beside what a real one does: guests of the lab are
# moved over links and under limits, and the simulator is asked the same. Every guest must arrive,
# in the way that was predicted, and both must tell figures. How near they are is printed, not
# judged: a machine that is busy with other things proves nothing. docs/calibration.md has the table
# of a quiet one, and `contrib/lab/calibrate BUILD --check` holds it to bounds.

SRC=${DROVER_SRC:-$(readlink -f "$BATS_TEST_DIRNAME/../..")}
BUILD=${DROVER_BUILD:-$SRC/build}

# Rows whose duration is told by both, and whose pause is known where QEMU tells it.
whole_rows() {
    awk -F'|' '
        /^\| case / || !/^\| [a-z]/ { next }
        { gsub(/ /, "") }
        $9 > 0 && $10 > 0 && $12 > 0 && ($8 == "post-copy" ? $11 == "-" : $11 + 0 > 0) { n++ }
        END { print n + 0 }
    '
}

@test "real migrations of every kind arrive, beside what was predicted of them" {
    run "$SRC/contrib/lab/calibrate" "$BUILD"
    [ "$status" -ne 77 ] || skip "$output"
    echo "$output"
    printf '# %s\n' "${lines[@]}" >&3
    [ "$status" -eq 0 ]
    [ "$(whole_rows <<<"$output")" -eq 9 ] # eight cases, one of two guests
}
