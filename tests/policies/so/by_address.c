/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A weight that must not be: it likes hosts by where their names lie in memory, and so by the order
 * in which the fleet was read. It shows that the property permutation sees such things.
 */
#include <drover/plugin.h>

#include <stdint.h>

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = (double)(uintptr_t)ask->fleet->hosts->name[hosts[i]];
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "by_address",
    .summary = "likes hosts by where they lie in memory",
    .weigh = weigh,
};

DROVER_PLUGIN("by_address", "1.0", &unit)
