/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What moves between two hosts were seen to get of their link: forecasts learn from outcomes. For
 * each pair of hosts the last few completed moves are kept, and the median of them counts: one move
 * that shared its link with a backup says little. Where the links' speed is known it is the share
 * of it, else the rate itself. A few hundred pairs are kept, the ones used last, also over a
 * restart of droverd.
 */
#ifndef DROVER_ENGINE_LEARN_H
#define DROVER_ENGINE_LEARN_H

#include "decide/forecast.h"

#include <stdbool.h>

#define LEARN_SAMPLES 7u

struct learnt_link {
    char *from, *to;
    bool shares;     /* samples are shares of the links' known speed, else MiB/s */
    double sample[LEARN_SAMPLES];
    uint32_t n;      /* so many of them; the oldest first */
    uint64_t used;   /* counts up: who was used last */
};

struct links {
    struct learnt_link *item;
    uint32_t n, room;
    uint64_t uses;
};

/* NULL: nothing was learnt. */
struct learnt links_learnt(const struct links *links, const char *from, const char *to);
void links_free(struct links *links);

#endif
