# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the tests of the command line share.

SRC=${DROVER_SRC:-$(readlink -f "$BATS_TEST_DIRNAME/../..")}
BUILD=${DROVER_BUILD:-$SRC/build}
# shellcheck disable=SC2034 # the tests do
FLEETS=$BATS_TEST_DIRNAME/fleets

drover() {
    "$BUILD/drover" "$@"
}

# expect STATUS: of the last "run"; shows what was printed where it is another.
expect() {
    # shellcheck disable=SC2154 # run sets them
    if [ "$status" -ne "$1" ]; then
        echo "expected exit status $1, found $status; it printed:"
        echo "$output"
        return 1
    fi
}

# says TEXT: the last "run" printed it.
says() {
    if [[ $output != *"$1"* ]]; then
        echo "expected \"$1\" in:"
        echo "$output"
        return 1
    fi
}

says_not() {
    if [[ $output == *"$1"* ]]; then
        echo "did not expect \"$1\" in:"
        echo "$output"
        return 1
    fi
}

# complains_once: one line on standard error, and it begins with "drover: ".
complains_once() {
    local stderr
    stderr=$("$BUILD/drover" "$@" 2>&1 >/dev/null) || true
    if [[ $stderr != "drover: "* || $stderr == *$'\n'* ]]; then
        echo "expected one line that begins with \"drover: \", found:"
        echo "$stderr"
        return 1
    fi
}
