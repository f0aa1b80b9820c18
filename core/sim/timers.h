/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is to happen in a made world, by time; what is due at the same time happens in the order
 * in which it was asked for. So the same seed gives the same story.
 */
#ifndef DROVER_SIM_TIMERS_H
#define DROVER_SIM_TIMERS_H

#include <stdint.h>

struct timer {
    double at;
    uint64_t order;
    void (*run)(void *self, const struct timer *timer);
    uint64_t a, b;
    void *data; /* owned until run */
};

struct timers {
    struct timer *item; /* a heap */
    uint32_t n, capacity;
    uint64_t last;
};

void timers_add(struct timers *timers, const struct timer *timer);

/* The nearest; INFINITY: none. */
double timers_next(const struct timers *timers);

/* Take the nearest out; there must be one. */
struct timer timers_take(struct timers *timers);

/* Forget all; `drop` frees their data. */
void timers_free(struct timers *timers, void (*drop)(void *data));

#endif
