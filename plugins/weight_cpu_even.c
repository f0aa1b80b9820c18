/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `cpu_even`: the host whose CPUs would be least loaded with the VM on it. RHV's
 * OptimalForCpuEvenDistribution: the load per CPU, stretched to 1..1000 over the candidates.
 */
#include "cpu_load.h"

struct self {
    struct assumed_load assumed;
    double vcpu_ratio;
};

static const struct drover_parameter parameters[] = {
    ASSUMED_LOAD_PARAMETERS(offsetof(struct self, assumed)),
    {"vcpu_to_physical_cpu_ratio", DROVER_NUMBER, NULL, 0, 2.99, "0", NULL,
     "hosts with so many vCPUs per CPU come last; 0: never", offsetof(struct self, vcpu_ratio)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* What the VM adds to a host that it is not on yet. */
struct addition {
    double load;
    double vcpus;
    double own_cpus; /* that it takes from those that are shared */
};

static double raw_weight(const struct self *self, const struct drover_fleet *fleet, uint32_t host,
                         struct addition added)
{
    const struct drover_hosts *hosts = fleet->hosts;
    double cpus = shared_cpus(hosts, host) - added.own_cpus;
    double load = host_load(&self->assumed, fleet, host) + hosts->cpu_pending[host] + added.load;
    double vcpus = hosts->vcpus[host] - hosts->cpus_dedicated[host] + added.vcpus;
    double penalty = self->vcpu_ratio > 0 && vcpus >= self->vcpu_ratio * cpus ? WEIGHT_MAX : 1;
    return cpus > 0 ? to_whole(penalty * load / cpus) : NAN;
}

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *restrict weights)
{
    const struct self *self = data;
    const struct drover_vms *vms = ask->fleet->vms;
    double vcpus = vms->vcpus[ask->vm];
    bool own = vms->cpu_dedicated[ask->vm];
    struct addition added = {
        .load = vm_load(&self->assumed, vms, ask->vm),
        .vcpus = own ? 0 : vcpus,
        .own_cpus = own ? vcpus : 0,
    };
    const struct addition nothing = {0};
    for (uint32_t i = 0; i < n; i++) {
        /* Its load is in the figures of the host that it is on, and of the one it goes to. */
        bool counted = hosts[i] == ask->from || hosts[i] == vms->to[ask->vm];
        weights[i] = raw_weight(self, ask->fleet, hosts[i], counted ? nothing : added);
    }
    stretch_weights(weights, n);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "cpu_even",
    .summary = "the host whose CPUs would be least loaded",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .weigh = weigh,
};

DROVER_PLUGIN("cpu_even", "1.0", &unit)
