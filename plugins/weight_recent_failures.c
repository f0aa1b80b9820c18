/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `recent_failures`: the host from and to which fewest moves have failed lately for reasons
 * of its own, so that what does not work is not tried again and again. OpenStack's
 * BuildFailureWeigher.
 */
#include <drover/plugin.h>

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *restrict weights)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = ask->fleet->hosts->moves_failed[hosts[i]];
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "recent_failures",
    .summary = "the host where fewest moves have failed lately",
    .weigh = weigh,
};

DROVER_PLUGIN("recent_failures", "1.0", &unit)
