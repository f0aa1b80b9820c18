/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `memory_power_saving`: the host with least memory left to hand out, once the VM is there,
 * as long as that is enough, so that VMs gather. RHV's OptimalForMemoryPowerSaving: a host that
 * would be short of memory counts like one that is too empty, and one that would be very short
 * comes behind them all.
 */
#include <drover/plugin.h>

#define WEIGHT_MAX 1000.0

/* So that the scale goes beyond the emptiest host, and a host that is short is worse than that. */
#define BEYOND_THE_EMPTIEST 1.1

struct self {
    double max_free_mib;
    double min_free_mib;
};

static const struct drover_parameter parameters[] = {
    {"max_free_memory_for_over_utilized", DROVER_MEMORY_MIB, "MiB", 0, 67108864, "0", NULL,
     "a host that would have less to hand out is short of memory; 0: none is",
     offsetof(struct self, max_free_mib)},
    {"min_free_memory_for_under_utilized", DROVER_MEMORY_MIB, "MiB", 0, 67108864, "0", NULL,
     "a host that is short counts as if it had this to hand out, and what it lacks; 0: comes last",
     offsetof(struct self, min_free_mib)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static double most_free(const double *free, const uint32_t *hosts, uint32_t n)
{
    double most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = free[hosts[i]] > most ? free[hosts[i]] : most;
    return most;
}

static double weight_of(const struct self *self, double left, double scale)
{
    if (left < self->max_free_mib) {
        double emptier = self->min_free_mib > 0 ? self->min_free_mib : INFINITY;
        left = fmin(scale, emptier + (self->max_free_mib - left));
    }
    double weight = trunc(left / scale * (WEIGHT_MAX - 1)) + 1;
    return isnan(weight) ? WEIGHT_MAX : weight;
}

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    const struct drover_vms *vms = ask->fleet->vms;
    const double *free = ask->fleet->hosts->memory_schedulable_mib;
    double need = vms->memory_mib[ask->vm] + vms->memory_overhead_mib[ask->vm];
    double scale = most_free(free, hosts, n) * BEYOND_THE_EMPTIEST;
    for (uint32_t i = 0; i < n; i++) {
        bool counted = hosts[i] == ask->from || hosts[i] == vms->to[ask->vm];
        double left = free[hosts[i]] - (counted ? 0 : need);
        weights[i] = scale > 0 ? weight_of(data, left, scale) : WEIGHT_MAX;
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "memory_power_saving",
    .summary = "the host with least memory left that is not short of it",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .weigh = weigh,
};

DROVER_PLUGIN("memory_power_saving", "1.0", &unit)
