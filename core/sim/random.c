/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* splitmix64, and what is made of it. */
#include "sim/random.h"

#include <math.h>

struct random random_new(uint64_t seed, uint64_t stream)
{
    struct random random = {seed * 0x9e3779b97f4a7c15u ^ (stream + 1) * 0xd1b54a32d192ed03u};
    random_next(&random);
    return random;
}

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t random_below(struct random *random, uint32_t n)
{
    return n ? (uint32_t)((random_next(random) >> 32) * n >> 32) : 0;
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

double random_between(struct random *random, double low, double high)
{
    return low + (high - low) * random_unit(random);
}

bool random_chance(struct random *random, double probability)
{
    return random_unit(random) < probability;
}

double random_wait(struct random *random, double mean)
{
    return -log(1 - random_unit(random)) * mean;
}
