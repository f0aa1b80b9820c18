/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pre-copy as a model: how QEMU carries a running guest's memory over a link. Pure.
 *
 * QEMU walks the memory: it sends all pages, then those that the guest has written meanwhile, and
 * so on. After each walk it looks at what is left: where the link carries that within the allowed
 * pause, the guest is stopped, the rest is sent, and the guest goes on at the destination. A guest
 * writes within its working set, so what a walk leaves behind grows ever slower:
 * left(t) = set * (1 - e^(-rate * t / set)).
 *
 * auto-converge, as QEMU does it: where twice a walk left more than half of what it had sent, the
 * guest's CPUs are throttled by 20 %, then by 10 % more each time, up to 99 %.
 */
#ifndef DROVER_SIM_COPY_H
#define DROVER_SIM_COPY_H

#include <stdbool.h>
#include <stdint.h>

struct copy {
    /* set by who starts it */
    double total_mib;
    double working_set_mib;
    double downtime_ms; /* allowed */
    bool auto_converge;
    /* how it stands */
    double remaining_mib; /* of this walk */
    double dirtied_mib;   /* since this walk began */
    double sent_mib;
    double walk_sent_mib;
    double elapsed_s;
    double rate_mib_s;    /* of the last step */
    double dirty_mib_s;   /* after throttling */
    uint32_t iteration;   /* 1: the first walk */
    uint32_t throttle_pct;
    uint32_t high;        /* walks in a row that left too much */
    bool postcopy;
};

void copy_begin(struct copy *copy);

/*
 * Go on for seconds at a rate, the guest writing dirty_mib_s. True where the rest fits into the
 * allowed pause (pre-copy: `remaining_mib` is that rest), or where nothing is left (post-copy).
 */
bool copy_step(struct copy *copy, double seconds, double rate_mib_s, double dirty_mib_s);

/* The guest goes on at the destination now: what it writes needs not be sent any more. */
void copy_switch_to_postcopy(struct copy *copy);

/* The pause that the switch takes at this rate, in seconds. */
double copy_pause_s(const struct copy *copy, double rate_mib_s);

#endif
