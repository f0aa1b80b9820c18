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

static void swap(struct timer *a, struct timer *b)
{
    struct timer kept = *a;
    *a = *b;
    *b = kept;
}

void timers_add(struct timers *timers, const struct timer *timer)
{
    timers->item =
        memory_grow(timers->item, &timers->capacity, timers->n + 1, sizeof *timers->item);
    uint32_t i = timers->n++;
    timers->item[i] = *timer;
    timers->item[i].order = ++timers->last;
    for (; i > 0 && is_before(&timers->item[i], &timers->item[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&timers->item[i], &timers->item[(i - 1) / 2]);
}

double timers_next(const struct timers *timers)
{
    return timers->n ? timers->item[0].at : INFINITY;
}

struct timer timers_take(struct timers *timers)
{
    struct timer first = timers->item[0];
    timers->item[0] = timers->item[--timers->n];
    for (uint32_t i = 0;;) {
        uint32_t least = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < timers->n && is_before(&timers->item[child], &timers->item[least]))
                least = child;
        if (least == i)
            return first;
        swap(&timers->item[i], &timers->item[least]);
        i = least;
    }
}

void timers_free(struct timers *timers, void (*drop)(void *data))
{
    for (uint32_t i = 0; i < timers->n; i++)
        if (timers->item[i].data)
            drop(timers->item[i].data);
    free(timers->item);
    *timers = (struct timers){0};
}
