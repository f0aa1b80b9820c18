#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Vendors' packs: units and policies out of a folder, and what is said of one that is wrong.
# shellcheck disable=SC2154 # bats sets output, status and stderr

setup() {
    DIR=$BATS_TEST_TMPDIR
    PACK=$DIR/packs/acme
    mkdir -p "$PACK/lua" "$PACK/policies"
    cat >"$PACK/pack.yaml" <<'END'
name: acme
vendor: ACME
version: "1.0"
abi: 1
units: [not_on_kvm2]
policies: [acme_default]
END
    cat >"$PACK/lua/not_on_kvm2.lua" <<'END'
return {
  abi = 1, kind = "filter", name = "not_on_kvm2", summary = "never on kvm2",
  filter = function(_, _, host)
    if host.name == "kvm2" then return false, "not_on_kvm2.no", "kvm2 is ours" end
    return true
  end,
}
END
    cat >"$PACK/policies/acme.yaml" <<'END'
policy: acme_default
summary: like none, but never on kvm2
extends: none
filters: [acme/not_on_kvm2]
END
    echo "pack_dirs: [$DIR/packs]" >"$DIR/drover.yaml"
    cat >"$DIR/fleet.yaml" <<'END'
fleet: 1
hosts: [{name: kvm1}, {name: kvm2}, {name: kvm3}]
vms: [{name: web, host: kvm1, memory_mib: 100}]
END
}

drover() {
    run --separate-stderr "$DROVER_BUILD/drover" --config "$DIR/drover.yaml" "$@"
}

@test "a pack's policy and its unit are used by their names" {
    bats_require_minimum_version 1.5.0
    drover --fleet "$DIR/fleet.yaml" --policy acme_default explain web --to kvm2
    [ "$status" -eq 0 ]
    [[ "$output" == *"acme/not_on_kvm2: kvm2 is ours"* ]]
}

@test "a pack for another ABI is named and left out; the rest works" {
    bats_require_minimum_version 1.5.0
    sed -i 's/^abi: 1/abi: 7/' "$PACK/pack.yaml"
    drover --fleet "$DIR/fleet.yaml" explain web
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"made for ABI 7, this drover has 1: ask ACME"* ]]
}

@test "a unit that a pack promises and does not have is told" {
    bats_require_minimum_version 1.5.0
    sed -i 's/^units:.*/units: [not_on_kvm2, missing]/' "$PACK/pack.yaml"
    drover --fleet "$DIR/fleet.yaml" explain web
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"promises the unit missing, which is not there"* ]]
}

@test "a policy that names a unit of a missing pack is refused with its name" {
    bats_require_minimum_version 1.5.0
    mv "$PACK/policies/acme.yaml" "$DIR/acme.yaml"
    rm -r "$PACK"
    drover --fleet "$DIR/fleet.yaml" --policy "$DIR/acme.yaml" explain web
    [ "$status" -eq 2 ]
    [[ "$stderr" == *"acme/not_on_kvm2"* ]]
}
