/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which rules can stand beside each other. Groups are taken in by order of priority, then name, and
 * a hard rule that contradicts one that was taken in before is refused. Most fleets have no such
 * pair, and are through after one look that is linear in the members.
 */
#include "model/group_rules.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct settling {
    struct columns *c;
    uint32_t *order;    /* groups */
    uint8_t *accepted;  /* by group: its rule of the sort that is looked at */
    uint32_t *stamp;    /* by host, VM or group, as needed: 1 + who was there last */
    uint32_t *parent;   /* VMs that are held together: union-find */
    uint32_t *next;     /* and a ring through each such set */
};

static bool has_hard(const struct columns *c, const uint8_t *rule, const uint8_t *enforcing,
                     uint8_t wanted)
{
    for (uint32_t g = 0; g < c->groups.n; g++)
        if (enforcing[g] && rule[g] == wanted)
            return true;
    return false;
}

struct turn {
    double priority;
    uint32_t group;
};

static int by_priority(const void *a, const void *b)
{
    const struct turn *one = a, *other = b;
    if (one->priority < other->priority || one->priority > other->priority)
        return one->priority > other->priority ? -1 : 1;
    return (one->group > other->group) - (one->group < other->group);
}

static void set_order(struct settling *settling)
{
    const struct drover_groups *groups = &settling->c->groups;
    struct turn *turns = memory_array(groups->n, sizeof *turns);
    for (uint32_t g = 0; g < groups->n; g++)
        turns[g] = (struct turn){.priority = groups->priority[g], .group = g};
    qsort(turns, groups->n, sizeof *turns, by_priority);
    for (uint32_t i = 0; i < groups->n; i++)
        settling->order[i] = turns[i].group;
    free(turns);
}

/* --- VMs and hosts ----------------------------------------------------------------------------- */

static bool shares_stamped_host(const struct settling *settling, uint32_t group, uint32_t stamp)
{
    const struct drover_lists *hosts = &settling->c->groups.hosts;
    for (uint32_t i = hosts->start[group]; i < hosts->start[group + 1]; i++)
        if (settling->stamp[hosts->item[i]] == stamp)
            return true;
    return false;
}

/* An accepted group with the opposite rule for a host, of a VM of both. */
static uint32_t opposes_on_host(const struct settling *settling, uint32_t group)
{
    const struct drover_groups *groups = &settling->c->groups;
    const struct drover_lists *of_vm = &settling->c->vms.groups;
    for (uint32_t i = groups->hosts.start[group]; i < groups->hosts.start[group + 1]; i++)
        settling->stamp[groups->hosts.item[i]] = group + 1;
    for (uint32_t i = groups->vms.start[group]; i < groups->vms.start[group + 1]; i++) {
        uint32_t vm = groups->vms.item[i];
        for (uint32_t k = of_vm->start[vm]; k < of_vm->start[vm + 1]; k++) {
            uint32_t other = of_vm->item[k];
            if (settling->accepted[other] && groups->host_rule[other] != groups->host_rule[group] &&
                shares_stamped_host(settling, other, group + 1))
                return other;
        }
    }
    return DROVER_NONE;
}

static void settle_hosts(struct settling *settling)
{
    struct columns *c = settling->c;
    memset(settling->accepted, 0, c->groups.n);
    for (uint32_t i = 0; i < c->groups.n; i++) {
        uint32_t group = settling->order[i];
        if (!c->groups.host_enforcing[group] || c->groups.host_rule[group] == DROVER_RULE_DISABLED)
            continue;
        c->group_hosts_refused[group] = opposes_on_host(settling, group);
        settling->accepted[group] = c->group_hosts_refused[group] == DROVER_NONE;
    }
    for (uint32_t g = 0; g < c->groups.n; g++)
        if (c->group_hosts_refused[g] != DROVER_NONE)
            c->group_host_rule[g] = DROVER_RULE_DISABLED;
}

/* --- between VMs --------------------------------------------------------------------------------- */

static uint32_t root_of(struct settling *settling, uint32_t vm)
{
    uint32_t *parent = settling->parent;
    while (parent[vm] != vm) {
        parent[vm] = parent[parent[vm]];
        vm = parent[vm];
    }
    return vm;
}

static void join(struct settling *settling, uint32_t one, uint32_t other)
{
    uint32_t a = root_of(settling, one), b = root_of(settling, other);
    if (a == b)
        return;
    settling->parent[b] = a;
    uint32_t next = settling->next[a];
    settling->next[a] = settling->next[b];
    settling->next[b] = next;
}

static void part_all(struct settling *settling)
{
    for (uint32_t v = 0; v < settling->c->vms.n; v++)
        settling->parent[v] = settling->next[v] = v;
}

static void join_group(struct settling *settling, uint32_t group)
{
    const struct drover_lists *vms = &settling->c->groups.vms;
    for (uint32_t i = vms->start[group] + 1; i < vms->start[group + 1]; i++)
        join(settling, vms->item[vms->start[group]], vms->item[i]);
}

/* Whether two VMs of a negative group are held together. */
static bool is_torn(struct settling *settling, uint32_t group)
{
    const struct drover_lists *vms = &settling->c->groups.vms;
    for (uint32_t i = vms->start[group]; i < vms->start[group + 1]; i++) {
        uint32_t root = root_of(settling, vms->item[i]);
        if (settling->stamp[root] == group + 1)
            return true;
        settling->stamp[root] = group + 1;
    }
    return false;
}

