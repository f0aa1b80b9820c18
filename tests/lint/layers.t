#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The walls of the house: which room may include which. One TAP line for each room, with the
# includes that break the rule beneath it.
#
# Reads the tree in DROVER_SRC, or the one it lies in.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1

# room: the rooms whose headers it may include. Its own headers it always may; config.h is for
# those that touch the machine, plugin.h for everybody above base.
arrows='
base:
model:   base
decide:  base model
engine:  base model decide
codec:   base model
policy:  base model codec
plug:    base model
set:     base model codec policy plug
virt:    base model codec
sim:     base model decide engine
store:   base model codec
replay:  base model decide engine codec policy plug set sim store
ctl:     base model codec
cli:     base model decide engine codec policy plug set sim store replay ctl
daemon:  base model decide engine codec policy plug set virt sim store replay ctl
'

# Headers from outside that only some rooms may include, by the beginning of their names.
foreign='
libvirt/        virt
yaml.h          codec policy
libxml/         codec
jansson.h       codec policy set store replay ctl cli daemon
sqlite3.h       store
lua.h           plug
lauxlib.h       plug
lualib.h        plug
dlfcn.h         plug
glib            virt store replay ctl daemon cli
gio/            virt ctl daemon cli
libsoup/        ctl
curses.h        cli
ncurses         cli
term.h          cli
systemd/        daemon
inotifytools/   daemon
cmocka.h
'

# The whole outside world of the rooms that must give the same answer for the same input.
# No time, no threads, no descriptors; stdio.h is here for snprintf (tests/lint/pure.t looks
# at what is really called).
pure_rooms='model decide engine'
pure_headers='assert.h ctype.h errno.h float.h inttypes.h iso646.h limits.h math.h stdalign.h
    stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h strings.h'

# check WHO FILES: prints "ok" or "not ok" for this room, and the reasons.
check_room() {
    number=$((number + 1))
    files=$(find "core/$1" -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
    if [ -z "$files" ]; then
        echo "ok $number - core/$1 # SKIP no sources"
        return
    fi
    # shellcheck disable=SC2086  # a list of files
    wrong=$(awk -v room="$1" -v arrows="$arrows" -v foreign="$foreign" \
        -v pure_rooms="$pure_rooms" -v pure_headers="$pure_headers" "$judge" $files)
    report "core/$1"
}

# check_outside NAME HEADERS FILES...: plugins and the hook include these headers, libc and
# nothing of the core.
check_outside() {
    number=$((number + 1))
    name=$1 may=$2
    shift 2
    if [ ! -e "$1" ]; then
        echo "ok $number - $name # SKIP no sources"
        return
    fi
    wrong=$(awk -v may="$may" -v foreign="$foreign" "$judge_outside" "$@")
    report "$name"
}

report() {
    if [ -z "$wrong" ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        echo "$wrong" | sed 's/^/# /'
    fi
}

# Both programs begin with the include line taken apart: kind is " or <, name what is between.
common='
function begins(name, prefix) { return substr(name, 1, length(prefix)) == prefix }
function complain(why) { printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, why }
BEGIN {
    n = split(foreign, line, "\n")
    for (i = 1; i <= n; i++)
        if (split(line[i], word, " ") > 0) {
            owners = line[i]
            sub(/^[^ ]+ */, " ", owners)
            owner[word[1]] = owners " "
        }
}
function foreign_owner(name,    prefix) {
    for (prefix in owner)
        if (begins(name, prefix)) return owner[prefix]
    return "any"
}
!/^[ \t]*#[ \t]*include[ \t]*["<]/ { next }
{
    name = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    kind = substr(name, 1, 1)
    name = substr(name, 2)
    sub(/[">].*/, "", name)
}
'

judge=$common'
BEGIN {
    n = split(arrows, line, "\n")
    for (i = 1; i <= n; i++) {
        m = split(line[i], word, " ")
        if (m == 0) continue
        known[word[1]] = 1
        if (word[1] == room ":")
            for (j = 2; j <= m; j++) may[word[j]] = 1
    }
    may[room] = 1
    m = split(pure_rooms, word, " ")
    for (j = 1; j <= m; j++) pure[word[j]] = 1
    m = split(pure_headers, word, " ")
    for (j = 1; j <= m; j++) allowed[word[j]] = 1
}
kind == "<" {
    owners = foreign_owner(name)
    if (owners != "any" && index(owners, " " room " ") == 0)
        complain("only these rooms may include it:" (owners == " " ? " none" : owners))
    else if (room in pure && !(name in allowed))
        complain("not in a room without clock, threads and input/output")
    next
}
name ~ /^\.|\/\./ { complain("say \"room/header.h\"; paths with dots hide the arrow"); next }
name == "plugin.h" { if (room == "base") complain("base is below plugin.h"); next }
name == "config.h" { if (room in pure) complain("nothing here depends on how it is built"); next }
name !~ /\// {
    path = "core/" room "/" name
    if ((getline unused < path) < 0) complain("not a header of this room; say \"room/header.h\"")
    close(path)
    next
}
{
    target = name
    sub(/\/.*/, "", target)
    if (!((target ":") in known)) complain("no such room")
    else if (!(target in may)) complain(room " may not look into " target)
}
'

judge_outside=$common'
kind == "<" {
    if (index(" " may " ", " <" name "> ")) next
    if (foreign_owner(name) != "any" || begins(name, "drover/"))
        complain("may include libc and " may)
    next
}
!index(" " may " ", " " name " ") { complain("may include libc and " may) }
'

rooms=$(printf '%s\n' "$arrows" | sed -n 's/:.*//p')
number=0
# shellcheck disable=SC2086  # a list of rooms
set -- $rooms
echo "1..$(($# + 4))"
for room in $rooms; do
    check_room "$room"
done
# Headers that plugins share, and those of a plugin that has a folder of its name.
plugin_headers=$(find plugins -name '*.h' | sed 's|^plugins/||; p; s|.*/||' | tr '\n' ' ')
# shellcheck disable=SC2046  # a list of files
check_outside plugins "<drover/plugin.h> $plugin_headers" $(find plugins -name '*.[ch]' | sort)
check_outside 'plugins of the tests' '<drover/plugin.h>' tests/*/so/*.c
hook_headers=$(find hooks -name '*.h' 2>/dev/null | sed 's|.*/||' | tr '\n' ' ')
check_outside hooks "config.h $hook_headers" hooks/*.[ch]

# A room that the table does not know has no rule, so it must not be there.
number=$((number + 1))
wrong=$(for dir in core/*/; do
    [ -d "$dir" ] || continue
    room=$(basename "$dir")
    printf '%s\n' "$arrows" | grep -q "^$room:" || echo "core/$room is in no arrow of the table"
done)
report 'every room is in the table'
