/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Affinity groups as columns: members by name and by label, in order of name. */
#include "model/symbols.h"

#include "base/memory.h"
#include "model/group_rules.h"

#include <stdlib.h>
#include <string.h>

/* "key=value", or a bare "key": has a label of that key. */
static bool has_label(const struct pairs *labels, const char *wanted)
{
    size_t key_length = strcspn(wanted, "=");
    for (uint32_t i = 0; i < labels->n; i++) {
        const struct pair *pair = &labels->item[i];
        if (strncmp(pair->key, wanted, key_length) != 0 || pair->key[key_length])
            continue;
        if (!wanted[key_length] || strcmp(pair->value, wanted + key_length + 1) == 0)
            return true;
    }
    return false;
}

static bool has_any_label(const struct pairs *labels, const struct texts *wanted)
{
    for (uint32_t i = 0; i < wanted->n; i++)
        if (has_label(labels, wanted->item[i]))
            return true;
    return false;
}

/* By bisection: the first that does not come before that name and key. */
static uint32_t vm_position(const struct columns *c, const char *name, const char *key)
{
    uint32_t low = 0, high = c->vms.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(c->vm_record[middle]->name, name);
        if (order < 0 || (order == 0 && strcmp(vm_key(c->vm_record[middle]), key) < 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A member is written as a key, or as a name: then the first of that name is meant. */
static uint32_t vm_of_text(const struct columns *c, const struct fleet *fleet, const char *text)
{
    const struct vm *vm = fleet_vm(fleet, text);
    uint32_t found = vm ? vm_position(c, vm->name, text) : vm_position(c, text, "");
    bool is_it = found < c->vms.n && (vm || strcmp(c->vm_record[found]->name, text) == 0);
    return is_it ? found : DROVER_NONE;
}

struct growing {
    uint32_t *item;
    uint32_t n, capacity;
};

static void append_members(struct growing *list, const uint8_t *member, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!member[i])
            continue;
        list->item = memory_grow(list->item, &list->capacity, list->n + 1, sizeof *list->item);
        list->item[list->n++] = i;
    }
}

static struct drover_lists finish(struct arena *arena, uint32_t *start, struct growing *list)
{
    uint32_t *item = arena_array(arena, list->n, sizeof *item);
    if (list->n > 0)
        memcpy(item, list->item, list->n * sizeof *item);
    free(list->item);
    return (struct drover_lists){.start = start, .item = item};
}

/* The other way round: the groups of each VM. */
static void list_groups_of_vms(struct columns *c)
{
    const struct drover_lists *members = &c->groups.vms;
    uint32_t *start = arena_array(&c->arena, (size_t)c->vms.n + 1, sizeof *start);
    uint32_t total = c->groups.n ? members->start[c->groups.n] : 0;
    for (uint32_t i = 0; i < total; i++)
        start[members->item[i] + 1]++;
    for (uint32_t v = 0; v < c->vms.n; v++)
        start[v + 1] += start[v];
    uint32_t *item = arena_array(&c->arena, total, sizeof *item);
    uint32_t *next = memory_array(c->vms.n, sizeof *next);
    for (uint32_t g = 0; g < c->groups.n; g++)
        for (uint32_t i = members->start[g]; i < members->start[g + 1]; i++) {
            uint32_t v = members->item[i];
            item[start[v] + next[v]++] = g;
        }
    free(next);
    c->vms.groups = (struct drover_lists){.start = start, .item = item};
}

/* One flag per member; then the list is read off in order. */
static void mark_vms(uint8_t *member, const struct columns *c, const struct fleet *fleet,
                     const struct texts *names)
{
    for (uint32_t i = 0; i < names->n; i++) {
        uint32_t found = vm_of_text(c, fleet, names->item[i]);
        if (found != DROVER_NONE)
            member[found] = 1;
    }
}

static void mark_hosts(uint8_t *member, const struct table *hosts, const struct texts *names)
{
    for (uint32_t i = 0; i < names->n; i++) {
        uint32_t found = table_get(hosts, names->item[i]);
        if (found != TABLE_NONE)
            member[found] = 1;
    }
}

static void list_members(struct columns *c, const struct fleet *fleet, const struct table *hosts)
{
    uint32_t n = c->groups.n;
    uint32_t *vm_start = arena_array(&c->arena, (size_t)n + 1, sizeof *vm_start);
    uint32_t *host_start = arena_array(&c->arena, (size_t)n + 1, sizeof *host_start);
    struct growing vm_list = {0}, host_list = {0};
    uint8_t *vm_member = memory_array(c->vms.n, 1);
    uint8_t *host_member = memory_array(c->hosts.n, 1);
    for (uint32_t g = 0; g < n; g++) {
        const struct group *group = c->group_record[g];
        memset(vm_member, 0, c->vms.n);
        memset(host_member, 0, c->hosts.n);
        mark_vms(vm_member, c, fleet, &group->vms);
        mark_hosts(host_member, hosts, &group->hosts);
        for (uint32_t v = 0; group->vm_labels.n && v < c->vms.n; v++)
            vm_member[v] |= has_any_label(&c->vm_record[v]->labels, &group->vm_labels);
        for (uint32_t h = 0; group->host_labels.n && h < c->hosts.n; h++)
            host_member[h] |= has_any_label(&c->host_record[h]->labels, &group->host_labels);
        append_members(&vm_list, vm_member, c->vms.n);
        append_members(&host_list, host_member, c->hosts.n);
        vm_start[g + 1] = vm_list.n;
        host_start[g + 1] = host_list.n;
    }
    free(vm_member);
    free(host_member);
    c->groups.vms = finish(&c->arena, vm_start, &vm_list);
    c->groups.hosts = finish(&c->arena, host_start, &host_list);
}

void groups_fill(struct columns *c, const struct fleet *fleet, const struct table *hosts)
{
    struct drover_groups *to = &c->groups;
    uint32_t n = fleet->n_groups;
    const char **name = arena_array(&c->arena, n, sizeof *name);
    double *priority = arena_array(&c->arena, n, sizeof *priority);
    uint8_t *flags = arena_array(&c->arena, (size_t)n * 4, 1);
    for (uint32_t g = 0; g < n; g++) {
        const struct group *group = c->group_record[g];
        name[g] = group->name;
        priority[g] = group->priority;
        flags[g] = (uint8_t)group->vm_rule;
        flags[n + g] = group->vm_enforcing;
        flags[2 * n + g] = (uint8_t)group->host_rule;
        flags[3 * n + g] = group->host_enforcing;
    }
    *to = (struct drover_groups){
        .size = sizeof *to, .n = n, .name = name, .priority = priority, .vm_rule = flags,
        .vm_enforcing = flags + n, .host_rule = flags + 2 * n, .host_enforcing = flags + 3 * n,
    };
    c->group_vm_rule = flags;
    c->group_host_rule = flags + 2 * (size_t)n;
    c->group_vms_refused = arena_array(&c->arena, n, sizeof(uint32_t));
    c->group_hosts_refused = arena_array(&c->arena, n, sizeof(uint32_t));
    for (uint32_t g = 0; g < n; g++)
        c->group_vms_refused[g] = c->group_hosts_refused[g] = DROVER_NONE;
    list_members(c, fleet, hosts);
    list_groups_of_vms(c);
    group_rules_settle(c);
}
