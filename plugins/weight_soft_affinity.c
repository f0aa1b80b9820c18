/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `soft_affinity`: soft rules between VMs, counted: each VM of a negative group on the host
 * costs the group's priority, each one of a positive group earns it. Nova's weighers of soft
 * affinity and soft anti-affinity. Where vm_affinity asks whether a rule is broken, this asks how
 * badly: five replicas on three hosts end as 2 + 2 + 1.
 */
#include <drover/plugin.h>

#include <stdlib.h>

/* What a member of the group is worth on a host that it shares; negative: it is welcome. */
static double cost(const struct drover_groups *groups, uint32_t group)
{
    if (groups->vm_enforcing[group] || groups->vm_rule[group] == DROVER_RULE_DISABLED)
        return 0;
    return groups->vm_rule[group] == DROVER_RULE_NEGATIVE ? groups->priority[group]
                                                          : -groups->priority[group];
}

static void count_group(const struct drover_ask *ask, uint32_t group, double *by_host)
{
    const struct drover_lists *members = &ask->fleet->groups->vms;
    double each = cost(ask->fleet->groups, group);
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t vm = members->item[i];
        uint32_t host = drover_vm_goes_to(ask->fleet->vms, vm);
        if (vm != ask->vm && host != DROVER_NONE && !drover_goes_along(ask, vm))
            by_host[host] += each;
    }
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    double *by_host = calloc(ask->fleet->hosts->n + 1, sizeof *by_host);
    if (!by_host)
        return DROVER_FAILED;
    for (uint32_t g = mine->start[ask->vm]; g < mine->start[ask->vm + 1]; g++)
        count_group(ask, mine->item[g], by_host);
    for (uint32_t i = 0; i < n; i++)
        weights[i] = by_host[hosts[i]];
    free(by_host);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "soft_affinity",
    .summary = "the host with most VMs of soft positive groups, and fewest of soft negative ones",
    .weigh = weigh,
};

DROVER_PLUGIN("soft_affinity", "1.0", &unit)
