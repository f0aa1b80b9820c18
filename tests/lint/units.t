#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systemd itself reads the units, as "make install" would put them there: what it does not know, or
# a program that is not where a unit says, fails.

cd "${DROVER_SRC:-$(dirname "$0")/../..}" || exit 1

if ! command -v systemd-analyze >/dev/null; then
    echo "1..0 # SKIP systemd-analyze is not there (Debian package systemd)"
    exit 0
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/units" "$scratch/sbin" "$scratch/lib/drover"
cp contrib/systemd/drover-shutdown contrib/systemd/drover-heartbeat "$scratch/lib/drover/"
printf '#!/bin/sh\n' >"$scratch/sbin/droverd"
chmod 755 "$scratch/sbin/droverd"
for unit in contrib/systemd/*.service contrib/systemd/*.timer; do
    sed "s|@sbindir@|$scratch/sbin|g; s|@sysconfdir@|/etc|g; s|@libdir@|$scratch/lib|g
        s|/usr/bin/ssh|$scratch/sbin/droverd|" "$unit" >"$scratch/units/${unit##*/}"
done

# Of a template an instance is looked at.
set -- "$scratch"/units/*
echo "1..$#"
number=1
for unit; do
    name=${unit##*/}
    case $name in
        *@.service) unit=${unit%.service}kvm1.service ;;
    esac
    if log=$(SYSTEMD_UNIT_PATH="$scratch/units:" systemd-analyze verify --man=no "$unit" 2>&1); then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        echo "$log" | sed 's/^/# /'
    fi
    number=$((number + 1))
done
