/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `preferred_hosts`: a VM that starts goes to one of the hosts that it prefers, where it
 * has any. RHV's PreferredHosts. A VM that runs is not drawn back there.
 */
#include <drover/plugin.h>

#define NOT_PREFERRED 10000.0

static bool prefers(const struct drover_lists *preferred, uint32_t vm, uint32_t host)
{
    for (uint32_t i = preferred->start[vm]; i < preferred->start[vm + 1]; i++)
        if (preferred->item[i] == host)
            return true;
    return false;
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *restrict weights)
{
    (void)self;
    const struct drover_lists *preferred = &ask->fleet->vms->preferred_hosts;
    bool any = preferred->start[ask->vm + 1] > preferred->start[ask->vm];
    bool starts = ask->fleet->vms->state[ask->vm] == DROVER_VM_DOWN;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = starts && any && !prefers(preferred, ask->vm, hosts[i]) ? NOT_PREFERRED : 0;
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "preferred_hosts",
    .summary = "hosts that a starting VM prefers",
    .weigh = weigh,
};

DROVER_PLUGIN("preferred_hosts", "1.0", &unit)
