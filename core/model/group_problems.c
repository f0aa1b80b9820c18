/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Saying what is wrong with groups, RHV's six kinds of conflict and names that are not there. What
 * is refused was settled with the columns (group_rules.c); here it gets its words, and what merely
 * cannot be kept all at once is looked for.
 */
#include "model/group_rules.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define PROBLEM(member) offsetof(struct group_problem, member)
const struct field group_problem_fields[] = {
    {.key = "code", .type = FIELD_TEXT, .offset = PROBLEM(code)},
    {.key = "group", .type = FIELD_TEXT, .offset = PROBLEM(group)},
    {.key = "refused", .type = FIELD_BOOL, .offset = PROBLEM(refused)},
    {.key = "text", .type = FIELD_TEXT, .offset = PROBLEM(text)},
    {0},
};

struct search {
    const struct columns *c;
    struct arena *arena;
    struct group_problem *found;
    uint32_t n, room;
    uint8_t *allowed; /* by host */
    uint8_t *shared;  /* by host */
};

static void add(struct search *search, const char *code, uint32_t group, bool refused,
                const char *text)
{
    search->found = memory_grow(search->found, &search->room, search->n + 1,
                                sizeof *search->found);
    search->found[search->n++] = (struct group_problem){
        .code = code, .refused = refused, .text = text,
        .group = arena_text(search->arena, search->c->groups.name[group]),
    };
}

static const char *name_of(const struct search *search, uint32_t group)
{
    return search->c->groups.name[group];
}

/* --- refused ------------------------------------------------------------------------------------- */

static void tell_refused(struct search *search, uint32_t group)
{
    const struct columns *c = search->c;
    uint32_t vms = c->group_vms_refused[group], hosts = c->group_hosts_refused[group];
    if (vms != DROVER_NONE)
        add(search, "group.vms_contradict", group, true,
            arena_printf(search->arena, "group %s: its rule between VMs contradicts that of group "
                         "%s, and has no effect: the same VMs cannot be together and apart",
                         name_of(search, group), name_of(search, vms)));
    if (hosts != DROVER_NONE)
        add(search, "group.hosts_contradict", group, true,
            arena_printf(search->arena, "group %s: its rule on hosts contradicts that of group %s, "
                         "and has no effect: one is for, and one against, the same host for the "
                         "same VM", name_of(search, group), name_of(search, hosts)));
}

/* --- soft rules at odds ---------------------------------------------------------------------------- */

static uint32_t count_shared(const struct drover_lists *lists, uint32_t one, uint32_t other)
{
    uint32_t a = lists->start[one], b = lists->start[other], n = 0; /* both in order */
    while (a < lists->start[one + 1] && b < lists->start[other + 1]) {
        uint32_t x = lists->item[a], y = lists->item[b];
        n += x == y;
        a += x <= y;
        b += y <= x;
    }
    return n;
}

static bool are_opposite(uint8_t one, uint8_t other)
{
    return one != DROVER_RULE_DISABLED && other != DROVER_RULE_DISABLED && one != other;
}

/* Two groups of one VM, the second after the first in order of name. */
static void compare(struct search *search, uint32_t one, uint32_t other)
{
    const struct drover_groups *groups = &search->c->groups;
    if (are_opposite(groups->vm_rule[one], groups->vm_rule[other]) &&
        count_shared(&groups->vms, one, other) > 1)
        add(search, "group.vms_disagree", other, false,
            arena_printf(search->arena, "group %s: group %s wants the opposite of some of the same "
                         "VMs; %s", name_of(search, other), name_of(search, one),
                         groups->vm_enforcing[one] || groups->vm_enforcing[other]
                             ? "the one that is enforcing is kept"
                             : "the one of higher priority counts more"));
    if (are_opposite(groups->host_rule[one], groups->host_rule[other]) &&
        count_shared(&groups->hosts, one, other) > 0)
        add(search, "group.hosts_disagree", other, false,
            arena_printf(search->arena, "group %s: for the same VM group %s wants the opposite of "
                         "some of the same hosts; %s", name_of(search, other),
                         name_of(search, one),
                         groups->host_enforcing[one] || groups->host_enforcing[other]
                             ? "the one that is enforcing is kept"
                             : "the one of higher priority counts more"));
}

