#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What drover simulate says of a migration is what a real one does: guests of the lab are moved over
# links and under limits that are slow enough for the machine not to matter, and the simulator is
# asked the same. Bounds are generous; docs/calibration.md has the table of a quiet machine.

SRC=${DROVER_SRC:-$(readlink -f "$BATS_TEST_DIRNAME/../..")}
BUILD=${DROVER_BUILD:-$SRC/build}

@test "durations and pauses of real migrations are as predicted" {
    run "$SRC/contrib/lab/calibrate" "$BUILD" --check
    [ "$status" -ne 77 ] || skip "$output"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^| [a-z]' <<<"$output")" -eq 10 ] # eight cases, one of two guests, and the head
}
