/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A binary heap. */
#include "sim/timers.h"

#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->at < b->at || (a->at <= b->at && a->order < b->order);
}

void timers_add(struct timers *timers, const struct timer *timer)
{
    timers->item =
        memory_grow(timers->item, &timers->capacity, timers->n + 1, sizeof *timers->item);
    struct timer added = *timer;
    added.order = ++timers->last;
    uint32_t hole = timers->n++;
    for (; hole > 0 && is_before(&added, &timers->item[(hole - 1) / 2]); hole = (hole - 1) / 2)
        timers->item[hole] = timers->item[(hole - 1) / 2];
    timers->item[hole] = added;
}

double timers_next(const struct timers *timers)
{
    return timers->n ? timers->item[0].at : INFINITY;
}

struct timer timers_take(struct timers *timers)
{
    struct timer first = timers->item[0];
    struct timer last = timers->item[--timers->n];
    uint32_t hole = 0;
    for (uint32_t child; (child = 2 * hole + 1) < timers->n; hole = child) {
        if (child + 1 < timers->n && is_before(&timers->item[child + 1], &timers->item[child]))
            child++;
        if (!is_before(&timers->item[child], &last))
            break;
        timers->item[hole] = timers->item[child];
    }
    timers->item[hole] = last;
    return first;
}

void timers_free(struct timers *timers, void (*drop)(void *data))
{
    for (uint32_t i = 0; i < timers->n; i++)
        if (timers->item[i].data)
            drop(timers->item[i].data);
    free(timers->item);
    *timers = (struct timers){0};
}
