/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate `minimal_downtime`: RHV's migration policy of that name. The guest is slowed down
 * (auto-converge) rather than paused for long; where half a second of pause is not enough, the
 * migration is given up and the VM stays where it is, unharmed.
 */
#include <drover/plugin.h>

#include <string.h>

#define FIRST_DOWNTIME_MS 100.0
#define MAX_CONCURRENT 2

/* By how often memory was walked past the first full pass, as RHV's agent counts it. */
static const struct drover_stall schedule[] = {
    {2, DROVER_STALL_DOWNTIME, 150}, {3, DROVER_STALL_DOWNTIME, 200},
    {4, DROVER_STALL_DOWNTIME, 300}, {5, DROVER_STALL_DOWNTIME, 400},
    {7, DROVER_STALL_DOWNTIME, 500}, {8, DROVER_STALL_ABORT, 0},
};

static int migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    (void)self;
    (void)move;
    how->flags |= DROVER_HOW_AUTO_CONVERGE;
    how->downtime_ms = FIRST_DOWNTIME_MS;
    how->max_concurrent = MAX_CONCURRENT;
    how->n_stalls = sizeof schedule / sizeof *schedule;
    memcpy(how->stalls, schedule, sizeof schedule);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "minimal_downtime",
    .summary = "at most half a second of pause, else the VM stays",
    .migrate = migrate,
};

DROVER_PLUGIN("minimal_downtime", "1.0", &unit)
