/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `vm_to_host_affinity`: soft rules between VMs and hosts, by priority. RHV's
 * VmToHostsAffinityGroups: hosts are put in order by the priorities of the rules that would be
 * broken there, the highest first; the weight is 1 + the place in that order.
 */
#include <drover/plugin.h>

#include <stdlib.h>

struct place {
    uint32_t position;    /* in the list of hosts that was given */
    const double *broken; /* priorities, highest first */
    uint32_t n_broken;
};

static int by_goodness(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    uint32_t n = one->n_broken < other->n_broken ? one->n_broken : other->n_broken;
    for (uint32_t i = 0; i < n; i++)
        if (one->broken[i] < other->broken[i] || one->broken[i] > other->broken[i])
            return one->broken[i] < other->broken[i] ? -1 : 1;
    return (one->n_broken > other->n_broken) - (one->n_broken < other->n_broken);
}

static bool breaks(const struct drover_groups *groups, uint32_t group, uint32_t host)
{
    uint8_t rule = groups->host_rule[group];
    if (groups->host_enforcing[group] || rule == DROVER_RULE_DISABLED)
        return false;
    for (uint32_t i = groups->hosts.start[group]; i < groups->hosts.start[group + 1]; i++)
        if (groups->hosts.item[i] == host)
            return rule == DROVER_RULE_NEGATIVE;
    return rule == DROVER_RULE_POSITIVE;
}

/* The priorities of the rules that the host breaks, highest first. Returns how many. */
static uint32_t list_broken(const struct drover_ask *ask, uint32_t host, double *list)
{
    const struct drover_groups *groups = ask->fleet->groups;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    uint32_t n = 0;
    for (uint32_t g = mine->start[ask->vm]; g < mine->start[ask->vm + 1]; g++) {
        if (!breaks(groups, mine->item[g], host))
            continue;
        double priority = groups->priority[mine->item[g]];
        uint32_t i = n++;
        for (; i > 0 && list[i - 1] < priority; i--)
            list[i] = list[i - 1];
        list[i] = priority;
    }
    return n;
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    uint32_t n_groups = mine->start[ask->vm + 1] - mine->start[ask->vm];
    struct place *places = calloc(n + 1, sizeof *places);
    double *lists = calloc((size_t)n * n_groups + 1, sizeof *lists);
    double weight = 1;
    if (!places || !lists) {
        free(places);
        free(lists);
        return DROVER_FAILED;
    }
    for (uint32_t i = 0; i < n; i++) {
        double *list = lists + (size_t)i * n_groups;
        places[i] = (struct place){i, list, list_broken(ask, hosts[i], list)};
    }
    qsort(places, n, sizeof *places, by_goodness);
    for (uint32_t i = 0; i < n; i++) { /* equal hosts have equal weights */
        weight += i > 0 && by_goodness(&places[i - 1], &places[i]) != 0;
        weights[places[i].position] = weight;
    }
    free(places);
    free(lists);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "vm_to_host_affinity",
    .summary = "the host on which the fewest and least soft rules between VMs and hosts are broken",
    .weigh = weigh,
};

DROVER_PLUGIN("vm_to_host_affinity", "1.0", &unit)
