/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate `legacy`: what RHV's agent did before there were migration policies. The pause grows
 * exponentially over `steps` steps up to downtime_ms; the last one is kept for many walks, then the
 * migration is given up. Nothing is slowed down, and the guest is told nothing.
 */
#include "migrating.h"

#define PATIENCE 42 /* walks for which the longest pause is waited for */

struct legacy {
    struct migrating base; /* its downtime_ms is that of the last step */
    int64_t steps;
};

static const struct drover_parameter parameters[] = {
    {"downtime_ms", DROVER_NUMBER, "ms", 10, DOWNTIME_MOST_MS, "500", NULL,
     "the pause at the end may last so long at the last step",
     offsetof(struct migrating, downtime_ms)},
    {"steps", DROVER_INTEGER, "steps", 2, 14, "5", NULL,
     "in so many steps the pause grows to downtime_ms", offsetof(struct legacy, steps)},
    MIGRATING_LIMITS("2", "0"),
    MIGRATING_END,
};

/* vdsm's exponential_downtime(): offset = max / steps, and offset + (max - offset)^(i/(steps-1)). */
static double pause_of_step(const struct legacy *self, int64_t i)
{
    double most = self->base.downtime_ms, offset = most / (double)self->steps;
    if (i == self->steps - 1)
        return most;
    return floor(offset + pow(most - offset, (double)i / (double)(self->steps - 1)));
}

static int migrate(void *data, const struct drover_move *move, struct drover_how *how)
{
    const struct legacy *self = data;
    (void)move;
    migrating_how(&self->base, how);
    how->downtime_ms = pause_of_step(self, 0);
    for (int64_t i = 1; i < self->steps; i++)
        migrating_step(how, (uint32_t)i, DROVER_STALL_DOWNTIME, pause_of_step(self, i));
    migrating_step(how, PATIENCE, DROVER_STALL_DOWNTIME, self->base.downtime_ms);
    migrating_step(how, PATIENCE + 1, DROVER_STALL_ABORT, 0);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "legacy",
    .summary = "the pause grows exponentially to half a second, and is waited for long",
    .self_size = sizeof(struct legacy),
    .parameters = parameters,
    .migrate = migrate,
};

DROVER_PLUGIN("legacy", "1.0", &unit)
