/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate `drover`: by what remains, not by how often memory was walked. Fast links walk a small
 * rest many times a second, and slow ones walk once in minutes: neither says whether it converges.
 * Here a stall is a time in which no walk began with less than any before, and the pause is raised
 * to what the smallest walk needs, and no further. A bound on the time, by size, makes an end of
 * what does not converge, and of a first walk that never ends.
 */
#include "migrating.h"

#define GROWTH 1.5   /* from one step to the next */
#define ROUND_MS 10.0
#define STEPS_MOST (DROVER_STALLS_MAX - 1)

struct watching {
    struct migrating base;
    double max_downtime_ms;
    double stall_s;
    bool postcopy;
};

static const struct drover_parameter parameters[] = {
    MIGRATING_PARAMETERS("100", "2", "64"),
    {"max_downtime_ms", DROVER_NUMBER, "ms", 1, DOWNTIME_MOST_MS, "900", NULL,
     "no longer pause than this is ever allowed", offsetof(struct watching, max_downtime_ms)},
    {"stall_time", DROVER_DURATION_S, "s", 1, 86400, "20s", NULL,
     "so long without a smaller rest is a stall", offsetof(struct watching, stall_s)},
    {"allow_postcopy", DROVER_BOOLEAN, NULL, 0, 0, "no", NULL,
     "at the end of its time a guest goes on over there, and its memory follows",
     offsetof(struct watching, postcopy)},
    MIGRATING_END,
};

static int migrate(void *data, const struct drover_move *move, struct drover_how *how)
{
    const struct watching *self = data;
    (void)move;
    migrating_how(&self->base, how);
    how->flags |= DROVER_HOW_AUTO_CONVERGE | (self->postcopy ? DROVER_HOW_POSTCOPY : 0);
    how->watch = DROVER_WATCH_REMAINING;
    how->stall_s = self->stall_s;
    double pause = fmin(self->base.downtime_ms, self->max_downtime_ms);
    how->downtime_ms = pause;
    for (uint32_t i = 1; i <= STEPS_MOST && pause < self->max_downtime_ms; i++) {
        bool last = i == STEPS_MOST;
        pause = last ? self->max_downtime_ms
                     : fmin(self->max_downtime_ms, ceil(pause * GROWTH / ROUND_MS) * ROUND_MS);
        migrating_step(how, i, DROVER_STALL_DOWNTIME, pause);
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_MIGRATE,
    .name = "drover",
    .summary = "watches what remains, raises the pause to what helps, and ends in time",
    .self_size = sizeof(struct watching),
    .parameters = parameters,
    .migrate = migrate,
};

DROVER_PLUGIN("drover", "1.0", &unit)
