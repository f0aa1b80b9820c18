#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guides of docs/ do what they say; see guide.bash.

load common
load guide

@test "the guide to a first filter does what it says" {
    do_guide "$SRC/docs/first-filter.md" 8 6
}

@test "the guide to a tested policy does what it says" {
    do_guide "$SRC/docs/tested-policy.md" 6 5
}
