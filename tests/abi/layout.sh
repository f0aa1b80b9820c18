#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Prints where every field of a plugin.h lies, on this machine: tests/abi/layout.sh HEADER. So
# tests/abi/layout_1_0.h was made, once; tests/abi/layout.t compares.
#
#   GROWS(struct, bytes)   crosses the border with its size: fields may be added at its end
#   FIXED(struct, bytes)   lies inside of others, or in arrays: it must stay as it is
#   FIELD(struct, field, offset, bytes)
#   VALUE(name, value)     of an enum, or a macro

header=${1:?which header?}
: "${CC:=cc}"
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/drover" && cp "$header" "$scratch/drover/plugin.h" || exit 1

# The header without comments.
sed 's|/\*.*\*/||' "$header" | awk '
    !comment && /\/\*/ { sub(/\/\*.*/, ""); print; comment = 1 }
    !comment { print }
    /\*\// { comment = 0 }' >"$scratch/bare"

awk '
    function field(name) {
        printf "    printf(\"FIELD(%s, %s, %%zu, %%zu)\\n\", offsetof(struct %s, %s), " \
            "sizeof((struct %s *)0)->%s);\n", within, name, within, name, within, name
    }
    # "const char *name", "double min, max", "char code[64]", "int (*open)(void *self, ...)"
    function fields(line,    part, n, i) {
        if (match(line, /\(\*[a-z_]+\)/)) {
            field(substr(line, RSTART + 2, RLENGTH - 3))
            return
        }
        n = split(line, part, ",")
        for (i = 1; i <= n; i++) {
            sub(/\[.*/, "", part[i])
            sub(/.*[ *]/, "", part[i])
            field(part[i])
        }
    }
    function value(name) { printf "    printf(\"VALUE(%s, %%lld)\\n\", (long long)%s);\n", name, name }
    function values(line,    part, n, i) {
        n = split(line, part, ",")
        for (i = 1; i <= n; i++) {
            sub(/=.*/, "", part[i])
            gsub(/[ \t{}]/, "", part[i])
            if (part[i] != "") value(part[i])
        }
    }
    BEGIN { print "#include <drover/plugin.h>\n#include <stdio.h>\nint main(void)\n{" }
    /^#define DROVER_[A-Z_]+ +[^ ]/ && !/_(EXPORT|LINKAGE|ABI_MINOR) / { value($2) }
    /^enum .*\{.*\};/ { line = $0; sub(/^[^{]*\{/, "", line); sub(/\};.*/, "", line)
                        values(line); next }
    /^enum .*\{/ { inside_enum = 1; next }
    /^struct [a-z_]+ \{/ { within = $2; text = ""; first = 1; next }
    /^\};/ { within = ""; inside_enum = 0; next }
    inside_enum { values($0) }
    within != "" {
        text = text " " $0
        while ((end = index(text, ";")) > 0) {
            line = substr(text, 1, end - 1)
            text = substr(text, end + 1)
            if (first) {
                grows = line ~ /size_t size$/ || within ~ /^drover_(parameter|reason)$/
                printf "    printf(\"%s(%s, %%zu)\\n\", sizeof(struct %s));\n",
                    grows ? "GROWS" : "FIXED", within, within
                first = 0
            }
            fields(line)
        }
    }
    END { print "    return 0;\n}" }' "$scratch/bare" >"$scratch/print.c"

cat <<'EOF'
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where every field of the ABI lay when it was made, on machines whose pointers and longs have 64
 * bits. Written by tests/abi/layout.sh, never by hand.
 */
EOF
$CC -std=c11 -I"$scratch" -o "$scratch/print" "$scratch/print.c" && "$scratch/print"
