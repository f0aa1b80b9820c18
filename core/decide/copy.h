/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pre-copy as a model: how QEMU carries a running guest's memory over a link. Pure.
 *
 * QEMU walks the memory: it sends all pages, then those that the guest has written meanwhile, and
 * so on. A walk goes on until what it has left would fit into the allowed pause at the measured
 * rate; then the pages that were written meanwhile are looked up. Where all that fits, too, the
 * guest is stopped, the rest is sent as fast as the link carries it (a limit of bandwidth does not
 * hold for that), and the guest goes on at the destination. A guest writes within its working set,
 * so what a walk leaves behind grows ever slower: left(t) = set * (1 - e^(-rate * t / set)).
 * Or it writes one page after the other and begins anew at the end, as logs and the lab's guests
 * do: left(t) = min(set, rate * t).
 *
 * auto-converge, as QEMU does it: where in two periods of a second or more the guest wrote more
 * than half of what was sent, its CPUs are throttled by 20 %, then by 10 % more each time, up to
 * 99 %. It takes time from the CPUs, not pages: a guest that wants 10 % of them writes as ever up
 * to a throttle of 90 %. docs/calibration.md sets all this against real migrations.
 */
#ifndef DROVER_DECIDE_COPY_H
#define DROVER_DECIDE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#define COPY_THROTTLE_MOST_PCT 99u   /* auto-converge leaves a guest 1 % of its CPUs */
#define COPY_POSTCOPY_PAUSE_S 0.05   /* the switch to post-copy: devices' state alone */

struct copy {
    /* set by who starts it */
    double total_mib;
    double working_set_mib;
    double downtime_ms; /* allowed */
    bool writes_round;  /* one page after the other, not scattered */
    bool auto_converge;
    /* how it stands */
    double remaining_mib; /* of this walk */
    double dirtied_mib;   /* since this walk began */
    double sent_mib;
    double elapsed_s;
    double rate_mib_s;    /* of the last step */
    double dirty_mib_s;   /* after throttling */
    uint32_t iteration;   /* 1: the first walk */
    uint32_t throttle_pct;
    uint32_t high;        /* periods that were too high since the last throttling */
    double period_began_s, period_sent_mib; /* elapsed, and sent, when this one began */
    double period_dirtied_mib;
    bool postcopy;
};

void copy_begin(struct copy *copy);

/*
 * Go on for seconds at a rate, the guest writing dirty_mib_s and wanting cpu_pct of its CPUs. True
 * where the rest fits into the allowed pause (pre-copy: `remaining_mib` is that rest), or where
 * nothing is left (post-copy).
 */
bool copy_step(struct copy *copy, double seconds, double rate_mib_s, double dirty_mib_s,
               double cpu_pct);

/* The guest goes on at the destination now: what it writes needs not be sent any more. */
void copy_switch_to_postcopy(struct copy *copy);

/* The pause that the switch takes at this rate, which knows no limit, in seconds. */
double copy_pause_s(const struct copy *copy, double rate_mib_s);

#endif
