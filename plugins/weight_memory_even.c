/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `memory_even`: the host with most memory left to hand out, once the VM is there. RHV's
 * OptimalForMemoryEvenDistribution: 1 for as much as the best candidate has now, 1000 for none.
 */
#include <drover/plugin.h>

#include "rounding.h"

#define WEIGHT_MAX 1000.0

static double most_free(const double *free, const uint32_t *hosts, uint32_t n)
{
    double most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = free[hosts[i]] > most ? free[hosts[i]] : most;
    return most;
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *restrict weights)
{
    (void)self;
    const struct drover_vms *vms = ask->fleet->vms;
    const double *free = ask->fleet->hosts->memory_schedulable_mib;
    double need = vms->memory_mib[ask->vm] + vms->memory_overhead_mib[ask->vm];
    /* The scale is 1 MiB .. most; where nobody has more than that, all are equally bad. */
    double span = most_free(free, hosts, n) - 1;
    double scale = span > 0 ? (WEIGHT_MAX - 1) / span : 0;
    for (uint32_t i = 0; i < n; i++) {
        bool counted = hosts[i] == ask->from || hosts[i] == vms->to[ask->vm];
        double left = free[hosts[i]] - (counted ? 0 : need);
        double weight = WEIGHT_MAX - to_whole((left - 1) * scale);
        weights[i] = isnan(weight) ? WEIGHT_MAX : weight;
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "memory_even",
    .summary = "the host with most memory left",
    .weigh = weigh,
};

DROVER_PLUGIN("memory_even", "1.0", &unit)
