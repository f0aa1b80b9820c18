/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking after a running migration from its source, over the connection that is not busy with
 * it: its figures, and what is to be changed about it.
 */
#ifndef DROVER_VIRT_CONTROL_H
#define DROVER_VIRT_CONTROL_H

#include "model/migration.h"
#include "virt/worker.h"

enum control {
    CONTROL_DOWNTIME,
    CONTROL_POSTCOPY,
    CONTROL_ABORT,
    CONTROL_PAUSE,
    CONTROL_BANDWIDTH,
    CONTROL_POSTCOPY_BANDWIDTH,
    CONTROLS,
};

enum control_outcome { CONTROL_UNTRIED, CONTROL_DONE, CONTROL_FAILED };

/* Where the VM is, as its source sees it. */
enum control_place {
    CONTROL_UNKNOWN,   /* no answer */
    CONTROL_HERE,      /* active, no migration */
    CONTROL_MIGRATING,
    CONTROL_AWAY,      /* off, or not known here */
};

struct look {
    uint64_t move;
    enum control_place place;
    struct progress progress; /* of CONTROL_MIGRATING */
    enum control_outcome outcome[CONTROLS];
    char error[CONTROLS][512];
};

/*
 * A job: looks at the move's VM, does what the job wants done (only while it migrates), and
 * calls moves_looked() on the main loop.
 */
void control_run(struct worker *worker, struct job *job);

#endif
