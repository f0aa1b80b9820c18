/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `cpu`: no VM with more vCPUs than the host has CPUs. The sum over VMs is not limited
 * here (vCPUs are shared); that is what cpu_overloaded and the weights are for.
 */
#include <drover/plugin.h>

enum { TOO_FEW = 1, UNKNOWN };

static const struct drover_reason reasons[] = {
    {"cpu.too_few", "the VM has {need} vCPUs, the host {have} CPUs", "with {short} CPUs more"},
    {"cpu.unknown", "its number of CPUs is not known", "once libvirt has told it"},
    {NULL, NULL, NULL},
};

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const double *cpus = ask->fleet->hosts->cpus;
    double need = ask->fleet->vms->vcpus[ask->vm];
    for (uint32_t i = 0; i < n; i++) {
        double have = cpus[hosts[i]];
        verdicts[i] = (uint8_t)(have > 0 ? TOO_FEW * (need > have) : UNKNOWN);
    }
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    because->need = ask->fleet->vms->vcpus[ask->vm];
    because->have = ask->fleet->hosts->cpus[host];
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "cpu",
    .summary = "hosts with as many CPUs as the VM has vCPUs",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("cpu", "1.0", &unit)
