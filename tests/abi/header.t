#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# <drover/plugin.h> needs nothing before it and warns of nothing, in C and in C++, by each compiler
# that is there; and a plugin in C++ exports what the loader looks for.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1
warnings='-Wall -Wextra -Werror -pedantic'

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/drover" && cp core/plugin.h "$scratch/drover/" || exit 1
number=0

# Twice, as headers that include each other do.
printf '#include <drover/plugin.h>\n#include <drover/plugin.h>\n' >"$scratch/alone.c"
printf 'int main(void)\n{\n    return (int)sizeof(struct drover_unit) == 0;\n}\n' \
    >>"$scratch/alone.c"
cp "$scratch/alone.c" "$scratch/alone.cc"

cat >"$scratch/plugin.cc" <<'EOF'
#include <drover/plugin.h>

static int weigh(void *, const drover_ask *ask, const uint32_t *hosts, uint32_t n, double *weights)
{
    for (uint32_t i = 0; i < n; i++)
        weights[i] = ask->fleet->hosts->vm_count[hosts[i]];
    return 0;
}

static drover_unit make()
{
    drover_unit unit = {};
    unit.size = sizeof unit;
    unit.kind = DROVER_WEIGHT;
    unit.name = "few_vms";
    unit.summary = "hosts with few VMs first";
    unit.weigh = weigh;
    return unit;
}

static const drover_unit unit = make();

DROVER_PLUGIN("few_vms", "1.0", &unit)
EOF

# compile COMPILER STANDARD FILE [OPTION...]
compile() {
    number=$((number + 1))
    compiler=$1 standard=$2 file=$3
    shift 3
    what="$(basename "$file") by $compiler as $standard"
    if ! command -v "$compiler" >/dev/null; then
        echo "ok $number - $what # SKIP $compiler is not there"
        return 1
    fi
    # shellcheck disable=SC2086  # a list of options
    if log=$("$compiler" "-std=$standard" $warnings -I"$scratch" "$@" "$file" 2>&1); then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        printf '%s\n' "$log" | sed 's/^/# /'
        return 1
    fi
}

for compiler in gcc clang; do
    for standard in c11 c17; do
        compile "$compiler" "$standard" "$scratch/alone.c" -o "$scratch/out"
    done
done
for compiler in g++ clang++; do
    compile "$compiler" c++17 "$scratch/alone.cc" -o "$scratch/out"
    # The macro names its members, which C++ has from 2020 on; before, as an extension.
    compile "$compiler" c++20 "$scratch/plugin.cc" -shared -fPIC -fvisibility=hidden \
        -o "$scratch/plugin.so" || continue
    number=$((number + 1))
    exported=$(nm -D --defined-only "$scratch/plugin.so" | awk '{ print $3 }' | tr '\n' ' ')
    case " $exported" in
    *' drover_plugin '*) echo "ok $number - $compiler exports drover_plugin" ;;
    *) echo "not ok $number - $compiler exports drover_plugin"
        echo "# it exports: $exported" ;;
    esac
    rm -f "$scratch/plugin.so"
done
echo "1..$number"
