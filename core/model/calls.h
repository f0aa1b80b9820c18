/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of units, counted within one step of the engine. Of all that a unit answers, only that it
 * overran its time depends on a clock, so only that has to be journalled (EFFECT_OVERRAN) and is
 * given back for a replay (struct event's overruns): then the unit is not called there, and
 * counts as having overrun.
 */
#ifndef DROVER_MODEL_CALLS_H
#define DROVER_MODEL_CALLS_H

#include "base/arena.h"
#include "model/ruleset.h"

struct overrun {
    uint32_t call;   /* which call of a unit within the step, from 1 */
    uint32_t within; /* calls that it had made itself: a balancer asks filters */
    const char *unit;
    const char *error;
};

struct calls {
    uint32_t n; /* so many so far */
    const struct overrun *repeat; /* in order of their calls */
    uint32_t n_repeat;
    struct overrun *seen;
    uint32_t n_seen, room;
    struct arena arena;
};

/* Begin a step. repeat: overruns that were recorded in it; they must stay. */
void calls_begin(struct calls *calls, const struct overrun *repeat, uint32_t n_repeat);
void calls_free(struct calls *calls);

/* One call. */
struct unit_call {
    struct calls *calls; /* NULL: nobody counts */
    uint32_t number;
    const struct overrun *again; /* do not call: it overran here before */
};

struct unit_call unit_call_begin(struct calls *calls, const struct bound_unit *unit);

/* Note how it ended. */
void unit_call_end(const struct unit_call *call, const struct bound_unit *unit, int result);

/* Why it failed, in words: what the unit says itself, or what was recorded. */
const char *unit_call_error(const struct unit_call *call, const struct bound_unit *unit,
                            int result);

#endif
