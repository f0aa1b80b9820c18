/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `ha_reservation`: highly available VMs spread, so that a host that fails takes few of
 * them down at once, and the others need to keep less room free. RHV's OptimalForHaReservation.
 * VMs that are not highly available do not care.
 */
#include <drover/plugin.h>

#include <stdlib.h>

struct self {
    bool on;
    int64_t scale_down;
};

static const struct drover_parameter parameters[] = {
    {"ha_reservation", DROVER_BOOLEAN, NULL, 0, 0, "yes", NULL,
     "no: highly available VMs go where they would go anyway", offsetof(struct self, on)},
    {"scale_down", DROVER_INTEGER, NULL, 1, 100, "1", NULL,
     "the weights, 0 to 100, are divided by this", offsetof(struct self, scale_down)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

static void count_ha(const struct drover_fleet *fleet, double *count)
{
    const struct drover_vms *vms = fleet->vms;
    for (uint32_t vm = 0; vm < vms->n; vm++) {
        if (!vms->ha[vm] || vms->state[vm] == DROVER_VM_DOWN)
            continue;
        if (vms->host[vm] != DROVER_NONE)
            count[vms->host[vm]]++;
        if (vms->to[vm] != DROVER_NONE && vms->to[vm] != vms->host[vm])
            count[vms->to[vm]]++;
    }
}

static int weigh(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    const struct self *self = data;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = 0;
    if (!self->on || !ask->fleet->vms->ha[ask->vm])
        return 0;
    double *count = calloc((size_t)ask->fleet->hosts->n + 1, sizeof *count);
    if (!count)
        return DROVER_FAILED;
    count_ha(ask->fleet, count);
    double most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = fmax(most, count[hosts[i]]);
    for (uint32_t i = 0; i < n && most > 0; i++)
        weights[i] = ceil(round(count[hosts[i]] / most * 100) / (double)self->scale_down);
    free(count);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "ha_reservation",
    .summary = "the host with fewest highly available VMs, for one of them",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .weigh = weigh,
};

DROVER_PLUGIN("ha_reservation", "1.0", &unit)
