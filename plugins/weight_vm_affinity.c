/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `vm_affinity`: rules between VMs, hard and soft, by priority. RHV's VmAffinityGroups.
 *
 * Hosts are put in order by the priorities of the groups that would be broken there, the highest
 * first, so that breaking one group counts more than breaking any number of lower ones; among
 * equals by the VMs of its positive groups that cannot leave the host, then by all that are there.
 * The weight is 1 + the place in that order.
 */
#include <drover/plugin.h>

#include <stdlib.h>
#include <string.h>

struct place {
    uint32_t position;   /* in the list of hosts that was given */
    const double *broken; /* priorities, highest first */
    uint32_t n_broken;
    uint32_t pinned, mates;
};

/* Everything that is counted, by host. */
struct count {
    double *broken; /* room for all groups per host */
    uint32_t *n_broken, *pinned, *mates;
    uint8_t *here;
    uint32_t n_groups;
};

static int by_goodness(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    uint32_t n = one->n_broken < other->n_broken ? one->n_broken : other->n_broken;
    for (uint32_t i = 0; i < n; i++)
        if (one->broken[i] < other->broken[i] || one->broken[i] > other->broken[i])
            return one->broken[i] < other->broken[i] ? -1 : 1;
    if (one->n_broken != other->n_broken)
        return one->n_broken < other->n_broken ? -1 : 1;
    if (one->pinned != other->pinned)
        return one->pinned > other->pinned ? -1 : 1;
    return (one->mates < other->mates) - (one->mates > other->mates);
}

/* Whether a VM was counted already, as a member of an earlier positive group of the asked one. */
static bool was_counted(const struct drover_ask *ask, uint32_t vm, uint32_t group)
{
    const struct drover_groups *groups = ask->fleet->groups;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    for (uint32_t i = mine->start[vm]; i < mine->start[vm + 1] && mine->item[i] < group; i++) {
        if (groups->vm_rule[mine->item[i]] != DROVER_RULE_POSITIVE)
            continue;
        for (uint32_t k = mine->start[ask->vm]; k < mine->start[ask->vm + 1]; k++)
            if (mine->item[k] == mine->item[i])
                return true;
    }
    return false;
}

static void count_member(const struct drover_ask *ask, uint32_t group, uint32_t vm,
                         struct count *count)
{
    const struct drover_vms *vms = ask->fleet->vms;
    uint32_t host = drover_vm_goes_to(vms, vm);
    if (vm == ask->vm || host == DROVER_NONE || drover_goes_along(ask, vm))
        return;
    count->here[host] = 1;
    if (ask->fleet->groups->vm_rule[group] != DROVER_RULE_POSITIVE) {
        uint32_t still = drover_vm_runs_on(vms, vm);
        if (still != DROVER_NONE)
            count->here[still] = 1;
        return;
    }
    if (was_counted(ask, vm, group))
        return;
    count->mates[host]++;
    count->pinned[host] += vms->migratable[vm] != DROVER_MIGRATABLE_YES;
}

/* Put a priority into a host's list, which stays in order. */
static void add_broken(struct count *count, uint32_t host, double priority)
{
    double *list = count->broken + (size_t)host * count->n_groups;
    uint32_t i = count->n_broken[host]++;
    for (; i > 0 && list[i - 1] < priority; i--)
        list[i] = list[i - 1];
    list[i] = priority;
}

static void count_group(const struct drover_ask *ask, uint32_t group, struct count *count)
{
    const struct drover_groups *groups = ask->fleet->groups;
    uint32_t n_hosts = ask->fleet->hosts->n;
    if (groups->vm_rule[group] == DROVER_RULE_DISABLED)
        return;
    memset(count->here, 0, n_hosts);
    for (uint32_t i = groups->vms.start[group]; i < groups->vms.start[group + 1]; i++)
        count_member(ask, group, groups->vms.item[i], count);
    bool breaks = groups->vm_rule[group] == DROVER_RULE_NEGATIVE;
    for (uint32_t h = 0; h < n_hosts; h++)
        if (count->here[h] == breaks)
            add_broken(count, h, groups->priority[group]);
}

static bool count_new(struct count *count, uint32_t n_hosts, uint32_t n_groups)
{
    *count = (struct count){
        .broken = calloc((size_t)n_hosts * n_groups + 1, sizeof *count->broken),
        .n_broken = calloc(n_hosts + 1, sizeof *count->n_broken),
        .pinned = calloc(n_hosts + 1, sizeof *count->pinned),
        .mates = calloc(n_hosts + 1, sizeof *count->mates),
        .here = calloc(n_hosts + 1, 1),
        .n_groups = n_groups,
    };
    return count->broken && count->n_broken && count->pinned && count->mates && count->here;
}

static void count_free(struct count *count)
{
    free(count->broken);
    free(count->n_broken);
    free(count->pinned);
    free(count->mates);
    free(count->here);
}

/* Equal hosts have equal weights. */
static void rank(const struct count *count, const uint32_t *hosts, uint32_t n, struct place *places,
                 double *weights)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t h = hosts[i];
        places[i] = (struct place){
            .position = i, .broken = count->broken + (size_t)h * count->n_groups,
            .n_broken = count->n_broken[h], .pinned = count->pinned[h], .mates = count->mates[h],
        };
    }
    qsort(places, n, sizeof *places, by_goodness);
    double weight = 1;
    for (uint32_t i = 0; i < n; i++) {
        weight += i > 0 && by_goodness(&places[i - 1], &places[i]) != 0;
        weights[places[i].position] = weight;
    }
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    const struct drover_lists *mine = &ask->fleet->vms->groups;
    uint32_t first = mine->start[ask->vm], n_groups = mine->start[ask->vm + 1] - first;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = 1;
    if (n_groups == 0)
        return 0;
    struct count count;
    struct place *places = calloc(n + 1, sizeof *places);
    bool ready = count_new(&count, ask->fleet->hosts->n, n_groups) && places;
    for (uint32_t g = 0; ready && g < n_groups; g++)
        count_group(ask, mine->item[first + g], &count);
    if (ready)
        rank(&count, hosts, n, places, weights);
    count_free(&count);
    free(places);
    return ready ? 0 : DROVER_FAILED;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "vm_affinity",
    .summary = "the host on which the fewest and least rules between VMs are broken",
    .weigh = weigh,
};

DROVER_PLUGIN("vm_affinity", "1.0", &unit)
