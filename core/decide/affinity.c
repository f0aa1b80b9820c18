/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting members of affinity groups; see affinity.h. */
#include "decide/affinity.h"

#include "base/memory.h"

#include <stdlib.h>

/* Where a member counts; DROVER_NONE: nowhere. */
static uint32_t counts_on(const struct columns *columns, uint32_t vm, uint32_t cluster)
{
    return columns->vms.cluster[vm] == cluster ? drover_vm_goes_to(&columns->vms, vm) : DROVER_NONE;
}

void affinity_count(const struct columns *columns, uint32_t group, uint32_t cluster,
                    uint32_t except, struct spread *spread)
{
    const struct drover_lists *members = &columns->groups.vms;
    spread->n = 0;
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t vm = members->item[i], host = counts_on(columns, vm, cluster);
        if (vm == except || host == DROVER_NONE)
            continue;
        spread->on[host]++;
        spread->n++;
    }
}

void affinity_clear(const struct columns *columns, uint32_t group, struct spread *spread)
{
    const struct drover_lists *members = &columns->groups.vms;
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t host = drover_vm_goes_to(&columns->vms, members->item[i]);
        if (host != DROVER_NONE)
            spread->on[host] = 0;
    }
    spread->n = 0;
}

double affinity_odds(const struct columns *columns, uint32_t group, const struct spread *others,
                     uint32_t host)
{
    switch (columns->groups.vm_rule[group]) {
    case DROVER_RULE_POSITIVE:
        return others->n - others->on[host];
    case DROVER_RULE_NEGATIVE:
        return others->on[host];
    default:
        return 0;
    }
}

bool affinity_host_broken(const struct columns *columns, uint32_t group, uint32_t host)
{
    const struct drover_lists *hosts = &columns->groups.hosts;
    uint8_t rule = columns->groups.host_rule[group];
    if (rule == DROVER_RULE_DISABLED)
        return false;
    for (uint32_t i = hosts->start[group]; i < hosts->start[group + 1]; i++)
        if (hosts->item[i] == host)
            return rule == DROVER_RULE_NEGATIVE;
    return rule == DROVER_RULE_POSITIVE;
}

double affinity_pairs_at_odds(const struct columns *columns, uint32_t group, uint32_t cluster,
                              struct spread *spread)
{
    const struct drover_lists *members = &columns->groups.vms;
    double pairs = 0; /* each is counted from both its ends */
    affinity_count(columns, group, cluster, DROVER_NONE, spread);
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t host = counts_on(columns, members->item[i], cluster);
        if (host == DROVER_NONE)
            continue;
        struct spread others = {.on = spread->on, .n = spread->n - 1};
        spread->on[host]--;
        pairs += affinity_odds(columns, group, &others, host);
        spread->on[host]++;
    }
    affinity_clear(columns, group, spread);
    return pairs / 2;
}

/* A walk from VM to VM through the groups that hold them together. */
struct walk {
    const struct columns *columns;
    uint8_t *vm_seen, *group_seen;
    uint32_t *vms; /* found; those before `next` have been walked from */
    uint32_t n, next;
};

static void walk_group(struct walk *walk, uint32_t group)
{
    const struct drover_groups *groups = &walk->columns->groups;
    if (walk->group_seen[group] || !groups->vm_enforcing[group] ||
        groups->vm_rule[group] != DROVER_RULE_POSITIVE)
        return;
    walk->group_seen[group] = 1;
    for (uint32_t i = groups->vms.start[group]; i < groups->vms.start[group + 1]; i++) {
        uint32_t vm = groups->vms.item[i];
        if (walk->vm_seen[vm] ||
            walk->columns->vms.cluster[vm] != walk->columns->vms.cluster[walk->vms[0]])
            continue;
        walk->vm_seen[vm] = 1;
        walk->vms[walk->n++] = vm;
    }
}

static int by_index(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/*
 * A VM that is down joins others, too: parted, they would leave no host on which it could start.
 * But it is not among those that move.
 */
uint32_t affinity_together(const struct columns *columns, uint32_t vm, uint32_t *vms)
{
    const struct drover_lists *mine = &columns->vms.groups;
    vms[0] = vm;
    if (mine->start[vm] == mine->start[vm + 1])
        return 1;
    struct walk walk = {
        .columns = columns, .vms = vms, .n = 1,
        .vm_seen = memory_array(columns->vms.n, 1),
        .group_seen = memory_array(columns->groups.n, 1),
    };
    walk.vm_seen[vm] = 1;
    for (; walk.next < walk.n; walk.next++)
        for (uint32_t g = mine->start[vms[walk.next]]; g < mine->start[vms[walk.next] + 1]; g++)
            walk_group(&walk, mine->item[g]);
    uint32_t n = 0;
    for (uint32_t i = 0; i < walk.n; i++)
        if (vms[i] == vm || drover_vm_goes_to(&columns->vms, vms[i]) != DROVER_NONE)
            vms[n++] = vms[i];
    qsort(vms, n, sizeof *vms, by_index);
    free(walk.vm_seen);
    free(walk.group_seen);
    return n;
}

struct texts affinity_broken(const struct columns *columns, uint32_t vm, uint32_t host,
                             struct arena *arena)
{
    const struct drover_groups *groups = &columns->groups;
    const struct drover_lists *mine = &columns->vms.groups;
    uint32_t first = mine->start[vm], n = mine->start[vm + 1] - first;
    struct texts broken = {.item = arena_array(arena, n, sizeof(char *)), .known = true};
    struct spread spread = {.on = memory_array(columns->hosts.n, sizeof(uint32_t))};
    for (uint32_t g = first; g < first + n; g++) {
        uint32_t group = mine->item[g];
        if (!groups->vm_enforcing[group])
            continue;
        affinity_count(columns, group, columns->vms.cluster[vm], vm, &spread);
        if (affinity_odds(columns, group, &spread, host) > 0)
            broken.item[broken.n++] = arena_text(arena, groups->name[group]);
        affinity_clear(columns, group, &spread);
    }
    free(spread.on);
    return broken;
}
