/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `cpu_power_saving`: the busiest host that is not overloaded, so that VMs gather and other
 * hosts become empty. RHV's OptimalForCpuPowerSaving.
 */
#include "cpu_load.h"

struct self {
    struct assumed_load assumed;
    double high;
};

static const struct drover_parameter parameters[] = {
    ASSUMED_LOAD_PARAMETERS(offsetof(struct self, assumed)),
    {"high_utilization", DROVER_PERCENT, "%", 50, 99, "80", NULL,
     "hosts with a load above this come last", offsetof(struct self, high)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* NAN for hosts that are overloaded already: the VM is not what makes them so. */
static double raw_weight(const struct self *self, const struct drover_fleet *fleet, uint32_t host,
                         double added, double own_cpus)
{
    const struct drover_hosts *hosts = fleet->hosts;
    double load = host_load(&self->assumed, fleet, host) + hosts->cpu_pending[host];
    double cpus = shared_cpus(hosts, host), left = cpus - own_cpus;
    if (load > self->high * cpus || left <= 0)
        return NAN;
    return -to_whole((load + added) / left);
}

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *restrict weights)
{
    const struct self *self = data;
    const struct drover_vms *vms = ask->fleet->vms;
    double added = vm_load(&self->assumed, vms, ask->vm);
    double own_cpus = vms->cpu_dedicated[ask->vm] ? vms->vcpus[ask->vm] : 0;
    for (uint32_t i = 0; i < n; i++) {
        /* Its load is in the figures of the host that it is on, and of the one it goes to. */
        bool counted = hosts[i] == ask->from || hosts[i] == vms->to[ask->vm];
        weights[i] = raw_weight(self, ask->fleet, hosts[i], counted ? 0 : added,
                                counted ? 0 : own_cpus);
    }
    stretch_weights(weights, n);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "cpu_power_saving",
    .summary = "the busiest host that is not overloaded",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .weigh = weigh,
};

DROVER_PLUGIN("cpu_power_saving", "1.0", &unit)