static void tell_disagreements(struct search *search)
{
    const struct drover_lists *of_vm = &search->c->vms.groups;
    struct table told = TABLE_INIT;
    for (uint32_t v = 0; v < search->c->vms.n; v++)
        for (uint32_t i = of_vm->start[v]; i < of_vm->start[v + 1]; i++)
            for (uint32_t k = i + 1; k < of_vm->start[v + 1]; k++) {
                const char *pair = arena_printf(search->arena, "%u %u", of_vm->item[i],
                                                of_vm->item[k]);
                if (table_get(&told, pair) != TABLE_NONE)
                    continue;
                table_put(&told, pair, 1);
                compare(search, of_vm->item[i], of_vm->item[k]);
            }
    table_free(&told);
}

/* --- hosts that are left -------------------------------------------------------------------------- */

static bool rules_hosts(const struct columns *c, uint32_t group)
{
    return c->groups.host_enforcing[group] && c->groups.host_rule[group] != DROVER_RULE_DISABLED;
}

/* The group that took the last host away; DROVER_NONE: some are left. */
static uint32_t narrow(struct search *search, uint32_t vm)
{
    const struct columns *c = search->c;
    const struct drover_lists *of_vm = &c->vms.groups, *hosts = &c->groups.hosts;
    memset(search->allowed, 1, c->hosts.n);
    for (uint32_t k = of_vm->start[vm]; k < of_vm->start[vm + 1]; k++) {
        uint32_t group = of_vm->item[k], left = 0;
        if (!rules_hosts(c, group))
            continue;
        bool positive = c->groups.host_rule[group] == DROVER_RULE_POSITIVE;
        for (uint32_t i = hosts->start[group]; i < hosts->start[group + 1]; i++)
            if (positive ? search->allowed[hosts->item[i]] : true)
                search->allowed[hosts->item[i]] = positive ? 2 : 0;
        for (uint32_t h = 0; h < c->hosts.n; h++) {
            search->allowed[h] = positive ? search->allowed[h] == 2 : search->allowed[h] != 0;
            left += search->allowed[h];
        }
        if (left == 0)
            return group;
    }
    return DROVER_NONE;
}

static bool is_bound(const struct columns *c, uint32_t vm)
{
    const struct drover_lists *of_vm = &c->vms.groups;
    for (uint32_t k = of_vm->start[vm]; k < of_vm->start[vm + 1]; k++)
        if (rules_hosts(c, of_vm->item[k]))
            return true;
    return false;
}

/* One sentence for each group that leaves a VM no host, by the first such VM. */
static void tell_hostless(struct search *search)
{
    const struct columns *c = search->c;
    uint8_t *told = memory_array(c->groups.n, 1);
    for (uint32_t v = 0; v < c->vms.n; v++) {
        uint32_t group = is_bound(c, v) ? narrow(search, v) : DROVER_NONE;
        if (group == DROVER_NONE || told[group])
            continue;
        told[group] = 1;
        add(search, "group.no_host", group, false,
            arena_printf(search->arena, "group %s: with the other rules on hosts it leaves VM %s "
                         "no host at all", name_of(search, group), c->vms.name[v]));
    }
    free(told);
}

/* A hard group whose VMs other rules lead to different hosts, or to too few. */
static void tell_unfit(struct search *search, uint32_t group)
{
    const struct columns *c = search->c;
    const struct drover_lists *vms = &c->groups.vms;
    bool positive = c->groups.vm_rule[group] == DROVER_RULE_POSITIVE;
    uint32_t bound = 0, left = 0;
    memset(search->shared, positive, c->hosts.n);
    for (uint32_t i = vms->start[group]; i < vms->start[group + 1]; i++) {
        if (!is_bound(c, vms->item[i]))
            continue;
        bound++;
        if (narrow(search, vms->item[i]) != DROVER_NONE)
            return; /* that is told already */
        for (uint32_t h = 0; h < c->hosts.n; h++)
            search->shared[h] = positive ? search->shared[h] && search->allowed[h]
                                         : search->shared[h] || search->allowed[h];
    }
    for (uint32_t h = 0; h < c->hosts.n; h++)
        left += search->shared[h];
    if (positive && bound > 1 && left == 0)
        add(search, "group.together_nowhere", group, false,
            arena_printf(search->arena, "group %s: its VMs must stay together, and rules on hosts "
                         "leave them none in common", name_of(search, group)));
    if (!positive && bound > left)
        add(search, "group.apart_nowhere", group, false,
            arena_printf(search->arena, "group %s: %u of its VMs must stay apart, and rules on "
                         "hosts leave them %u hosts", name_of(search, group), bound, left));
}

