/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Seeded chance: the same seed gives the same numbers on every machine (splitmix64). Each use has
 * a stream of its own, so that one more fault does not change the guests' load.
 */
#ifndef DROVER_SIM_RANDOM_H
#define DROVER_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

struct random random_new(uint64_t seed, uint64_t stream);
uint64_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t n); /* 0 .. n - 1; n = 0: 0 */
double random_unit(struct random *random);                /* [0, 1) */
double random_between(struct random *random, double low, double high);
bool random_chance(struct random *random, double probability);
double random_wait(struct random *random, double mean);   /* until the next of rare events */

#endif
