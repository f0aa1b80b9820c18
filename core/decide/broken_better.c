/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a VM would break fewer rules than where it is.
 *
 * Each rule counts what it counts: a rule of VMs and hosts whether it is broken, a rule between VMs
 * with how many others the VM is at odds. The latter is the same from both ends, so whatever a move
 * gains for one VM it gains for the group as a whole; and as no move is taken that does not gain,
 * rules are never mended in a circle.
 */
#include "decide/broken.h"

#include "base/memory.h"

#include <stdlib.h>

struct outlook {
    const struct columns *columns;
    uint32_t vm, from, cluster;
    struct spread spread;
    double *hard_host;  /* by host: more of these broken than where it is now */
    double *hard_vm;
    uint8_t *worse;     /* a hard rule between VMs is kept worse than now */
    double *level;      /* of the priority that is being looked at */
    double *soft;       /* the first level that differed; 0: none yet */
};

static void add_host_rule(struct outlook *outlook, uint32_t group, double *by_host)
{
    const struct columns *columns = outlook->columns;
    const struct drover_lists *hosts = &columns->groups.hosts;
    bool positive = columns->groups.host_rule[group] == DROVER_RULE_POSITIVE;
    bool now = affinity_host_broken(columns, group, outlook->from);
    for (uint32_t h = 0; h < columns->hosts.n; h++)
        by_host[h] += (positive ? 1 : 0) - (now ? 1 : 0);
    for (uint32_t i = hosts->start[group]; i < hosts->start[group + 1]; i++)
        by_host[hosts->item[i]] += positive ? -1 : 1;
}

static void add_vm_rule(struct outlook *outlook, uint32_t group, double *by_host, uint8_t *worse)
{
    const struct columns *columns = outlook->columns;
    affinity_count(columns, group, outlook->cluster, outlook->vm, &outlook->spread);
    double now = affinity_odds(columns, group, &outlook->spread, outlook->from);
    for (uint32_t h = 0; h < columns->hosts.n; h++) {
        double more = affinity_odds(columns, group, &outlook->spread, h) - now;
        by_host[h] += more;
        if (worse && more > 0)
            worse[h] = 1;
    }
    affinity_clear(columns, group, &outlook->spread);
}

static void look_at_hard_rules(struct outlook *outlook)
{
    const struct drover_groups *groups = &outlook->columns->groups;
    const struct drover_lists *mine = &outlook->columns->vms.groups;
    for (uint32_t i = mine->start[outlook->vm]; i < mine->start[outlook->vm + 1]; i++) {
        uint32_t g = mine->item[i];
        if (groups->host_enforcing[g] && groups->host_rule[g] != DROVER_RULE_DISABLED)
            add_host_rule(outlook, g, outlook->hard_host);
        if (groups->vm_enforcing[g] && groups->vm_rule[g] != DROVER_RULE_DISABLED)
            add_vm_rule(outlook, g, outlook->hard_vm, outlook->worse);
    }
}

static bool is_soft(const struct drover_groups *groups, uint32_t group, bool vms)
{
    return vms ? !groups->vm_enforcing[group] && groups->vm_rule[group] != DROVER_RULE_DISABLED
               : !groups->host_enforcing[group] &&
                     groups->host_rule[group] != DROVER_RULE_DISABLED;
}

/* The highest priority below `below` among the VM's soft rules of that sort; false: there is none. */
static bool next_priority(const struct outlook *outlook, bool vms, double below, double *priority)
{
    const struct drover_groups *groups = &outlook->columns->groups;
    const struct drover_lists *mine = &outlook->columns->vms.groups;
    bool found = false;
    for (uint32_t i = mine->start[outlook->vm]; i < mine->start[outlook->vm + 1]; i++) {
        double one = groups->priority[mine->item[i]];
        if (!is_soft(groups, mine->item[i], vms) || one >= below || (found && one <= *priority))
            continue;
        *priority = one;
        found = true;
    }
    return found;
}

static void look_at_level(struct outlook *outlook, bool vms, double priority)
{
    const struct drover_groups *groups = &outlook->columns->groups;
    const struct drover_lists *mine = &outlook->columns->vms.groups;
    for (uint32_t h = 0; h < outlook->columns->hosts.n; h++)
        outlook->level[h] = 0;
    for (uint32_t i = mine->start[outlook->vm]; i < mine->start[outlook->vm + 1]; i++) {
        uint32_t g = mine->item[i];
        if (!is_soft(groups, g, vms) || groups->priority[g] < priority ||
            groups->priority[g] > priority)
            continue;
        if (vms)
            add_vm_rule(outlook, g, outlook->level, NULL);
        else
            add_host_rule(outlook, g, outlook->level);
    }
    for (uint32_t h = 0; h < outlook->columns->hosts.n; h++)
        if (!(outlook->soft[h] < 0 || outlook->soft[h] > 0))
            outlook->soft[h] = outlook->level[h];
}

static void look_at_soft_rules(struct outlook *outlook, bool vms)
{
    double priority = HUGE_VAL;
    while (next_priority(outlook, vms, priority, &priority))
        look_at_level(outlook, vms, priority);
}

static bool is_better(const struct outlook *outlook, uint32_t host, enum broken_kind kind)
{
    if (outlook->hard_host[host] > 0 || outlook->worse[host])
        return false;
    switch (kind) {
    case BROKEN_HARD_HOST:
        return outlook->hard_host[host] < 0;
    case BROKEN_HARD_VM:
        return outlook->hard_vm[host] < 0;
    default:
        return outlook->soft[host] < 0;
    }
}

uint32_t broken_better(const struct columns *columns, uint32_t vm, enum broken_kind kind,
                       bool vms_first, uint32_t *hosts)
{
    uint32_t n = 0, n_hosts = columns->hosts.n;
    double *numbers = memory_array((size_t)n_hosts * 4 + 1, sizeof *numbers);
    struct outlook outlook = {
        .columns = columns, .vm = vm, .from = columns->vms.host[vm],
        .cluster = columns->vms.cluster[vm],
        .spread = {.on = memory_array(n_hosts, sizeof(uint32_t))},
        .hard_host = numbers, .hard_vm = numbers + n_hosts,
        .level = numbers + (size_t)n_hosts * 2, .soft = numbers + (size_t)n_hosts * 3,
        .worse = memory_array(n_hosts, 1),
    };
    look_at_hard_rules(&outlook);
    look_at_soft_rules(&outlook, vms_first);
    look_at_soft_rules(&outlook, !vms_first);
    for (uint32_t h = 0; h < n_hosts; h++)
        if (h != outlook.from && columns->hosts.cluster[h] == outlook.cluster &&
            is_better(&outlook, h, kind))
            hosts[n++] = h;
    free(numbers);
    free(outlook.spread.on);
    free(outlook.worse);
    return n;
}
