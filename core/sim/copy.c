/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arithmetic of copy.h. */
#include "sim/copy.h"

#include <math.h>

#define WALK_LEAST_S 0.05     /* synchronising the bitmap of written pages */
#define SWITCH_S 0.03         /* devices' state, and the first instruction over there */
#define THROTTLE_FIRST_PCT 20
#define THROTTLE_MORE_PCT 10
#define THROTTLE_MOST_PCT 99
#define LEFT_TOO_MUCH 0.5     /* of what was sent in the same walk */
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

static void throttle(struct copy *copy)
{
    bool high = copy->dirtied_mib > LEFT_TOO_MUCH * copy->walk_sent_mib;
    copy->high = high ? copy->high + 1 : 0;
    if (!copy->auto_converge || copy->high < 2)
        return;
    copy->high = 0;
    copy->throttle_pct += copy->throttle_pct ? THROTTLE_MORE_PCT : THROTTLE_FIRST_PCT;
    if (copy->throttle_pct > THROTTLE_MOST_PCT)
        copy->throttle_pct = THROTTLE_MOST_PCT;
}

/* A walk is over. True where what it left fits into the pause. */
static bool end_walk(struct copy *copy)
{
    throttle(copy);
    copy->remaining_mib = copy->dirtied_mib;
    copy->dirtied_mib = copy->walk_sent_mib = 0;
    if (copy->remaining_mib <= copy->rate_mib_s * copy->downtime_ms / 1000)
        return true;
    copy->iteration++;
    return false;
}

static void write_for(struct copy *copy, double seconds, double dirty_mib_s)
{
    double set = copy->working_set_mib;
    copy->dirty_mib_s = dirty_mib_s * (1 - copy->throttle_pct / 100.0);
    if (set > 0)
        copy->dirtied_mib += (set - copy->dirtied_mib) * -expm1(-copy->dirty_mib_s * seconds / set);
}

bool copy_step(struct copy *copy, double seconds, double rate_mib_s, double dirty_mib_s)
{
    copy->elapsed_s += seconds;
    copy->rate_mib_s = rate_mib_s;
    while (seconds > 0) {
        double needed = rate_mib_s > 0 ? copy->remaining_mib / rate_mib_s : INFINITY;
        double part = fmin(seconds, fmax(needed, WALK_LEAST_S));
        double sent = fmin(copy->remaining_mib, rate_mib_s * part);
        copy->remaining_mib -= sent;
        copy->sent_mib += sent;
        copy->walk_sent_mib += sent;
        seconds -= part;
        if (!copy->postcopy)
            write_for(copy, part, dirty_mib_s);
        bool walked = copy->remaining_mib <= TOLERANCE_MIB;
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
