/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `cpu_overloaded`: no host whose CPU load has been over high_utilization for longer than
 * cpu_overcommit_duration. RHV's rule: what is promised to a host does not count yet, its role as
 * storage pool manager does, and a host without statistics takes nothing. CPUs that VMs have for
 * themselves are left out, with their load: it is the others that are shared.
 */
#include <drover/plugin.h>

struct self {
    double high;
    double duration_s;
    double vcpu_pct;
    int64_t spm_vcpus;
};

enum { LOADED = 1, NO_STATISTICS };

static const struct drover_reason reasons[] = {
    {"cpu_overloaded.high",
     "its CPU load has been over {need} % for longer than cpu_overcommit_duration; it is {have} %",
     "with its CPU load at {need} % or less"},
    {"cpu_overloaded.no_statistics", "there are no CPU statistics of it",
     "once its statistics have been read"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"high_utilization", DROVER_PERCENT, "%", 1, 100, "80", NULL,
     "a load above this is an overload", offsetof(struct self, high)},
    {"cpu_overcommit_duration", DROVER_DURATION_S, "s", 0, 86400, "2m", NULL,
     "an overload that is shorter does not count", offsetof(struct self, duration_s)},
    {"vcpu_consumption_percentage", DROVER_PERCENT, "%", 0, 100, "10", NULL,
     "load assumed for a vCPU that is not measured", offsetof(struct self, vcpu_pct)},
    {"spm_vcpu_consumption", DROVER_INTEGER, "vCPUs", 0, 64, "1", NULL,
     "vCPUs that the role spm is counted as", offsetof(struct self, spm_vcpus)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* What the role of storage pool manager is counted as, in percent of one CPU. */
static double spm_load(const struct self *self, const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->roles[host] & DROVER_ROLE_SPM ? (double)self->spm_vcpus * self->vcpu_pct : 0;
}

/* What VMs with CPUs of their own burn is no load of the others. */
static double dedicated_load(const struct drover_fleet *fleet, uint32_t host)
{
    const struct drover_lists *there = &fleet->hosts->vms;
    double load = 0;
    for (uint32_t i = there->start[host]; i < there->start[host + 1]; i++) {
        uint32_t vm = there->item[i];
        if (fleet->vms->cpu_dedicated[vm] && !isnan(fleet->vms->cpu_load[vm]) &&
            fleet->vms->state[vm] != DROVER_VM_DOWN)
            load += fleet->vms->cpu_load[vm];
    }
    return load;
}

/* In percent of the CPUs that are shared; NAN without statistics. RHV rounds it up. */
static double load_pct(const struct self *self, const struct drover_fleet *fleet, uint32_t host)
{
    const struct drover_hosts *hosts = fleet->hosts;
    double usage = hosts->cpu_usage_pct[host], cpus = hosts->cpus[host];
    double dedicated = hosts->cpus_dedicated[host], spm = spm_load(self, hosts, host);
    if (!(dedicated > 0) || dedicated >= cpus)
        return usage + spm / cpus;
    double shared = fmax(0, usage * cpus - dedicated_load(fleet, host));
    return isnan(usage) ? NAN : (shared + spm) / (cpus - dedicated);
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    const struct self *self = data;
    const struct drover_hosts *column = ask->fleet->hosts;
    /* A load rounded up is above `high` where the load is above what `high` is rounded down. */
    double high = floor(self->high);
    for (uint32_t i = 0; i < n; i++) {
        double load = load_pct(self, ask->fleet, hosts[i]);
        bool over = load > high && column->cpu_over_s[hosts[i]] >= self->duration_s;
        verdicts[i] = (uint8_t)(isnan(load) ? NO_STATISTICS : LOADED * over);
    }
    return 0;
}

static int why(void *data, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)verdict;
    const struct self *self = data;
    because->need = self->high;
    because->have = ceil(load_pct(self, ask->fleet, host));
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "cpu_overloaded",
    .summary = "hosts whose CPUs are not overloaded",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("cpu_overloaded", "1.0", &unit)
