/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which step of a move's schedule is due: see schedule.h. */
#include "decide/schedule.h"

#include <math.h>

#define RATE_WEIGHT 0.4   /* of the newest report, in the smoothed bandwidth */
#define PROGRESS_PCT 4.0  /* a walk must be so much smaller than any before to count as progress */
#define STEP_LEAST_S 0.9  /* reports come every second; a pause is ordered, set and tried between two */
#define POSTCOPY_WAITS_S 30 /* a switch that has not come by then does not come */

/* ------------------------------------------------------------------ what is known */

static void smooth_rate(struct convergence *state, double rate_mib_s)
{
    if (rate_mib_s <= 0)
        return;
    state->rate_mib_s =
        state->rate_mib_s > 0
            ? state->rate_mib_s + RATE_WEIGHT * (rate_mib_s - state->rate_mib_s)
            : rate_mib_s;
}

static void end_walk(struct convergence *state, double stall_s, double now)
{
    bool smaller = state->lowest_mib <= 0 ||
                   state->walk_mib < state->lowest_mib * (1 - PROGRESS_PCT / 100);
    if (smaller) {
        state->lowest_mib = state->walk_mib;
        state->progress_at = now;
    } else if (now - state->progress_at >= stall_s) {
        state->stalls++;
        state->progress_at = now;
    }
}

/* What a walk begins with is seen by chance: the most that was seen of it is nearest to that. */
static void follow_walks(const struct how *how, struct migration *migration, double now)
{
    struct convergence *state = &migration->convergence;
    const struct progress *progress = &migration->progress;
    if (progress->iteration > state->iteration) {
        if (state->iteration > 0)
            end_walk(state, how->stall_s, now);
        state->iteration = progress->iteration;
        state->walk_mib = 0;
    }
    state->walk_mib = fmax(state->walk_mib, progress->memory_remaining_mib);
    smooth_rate(state, progress->throughput_mib_s);
}

/* ------------------------------------------------------------------ steps */

static const struct stall *next_of(const struct how *how, const struct migration *migration)
{
    const struct stall *stalls = how->stalls.item;
    return migration->next_stall < how->stalls.n ? &stalls[migration->next_stall] : NULL;
}

/* Pauses that were passed over count as stalls: the next step waits for one more, not for all. */
static struct due take(struct migration *migration, const struct stall *step, const char *why,
                       double now)
{
    migration->next_stall++;
    migration->convergence.stepped = migration->progress.iteration;
    migration->convergence.stepped_at = now;
    if (migration->convergence.stalls < step->stall)
        migration->convergence.stalls = step->stall;
    if (step->action == DROVER_STALL_POSTCOPY)
        migration->convergence.postcopy_at = now;
    return (struct due){.action = step->action, .downtime_ms = step->downtime_ms, .why = why};
}

/* QEMU looks again and again at what is left while that is less than the pause holds: many walks. */
static bool has_stepped(const struct convergence *state, uint32_t iteration, double now)
{
    return state->stepped > 0 &&
           (iteration <= state->stepped || now < state->stepped_at + STEP_LEAST_S);
}

static struct due due_by_iterations(const struct how *how, struct migration *migration, double now)
{
    uint32_t iteration = migration->progress.iteration;
    if (migration->base_iteration == 0)
        migration->base_iteration = iteration;
    const struct stall *step = next_of(how, migration);
    if (!step || has_stepped(&migration->convergence, iteration, now) ||
        iteration - migration->base_iteration <= step->stall)
        return (struct due){0};
    return take(migration, step, "its memory was walked again and again", now);
}

/* The least pause from the next step on that holds the smallest walk; NULL: none does. */
static const struct stall *fitting_pause(const struct how *how, struct migration *migration)
{
    const struct convergence *state = &migration->convergence;
    const struct stall *stalls = how->stalls.item;
    if (state->rate_mib_s <= 0 || state->lowest_mib <= 0)
        return NULL;
    double needed_ms = 1000 * state->lowest_mib / state->rate_mib_s;
    for (uint32_t i = migration->next_stall; i < how->stalls.n; i++) {
        if (stalls[i].action != DROVER_STALL_DOWNTIME)
            return NULL;
        if (stalls[i].downtime_ms >= needed_ms) {
            migration->next_stall = i;
            return &stalls[i];
        }
    }
    return NULL;
}

/* What is not a pause, and has its time, does not wait for pauses that do not help. */
static const struct stall *last_resort(const struct how *how, struct migration *migration)
{
    const struct stall *stalls = how->stalls.item;
    for (uint32_t i = migration->next_stall; i < how->stalls.n; i++)
        if (stalls[i].action != DROVER_STALL_DOWNTIME &&
            migration->convergence.stalls >= stalls[i].stall) {
            migration->next_stall = i;
            return &stalls[i];
        }
    return NULL;
}

static struct due due_by_remaining(const struct how *how, struct migration *migration, double now)
{
    const struct stall *step = next_of(how, migration);
    if (!step || migration->convergence.stalls < step->stall)
        return (struct due){0};
    if (step->action == DROVER_STALL_DOWNTIME)
        step = fitting_pause(how, migration);
    if (!step)
        step = last_resort(how, migration);
    if (!step)
        return (struct due){0};
    return take(migration, step, "what remains has stopped to shrink", now);
}

/* ------------------------------------------------------------------ time */

double schedule_ends_at(const struct how *how, const struct migration *migration)
{
    if (how->time_limit_s <= 0 || migration->progress.postcopy)
        return INFINITY;
    double at = migration->started_at + how->time_limit_s;
    if (migration->convergence.postcopy_at > 0)
        at = fmax(at, migration->convergence.postcopy_at + POSTCOPY_WAITS_S);
    return at;
}

static struct due due_at_the_end(const struct how *how, struct migration *migration, double now)
{
    static const char why[] = "its time is over";
    if (!how->postcopy || migration->convergence.postcopy_at > 0)
        return (struct due){.action = DROVER_STALL_ABORT, .why = why};
    migration->convergence.postcopy_at = now;
    return (struct due){.action = DROVER_STALL_POSTCOPY, .why = why};
}

struct due schedule_due(const struct how *how, struct migration *migration, double now)
{
    if (migration->progress.postcopy)
        return (struct due){0};
    follow_walks(how, migration, now);
    if (now >= schedule_ends_at(how, migration))
        return due_at_the_end(how, migration, now);
    if (migration->progress.iteration == 0)
        return (struct due){0};
    return how->watch == DROVER_WATCH_REMAINING ? due_by_remaining(how, migration, now)
                                                : due_by_iterations(how, migration, now);
}

void schedule_begin(struct migration *migration)
{
    migration->base_iteration = migration->next_stall = 0;
    migration->convergence = (struct convergence){0};
}