/* --- what is not there ----------------------------------------------------------------------------- */

static void tell_missing(struct search *search, uint32_t group, const char *code,
                         const char *what, const struct texts *names, const struct table *one,
                         const struct table *other)
{
    uint32_t missing = 0;
    const char *first = NULL;
    for (uint32_t i = 0; i < names->n; i++) {
        if (table_get(one, names->item[i]) != TABLE_NONE ||
            (other && table_get(other, names->item[i]) != TABLE_NONE))
            continue;
        first = missing++ == 0 ? names->item[i] : first;
    }
    if (missing == 0)
        return;
    const char *more = missing > 1 ? arena_printf(search->arena, " (and %u more)", missing - 1) : "";
    add(search, code, group, false,
        arena_printf(search->arena, "group %s: there is no %s %s%s; the rest of the group works",
                     name_of(search, group), what, first, more));
}

static void tell_absent(struct search *search)
{
    const struct columns *c = search->c;
    struct table keys = TABLE_INIT, names = TABLE_INIT, hosts = TABLE_INIT;
    for (uint32_t v = 0; v < c->vms.n; v++) {
        table_put(&keys, vm_key(c->vm_record[v]), v);
        table_put(&names, c->vms.name[v], v);
    }
    for (uint32_t h = 0; h < c->hosts.n; h++)
        table_put(&hosts, c->hosts.name[h], h);
    for (uint32_t g = 0; g < c->groups.n; g++) {
        tell_missing(search, g, "group.unknown_vm", "VM", &c->group_record[g]->vms, &keys, &names);
        tell_missing(search, g, "group.unknown_host", "host", &c->group_record[g]->hosts, &hosts,
                     NULL);
    }
    table_free(&keys);
    table_free(&names);
    table_free(&hosts);
}

/* A rule on hosts that names none. */
static void tell_pointless(struct search *search, uint32_t group)
{
    const struct group *record = search->c->group_record[group];
    if (record->host_rule != DROVER_RULE_DISABLED && record->hosts.n == 0 &&
        record->host_labels.n == 0)
        add(search, "group.no_hosts", group, true,
            arena_printf(search->arena, "group %s: its rule on hosts names no host and no label of "
                         "hosts, and has no effect", name_of(search, group)));
}

/* --- all ------------------------------------------------------------------------------------------- */

static int by_group(const void *a, const void *b)
{
    const struct group_problem *one = a, *other = b;
    int order = strcmp(one->group, other->group);
    if (order == 0)
        order = strcmp(one->code, other->code);
    return order ? order : strcmp(one->text, other->text);
}

struct rows group_problems(const struct columns *columns, bool absent, struct arena *arena)
{
    struct search search = {
        .c = columns, .arena = arena,
        .allowed = memory_array(columns->hosts.n + 1, 1),
        .shared = memory_array(columns->hosts.n + 1, 1),
    };
    for (uint32_t g = 0; g < columns->groups.n; g++) {
        tell_refused(&search, g);
        tell_pointless(&search, g);
        if (columns->groups.vm_enforcing[g] && columns->groups.vm_rule[g] != DROVER_RULE_DISABLED)
            tell_unfit(&search, g);
    }
    tell_disagreements(&search);
    tell_hostless(&search);
    if (absent)
        tell_absent(&search);
    struct group_problem *kept = arena_array(arena, search.n, sizeof *kept);
    if (search.n > 0) {
        qsort(search.found, search.n, sizeof *search.found, by_group);
        memcpy(kept, search.found, search.n * sizeof *kept);
    }
    free(search.found);
    free(search.allowed);
    free(search.shared);
    return (struct rows){.item = kept, .n = search.n};
}
