#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the README tells a newcomer to type works, and what it shows is what comes out. And the demo
# that needs neither root nor namespaces.

load common

setup() {
    cd "$SRC" || return
}

@test "the README's commands on a file work as written" {
    local line ran=0
    while read -r line; do
        # The build may lie elsewhere than the README says.
        # shellcheck disable=SC2086 # words of a line
        set -- ${line%%#*}
        shift
        run drover "$@"
        expect 0 || { echo "the line: $line"; false; }
        ran=$((ran + 1))
    done < <(sed -n 's/^    \(build\/drover .*\)/\1/p' README.md)
    [ "$ran" -ge 7 ]
}

@test "the explanation that the README shows is the one that is given" {
    sed -n '/^\$ build\/drover --fleet/,/^```/p' README.md | sed '1d; /^```/d' \
        >"$BATS_TEST_TMPDIR/shown"
    [ -s "$BATS_TEST_TMPDIR/shown" ]
    drover --fleet contrib/demo/fleet.yaml explain web1 | diff -u "$BATS_TEST_TMPDIR/shown" -
}

@test "the README has the two commands, each on a line of its own" {
    grep -qx '    ./configure --install-deps && make demo' README.md
    grep -qx '    ./configure --install-deps && make check' README.md
}

@test "what README and docs point to is there" {
    local file missing=''
    while read -r file; do
        [ -e "$file" ] || missing+=" $file"
    done < <(sed -n 's/.*](\([^):#]*\)).*/\1/p' README.md)
    # Paths in backquotes, from the top of the tree or from core/; what is built is not looked for.
    while read -r file; do
        case $file in build/* | policy/* | site/* | drover/plugin.h) continue ;; esac
        [ -e "$file" ] || [ -e "core/$file" ] || missing+=" $file"
    done < <(grep -oh '`[a-z]\+/[A-Za-z0-9_./-]*`' README.md docs/*.md | tr -d '`' | sort -u)
    [ -z "$missing" ] || { echo "not there:$missing"; false; }
}

@test "the simulated demo runs, and ends with 0" {
    DROVER_BUILD=$BUILD run contrib/demo/demo.sh --simulated
    expect 0
    says "A simulated fleet"
    says "refused"
    says "dongle1 stays"
    says "site/licence"
}

@test "the demo refuses what it does not know" {
    DROVER_BUILD=$BUILD run contrib/demo/demo.sh --frob
    expect 1
    says "--frob"
}