static bool is_hard(const struct columns *c, uint32_t group, uint8_t rule)
{
    return c->groups.vm_enforcing[group] && c->groups.vm_rule[group] == rule;
}

/* The usual case: all rules at once, and no two of them at odds. */
static bool vms_agree(struct settling *settling)
{
    const struct columns *c = settling->c;
    part_all(settling);
    for (uint32_t g = 0; g < c->groups.n; g++)
        if (is_hard(c, g, DROVER_RULE_POSITIVE))
            join_group(settling, g);
    for (uint32_t g = 0; g < c->groups.n; g++)
        if (is_hard(c, g, DROVER_RULE_NEGATIVE) && is_torn(settling, g))
            return false;
    return true;
}

/* One of the accepted positive groups of the negative group's VMs: it has a part in it. */
static uint32_t holds_together(const struct settling *settling, uint32_t group)
{
    const struct drover_lists *vms = &settling->c->groups.vms;
    const struct drover_lists *of_vm = &settling->c->vms.groups;
    for (uint32_t i = vms->start[group]; i < vms->start[group + 1]; i++)
        for (uint32_t k = of_vm->start[vms->item[i]]; k < of_vm->start[vms->item[i] + 1]; k++)
            if (settling->accepted[of_vm->item[k]] &&
                settling->c->groups.vm_rule[of_vm->item[k]] == DROVER_RULE_POSITIVE)
                return of_vm->item[k];
    return group;
}

/* An accepted negative group two of whose VMs this positive one would bring together. */
static uint32_t would_tear(struct settling *settling, uint32_t group)
{
    const struct drover_lists *vms = &settling->c->groups.vms;
    const struct drover_lists *of_vm = &settling->c->vms.groups;
    uint8_t *walked = memory_array(settling->c->vms.n, 1);
    uint32_t torn = DROVER_NONE;
    memset(settling->stamp, 0, settling->c->groups.n * sizeof *settling->stamp);
    for (uint32_t i = vms->start[group]; i < vms->start[group + 1] && torn == DROVER_NONE; i++) {
        uint32_t vm = vms->item[i];
        for (; !walked[vm]; vm = settling->next[vm]) {
            walked[vm] = 1;
            for (uint32_t k = of_vm->start[vm]; k < of_vm->start[vm + 1]; k++) {
                uint32_t other = of_vm->item[k];
                if (!settling->accepted[other] ||
                    settling->c->groups.vm_rule[other] != DROVER_RULE_NEGATIVE)
                    continue;
                if (settling->stamp[other] == group + 1)
                    torn = other;
                settling->stamp[other] = group + 1;
            }
        }
    }
    free(walked);
    return torn;
}

static void settle_vms(struct settling *settling)
{
    struct columns *c = settling->c;
    memset(settling->accepted, 0, c->groups.n);
    if (vms_agree(settling))
        return;
    part_all(settling);
    for (uint32_t i = 0; i < c->groups.n; i++) {
        uint32_t group = settling->order[i];
        if (is_hard(c, group, DROVER_RULE_POSITIVE)) {
            c->group_vms_refused[group] = would_tear(settling, group);
            if (c->group_vms_refused[group] == DROVER_NONE)
                join_group(settling, group);
        } else if (is_hard(c, group, DROVER_RULE_NEGATIVE)) {
            memset(settling->stamp, 0, c->vms.n * sizeof *settling->stamp);
            if (is_torn(settling, group))
                c->group_vms_refused[group] = holds_together(settling, group);
        } else {
            continue;
        }
        settling->accepted[group] = c->group_vms_refused[group] == DROVER_NONE;
    }
    for (uint32_t g = 0; g < c->groups.n; g++)
        if (c->group_vms_refused[g] != DROVER_NONE)
            c->group_vm_rule[g] = DROVER_RULE_DISABLED;
}

/* --- all ------------------------------------------------------------------------------------------- */

static void drop_empty_rules(struct columns *c)
{
    for (uint32_t g = 0; g < c->groups.n; g++)
        if (c->group_record[g]->hosts.n == 0 && c->group_record[g]->host_labels.n == 0)
            c->group_host_rule[g] = DROVER_RULE_DISABLED;
}

static bool both(const struct columns *c, const uint8_t *rule, const uint8_t *enforcing)
{
    return has_hard(c, rule, enforcing, DROVER_RULE_POSITIVE) &&
           has_hard(c, rule, enforcing, DROVER_RULE_NEGATIVE);
}

void group_rules_settle(struct columns *c)
{
    bool vms = both(c, c->groups.vm_rule, c->groups.vm_enforcing);
    bool hosts = both(c, c->groups.host_rule, c->groups.host_enforcing);
    drop_empty_rules(c);
    if (!vms && !hosts)
        return;
    uint32_t most = c->vms.n > c->hosts.n ? c->vms.n : c->hosts.n;
    most = most > c->groups.n ? most : c->groups.n;
    struct settling settling = {
        .c = c,
        .order = memory_array(c->groups.n, sizeof(uint32_t)),
        .accepted = memory_array(c->groups.n, 1),
        .stamp = memory_array(most, sizeof(uint32_t)),
        .parent = memory_array(c->vms.n, sizeof(uint32_t)),
        .next = memory_array(c->vms.n, sizeof(uint32_t)),
    };
    set_order(&settling);
    if (hosts)
        settle_hosts(&settling);
    memset(settling.stamp, 0, most * sizeof *settling.stamp);
    if (vms)
        settle_vms(&settling);
    free(settling.order);
    free(settling.accepted);
    free(settling.stamp);
    free(settling.parent);
    free(settling.next);
}
