/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schedule of a move: which of its steps is due, from one report of libvirt's to the next. It
 * looks at its arguments alone, so that `drover plan schedule` walks a recorded migration through
 * the same lines as the engine does a real one.
 *
 * Watching iterations, as RHV does: a step is due once QEMU has begun to walk the memory more than
 * `stall` times after the walk that was seen first; walks that were missed between two reports
 * count. A step is taken at a later walk than the one before it, and about a second later: near
 * the end QEMU counts many walks a second, and a pause that was allowed is to be tried.
 *
 * Watching what remains: a walk that begins with less than any before is progress; where none has
 * done so for stall_s, that is a stall, counted when a walk ends. A step is due at as many stalls.
 * Of the pauses, the least that holds the smallest walk at the smoothed bandwidth is allowed, at
 * once; where none holds it, none is: the guest is slowed down further, until the time is over.
 *
 * When the time is over (time_limit_s), whatever is watched, the move switches to post-copy where
 * that was enabled at its start, and is given up where it was not, or where the switch did not come.
 */
#ifndef DROVER_DECIDE_SCHEDULE_H
#define DROVER_DECIDE_SCHEDULE_H

#include "model/effect.h"
#include "model/migration.h"

struct due {
    int action;         /* enum drover_stall_action; 0: nothing is due */
    double downtime_ms; /* DROVER_STALL_DOWNTIME */
    const char *why;    /* a clause; static */
};

/*
 * After a report is in migration->progress, or when only time has passed. Keeps its state in
 * migration->convergence, base_iteration and next_stall; began_at: when the move was ordered.
 */
struct due schedule_due(const struct how *how, struct migration *migration, double now);

/* When its time is over; INFINITY: never, or that has been seen to. */
double schedule_ends_at(const struct how *how, const struct migration *migration);

/* A new try begins. */
void schedule_begin(struct migration *migration);

#endif
