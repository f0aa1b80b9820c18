/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `cpu_even`: the host whose CPUs would be least loaded with the VM on it. RHV's
 * OptimalForCpuEvenDistribution: the load per CPU, stretched to 1..1000 over the candidates.
 */
#include <drover/plugin.h>

#define WEIGHT_MAX 1000.0

struct self {
    double vcpu_pct;
    int64_t spm_vcpus;
    double vcpu_ratio;
};

static const struct drover_parameter parameters[] = {
    {"vcpu_consumption_percentage", DROVER_PERCENT, "%", 0, 100, "10", NULL,
     "load assumed for a vCPU that is not measured", offsetof(struct self, vcpu_pct)},
    {"spm_vcpu_consumption", DROVER_INTEGER, "vCPUs", 0, 64, "1", NULL,
     "vCPUs that the role spm is counted as", offsetof(struct self, spm_vcpus)},
    {"vcpu_to_physical_cpu_ratio", DROVER_NUMBER, NULL, 0, 100, "0", NULL,
     "hosts with so many vCPUs per CPU come last; 0: never", offsetof(struct self, vcpu_ratio)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* What the VM adds to a host that it is not on yet. */
struct addition {
    double load;
    double vcpus;
};

static struct addition addition_of(const struct self *self, const struct drover_vms *vms,
                                   uint32_t vm)
{
    double load = vms->cpu_load[vm];
    bool measured = vms->state[vm] != DROVER_VM_DOWN && !isnan(load);
    double vcpus = vms->vcpus[vm];
    return (struct addition){measured ? load : self->vcpu_pct * vcpus, vcpus};
}

/* What the role of storage pool manager is counted as, in percent of one CPU. */
static double spm_load(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->roles[host] & DROVER_ROLE_SPM ? (double)self->spm_vcpus * self->vcpu_pct : 0;
}

static double raw_weight(const struct self *self, const struct drover_hosts *hosts, uint32_t host,
                         struct addition added)
{
    double cpus = hosts->cpus[host];
    double load = hosts->cpu_usage_pct[host] * cpus + hosts->cpu_pending[host] +
                  spm_load(self, hosts, host) + added.load;
    double ratio = (hosts->vcpus[host] + added.vcpus) / cpus;
    double penalty = self->vcpu_ratio > 0 && ratio >= self->vcpu_ratio ? WEIGHT_MAX : 1;
    double weight = round(penalty * load / cpus);
    return isnan(weight) ? WEIGHT_MAX : weight;
}

static void stretch(double *weights, uint32_t n)
{
    double low = INFINITY, high = -INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        low = weights[i] < low ? weights[i] : low;
        high = weights[i] > high ? weights[i] : high;
    }
    double span = high > low ? high - low : 1;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = 1 + (weights[i] - low) * (WEIGHT_MAX - 1) / span;
}

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    const struct self *self = data;
    const struct drover_vms *vms = ask->fleet->vms;
    struct addition added = addition_of(self, vms, ask->vm);
    for (uint32_t i = 0; i < n; i++) {
        /* Its load is in the figures of the host that it is on, and of the one it goes to. */
        bool counted = hosts[i] == ask->from || hosts[i] == vms->to[ask->vm];
        struct addition here = counted ? (struct addition){0, 0} : added;
        weights[i] = raw_weight(self, ask->fleet->hosts, hosts[i], here);
    }
    stretch(weights, n);
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
