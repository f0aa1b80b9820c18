/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands in the way of a live migration, as data: all of it at once, with what a person can
 * do. Filters decide which hosts take a VM; this tells what libvirt or QEMU would refuse whatever
 * the host, or only do at a risk. Most of it libvirt says only when the migration is ordered.
 */
#ifndef DROVER_MODEL_BLOCKERS_H
#define DROVER_MODEL_BLOCKERS_H

#include "model/fleet.h"

struct blocker {
    const char *code;
    const char *reason;
    const char *remedy;
};

extern const struct field blocker_fields[];

/* Of this VM, in the order of the table; the rows are in arena. */
struct rows blockers_of(const struct vm *vm, struct arena *arena);

/* Codes that vm.blockers may hold: those that its definition alone tells. Ends with NULL. */
extern const char *const blocker_codes[];

#endif
