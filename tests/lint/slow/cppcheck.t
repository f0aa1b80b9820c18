#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cppcheck over all C files. One TAP line for each folder of sources.

cd "${DROVER_SRC:-$(dirname "$0")/../../..}" || exit 1
build=${DROVER_BUILD:-build}
list=$build/compile.list

if ! command -v cppcheck >/dev/null; then
    echo "1..0 # SKIP cppcheck is not there: ./configure --install-deps installs it"
    exit 0
fi
if [ ! -s "$list" ]; then
    echo "1..0 # SKIP no C files in $list"
    exit 0
fi

# missingInclude: libraries' headers are not read; their calls are known by --library.
# unusedStructMember and the like are style, which is not asked for.
check_folder() {
    # shellcheck disable=SC2046  # a list of files
    cppcheck --quiet --error-exitcode=1 --std=c11 --library=posix,gnu,gtk --inline-suppr \
        --enable=warning,performance,portability --suppress=missingInclude \
        --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
        --template='{file}:{line}: {severity}: {message} [{id}]' \
        -j 2 -D_GNU_SOURCE -Icore -I"$build" -I"$build/include" -Itests \
        $(awk -F '\t' '{ print $1 }' "$list" | grep "^$1/[^/]*\$") 2>&1
}

folders=$(awk -F '\t' '{ sub(/\/[^\/]*$/, "", $1); print $1 }' "$list" | LC_ALL=C sort -u)
# shellcheck disable=SC2086  # a list of folders
set -- $folders
echo "1..$#"
number=0
for folder; do
    number=$((number + 1))
    if log=$(check_folder "$folder"); then
        echo "ok $number - $folder"
    else
        echo "not ok $number - $folder"
        echo "$log" | sed 's/^/# /'
    fi
done
