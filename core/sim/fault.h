/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can go wrong in a made world: by name, each with how often. */
#ifndef DROVER_SIM_FAULT_H
#define DROVER_SIM_FAULT_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

enum fault_kind {
    FAULT_HOST_DEATH,
    FAULT_HOST_CUT,
    FAULT_HOST_FREEZE,
    FAULT_CONTROLLER_CUT,
    FAULT_PATH_CUT,
    FAULT_LIBVIRT_HANG,
    FAULT_LIBVIRT_RESTART,
    FAULT_LATE,
    FAULT_DUPLICATE,
    FAULT_LOST,
    FAULT_REORDER,
    FAULT_MIGRATION_FAILS,
    FAULT_CALL_FAILS,
    FAULT_DESTINATION_DIES,
    FAULT_GUEST_ENDS,
    FAULT_OPERATOR,
    FAULT_FILES,
    FAULT_HOOKS,
    FAULT_VIRSH,
    FAULT_CONTROLLER,
    FAULT_CLOCK,
    FAULT_CUT_OFF,
    FAULT_GUEST_CRASH,
    FAULT_FENCE_FAILS,
    FAULT_FENCE_LIES,
    FAULT_FENCE_SLOW,
    FAULT_FENCE_DEAD,
    FAULT_START_FAILS,
    FAULT_AUTOSTART,
    FAULT_COLD,
    FAULTS,
};

struct sim;

struct fault {
    const char *name;
    const char *help;
    double mean_s;      /* between two of them in a fleet; 0: by chance, where it can happen */
    double probability; /* of those by chance */
    void (*strike)(struct sim *sim);
};

extern const struct fault faults[FAULTS + 1]; /* ends with a NULL name */

/* "none", "all", or names with commas between them, to bits. -1 with the error set. */
int faults_parse(const char *text, uint64_t *bits, struct error *error);

/* The other way round; in the arena. */
const char *faults_text(uint64_t bits, struct arena *arena);

#endif
