/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arithmetic of copy.h. */
#include "decide/copy.h"

#include <math.h>

#define WALK_LEAST_S 0.1      /* QEMU looks whether it is done as often as it refills its budget */
#define SWITCH_S 0.03         /* devices' state, and the first instruction over there */
#define THROTTLE_PERIOD_S 1.0 /* written pages are set against sent ones over this at least */
#define THROTTLE_FIRST_PCT 20
#define THROTTLE_MORE_PCT 10
#define LEFT_TOO_MUCH 0.5     /* of what was sent in the same time */
#define TOLERANCE_MIB 1e-9

void copy_begin(struct copy *copy)
{
    copy->remaining_mib = copy->total_mib;
    copy->iteration = 1;
}

double copy_pause_s(const struct copy *copy, double rate_mib_s)
{
    return SWITCH_S + (rate_mib_s > 0 ? copy->remaining_mib / rate_mib_s : 0);
}

/* QEMU's migration_trigger_throttle(): two periods that were too high, in a row or not. */
static void throttle(struct copy *copy)
{
    copy->period_dirtied_mib += copy->dirtied_mib;
    if (copy->elapsed_s - copy->period_began_s < THROTTLE_PERIOD_S)
        return;
    bool high = copy->period_dirtied_mib > LEFT_TOO_MUCH * (copy->sent_mib - copy->period_sent_mib);
    copy->period_dirtied_mib = 0;
    copy->period_began_s = copy->elapsed_s;
    copy->period_sent_mib = copy->sent_mib;
    copy->high += high;
    if (!copy->auto_converge || copy->high < 2)
        return;
    copy->high = 0;
    copy->throttle_pct += copy->throttle_pct ? THROTTLE_MORE_PCT : THROTTLE_FIRST_PCT;
    if (copy->throttle_pct > COPY_THROTTLE_MOST_PCT)
        copy->throttle_pct = COPY_THROTTLE_MOST_PCT;
}

static double limit_mib(const struct copy *copy)
{
    return copy->rate_mib_s * copy->downtime_ms / 1000;
}

/* The pages written meanwhile are looked up. True where all that is left fits into the pause. */
static bool end_walk(struct copy *copy)
{
    throttle(copy);
    copy->remaining_mib = fmin(copy->total_mib, copy->remaining_mib + copy->dirtied_mib);
    copy->dirtied_mib = 0;
    if (copy->remaining_mib <= limit_mib(copy))
        return true;
    copy->iteration++;
    return false;
}

/* Throttling leaves a share of the CPUs; a guest that wants no more than that does not feel it. */
static double slowed(const struct copy *copy, double cpu_pct)
{
    double left_pct = 100.0 - copy->throttle_pct;
    return cpu_pct > left_pct ? left_pct / cpu_pct : 1;
}

static void write_for(struct copy *copy, double seconds, double dirty_mib_s)
{
    double set = copy->working_set_mib;
    copy->dirty_mib_s = dirty_mib_s;
    if (copy->writes_round)
        copy->dirtied_mib = fmin(set, copy->dirtied_mib + dirty_mib_s * seconds);
    else if (set > 0)
        copy->dirtied_mib += (set - copy->dirtied_mib) * -expm1(-dirty_mib_s * seconds / set);
}

/* How long this walk goes on: to where the rest fits into the pause; in post-copy, to its end. */
static double walk_s(const struct copy *copy)
{
    double enough = copy->postcopy ? 0 : limit_mib(copy);
    double needed =
        copy->rate_mib_s > 0 ? (copy->remaining_mib - enough) / copy->rate_mib_s : INFINITY;
    return fmax(needed, WALK_LEAST_S);
}

bool copy_step(struct copy *copy, double seconds, double rate_mib_s, double dirty_mib_s,
               double cpu_pct)
{
    copy->rate_mib_s = rate_mib_s;
    while (seconds > 0) {
        double walk = walk_s(copy), part = fmin(seconds, walk);
        double sent = fmin(copy->remaining_mib, rate_mib_s * part);
        copy->remaining_mib -= sent;
        copy->sent_mib += sent;
        copy->elapsed_s += part;
        seconds -= part;
        if (!copy->postcopy)
            write_for(copy, part, dirty_mib_s * slowed(copy, cpu_pct));
        bool walked = copy->remaining_mib <= (copy->postcopy ? 0 : limit_mib(copy)) + TOLERANCE_MIB;
        if (walked && (copy->postcopy || end_walk(copy)))
            return true;
    }
    return false;
}

void copy_switch_to_postcopy(struct copy *copy)
{
    copy->postcopy = true;
    copy->remaining_mib = fmin(copy->total_mib, copy->remaining_mib + copy->dirtied_mib);
    copy->dirtied_mib = 0;
    copy->throttle_pct = 0;
}
