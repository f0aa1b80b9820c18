#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the plugins that are kept: tests/abi/build.sh VERSION DIRECTORY, with the header that is
# kept of that ABI version. Nothing of the machine goes into them: no libc version (they name no
# library, and take the few functions they need from the program), no build ID, no paths.

version=${1:?which version of the ABI? such as 1.0}
to=${2:?into which directory?}
: "${CC:=gcc}"
mkdir -p "$to" && to=$(cd "$to" && pwd) && cd "$(dirname "$0")" || exit 1

include=$(mktemp -d) || exit 1
trap 'rm -rf "$include"' EXIT
mkdir "$include/drover" && cp "$version/plugin.h" "$include/drover/" || exit 1

for source in so/*.c; do
    name=$(basename "$source" .c)
    $CC -std=c11 -O2 -fPIC -fvisibility=hidden -fno-stack-protector -fcf-protection=none \
        -fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE -I"$include" -shared -nostdlib \
        -Wl,--build-id=none -Wl,--hash-style=gnu -Wl,-z,norelro -Wl,-z,noseparate-code \
        -Wl,-s -o "$to/$name.so" "$source" || exit 1
    strip -s -R .comment -R .note.gnu.property "$to/$name.so" || exit 1
    chmod 644 "$to/$name.so"
done
