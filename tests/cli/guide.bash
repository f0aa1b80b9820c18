# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Guides of docs/, done as they are written, in an empty folder: their files are written, their
# commands are run, and what they show as output is compared with what comes out.

# blocks GUIDE DIR: each fenced block as DIR/NN.KIND, in order; a file's name in DIR/NN.name.
blocks() {
    awk -v dir="$2" '
        !inside && /^```[a-z]/ {
            inside = 1
            split(substr($0, 4), word, " ")
            file = sprintf("%s/%02d.%s", dir, ++n, word[2] == "" ? word[1] : "file")
            if (word[2] != "") print word[2] >(dir "/" sprintf("%02d", n) ".name")
            printf "" >file
            next
        }
        /^```$/ { inside = 0; next }
        inside { print >file }' "$1"
}

# use_compiler CC: guides say cc; make may have been told another compiler.
use_compiler() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\nPATH=%q exec %s "$@"\n' "$PATH" "$1" >"$BATS_TEST_TMPDIR/bin/cc"
    chmod +x "$BATS_TEST_TMPDIR/bin/cc"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# do_guide GUIDE RAN COMPARED: at least so many blocks of commands, and of their output. Commands
# that show a failure end with "|| true".
do_guide() {
    local dir=$BATS_TEST_TMPDIR/blocks block number ran=0 compared=0
    mkdir "$dir" "$BATS_TEST_TMPDIR/empty"
    blocks "$1" "$dir"
    cd "$BATS_TEST_TMPDIR/empty" || return 1
    # A guide is for a tree that was built in build/; the tests may be about another one.
    mkdir "$BATS_TEST_TMPDIR/tree"
    ln -s "$BUILD" "$BATS_TEST_TMPDIR/tree/build"
    ln -s "$SRC/contrib" "$BATS_TEST_TMPDIR/tree/contrib"
    export DROVER=$BATS_TEST_TMPDIR/tree
    use_compiler "${CC:-cc}"
    unset -f drover
    for block in "$dir"/[0-9]*.*; do
        number=${block##*/}
        number=${number%%.*}
        case $block in
            *.file)
                mkdir -p "$(dirname "$(cat "$dir/$number.name")")"
                cp "$block" "$(cat "$dir/$number.name")"
                ;;
            *.sh)
                # shellcheck disable=SC1090 # a block of the guide
                . "$block" >"$BATS_TEST_TMPDIR/out"
                ran=$((ran + 1))
                ;;
            *.text)
                diff -u "$block" "$BATS_TEST_TMPDIR/out"
                compared=$((compared + 1))
                ;;
        esac
    done
    [ "$ran" -ge "$2" ]
    [ "$compared" -ge "$3" ]
}
