/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `vm_count_even`: the host with fewest VMs. RHV's OptimalForEvenGuestDistribution: those
 * that are there and those on their way, and some more for the storage pool manager.
 */
#include <drover/plugin.h>

struct self {
    int64_t spm_grace;
};

static const struct drover_parameter parameters[] = {
    {"spm_vm_grace", DROVER_INTEGER, "VMs", 0, 10000, "5", NULL,
     "VMs that the role spm is counted as", offsetof(struct self, spm_grace)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *restrict weights)
{
    const struct self *self = data;
    const struct drover_hosts *column = ask->fleet->hosts;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t host = hosts[i];
        bool spm = column->roles[host] & DROVER_ROLE_SPM;
        weights[i] = (double)column->vm_count[host] + column->vm_pending[host] +
                     (spm ? (double)self->spm_grace : 0);
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "vm_count_even",
    .summary = "the host with fewest VMs",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .weigh = weigh,
};

DROVER_PLUGIN("vm_count_even", "1.0", &unit)
