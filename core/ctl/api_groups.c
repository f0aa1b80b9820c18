/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GET /v1/groups answers: each affinity group, its members, and whether its rules are kept. */
#include "ctl/api_json.h"

#include "base/memory.h"
#include "codec/json.h"
#include "model/columns.h"
#include "model/group_rules.h"

#include <stdlib.h>
#include <string.h>

struct answer {
    const struct columns *columns;
    uint32_t *on; /* by host: VMs of the group */
};

/* Where a member counts, by cluster: a rule holds within one. */
static uint32_t count_members(const struct answer *answer, uint32_t group, uint32_t cluster)
{
    const struct columns *c = answer->columns;
    uint32_t n = 0;
    memset(answer->on, 0, c->hosts.n * sizeof *answer->on);
    for (uint32_t i = c->groups.vms.start[group]; i < c->groups.vms.start[group + 1]; i++) {
        uint32_t host = drover_vm_goes_to(&c->vms, c->groups.vms.item[i]);
        if (host == DROVER_NONE || c->hosts.cluster[host] != cluster)
            continue;
        answer->on[host]++;
        n++;
    }
    return n;
}

static bool vms_keep_rule(const struct answer *answer, uint32_t group)
{
    const struct columns *c = answer->columns;
    for (uint32_t cluster = 0; cluster < c->clusters.n; cluster++) {
        uint32_t n = count_members(answer, group, cluster);
        for (uint32_t h = 0; h < c->hosts.n; h++)
            if (c->groups.vm_rule[group] == DROVER_RULE_POSITIVE
                    ? answer->on[h] > 0 && answer->on[h] < n
                    : answer->on[h] > 1)
                return false;
    }
    return true;
}

static bool is_named(const struct columns *c, uint32_t group, uint32_t host)
{
    for (uint32_t i = c->groups.hosts.start[group]; i < c->groups.hosts.start[group + 1]; i++)
        if (c->groups.hosts.item[i] == host)
            return true;
    return false;
}

static bool hosts_keep_rule(const struct answer *answer, uint32_t group)
{
    const struct columns *c = answer->columns;
    bool positive = c->groups.host_rule[group] == DROVER_RULE_POSITIVE;
    for (uint32_t i = c->groups.vms.start[group]; i < c->groups.vms.start[group + 1]; i++) {
        uint32_t host = drover_vm_goes_to(&c->vms, c->groups.vms.item[i]);
        if (host != DROVER_NONE && is_named(c, group, host) != positive)
            return false;
    }
    return true;
}

/* disabled: there is no such rule; refused: it has no effect. */
static const char *state_of(int wanted, uint8_t rule, bool kept)
{
    if (wanted == DROVER_RULE_DISABLED)
        return "disabled";
    if (rule == DROVER_RULE_DISABLED)
        return "refused";
    return kept ? "kept" : "broken";
}

static json_t *members_json(const struct columns *c, uint32_t group)
{
    json_t *array = json_array();
    for (uint32_t i = c->groups.vms.start[group]; i < c->groups.vms.start[group + 1]; i++) {
        uint32_t vm = c->groups.vms.item[i], host = c->vms.host[vm];
        bool runs = host != DROVER_NONE && c->vms.state[vm] != DROVER_VM_DOWN;
        json_t *member = json_object();
        json_object_set_new(member, "name", json_from_text(c->vms.name[vm]));
        json_object_set_new(member, "key", json_from_text(vm_key(c->vm_record[vm])));
        json_object_set_new(member, "host", runs ? json_from_text(c->hosts.name[host])
                                                 : json_null());
        json_array_append_new(array, member);
    }
    return array;
}

static json_t *hosts_json(const struct columns *c, uint32_t group)
{
    json_t *array = json_array();
    for (uint32_t i = c->groups.hosts.start[group]; i < c->groups.hosts.start[group + 1]; i++)
        json_array_append_new(array, json_from_text(c->hosts.name[c->groups.hosts.item[i]]));
    return array;
}

static json_t *problems_json(const struct rows *rows, const char *group)
{
    const struct group_problem *problems = rows->item;
    json_t *array = json_array();
    for (uint32_t i = 0; i < rows->n; i++)
        if (strcmp(problems[i].group, group) == 0)
            json_array_append_new(array,
                                  json_from_record(group_problem_fields, &problems[i], NAN, 0));
    return array;
}

static json_t *group_json(const struct answer *answer, uint32_t group, const struct rows *problems)
{
    const struct columns *c = answer->columns;
    const struct group *record = c->group_record[group];
    json_t *object = json_object();
    json_object_set_new(object, "name", json_from_text(record->name));
    json_object_set_new(object, "priority", json_real(record->priority));
    json_object_set_new(object, "vm_rule", json_from_text(rule_names[record->vm_rule]));
    json_object_set_new(object, "vm_enforcing", json_boolean(record->vm_enforcing));
    json_object_set_new(object, "vm_state",
                        json_from_text(state_of(record->vm_rule, c->groups.vm_rule[group],
                                                vms_keep_rule(answer, group))));
    json_object_set_new(object, "vms", members_json(c, group));
    json_object_set_new(object, "host_rule", json_from_text(rule_names[record->host_rule]));
    json_object_set_new(object, "host_enforcing", json_boolean(record->host_enforcing));
    json_object_set_new(object, "host_state",
                        json_from_text(state_of(record->host_rule, c->groups.host_rule[group],
                                                hosts_keep_rule(answer, group))));
    json_object_set_new(object, "hosts", hosts_json(c, group));
    json_object_set_new(object, "problems", problems_json(problems, record->name));
    return object;
}

json_t *api_json_groups(const struct fleet *fleet)
{
    struct columns *columns = columns_new(fleet);
    struct arena arena = ARENA_INIT;
    struct answer answer = {
        .columns = columns, .on = memory_array(columns->hosts.n + 1, sizeof(uint32_t)),
    };
    struct rows problems = group_problems(columns, true, &arena);
    json_t *array = json_array();
    for (uint32_t g = 0; g < columns->groups.n; g++)
        json_array_append_new(array, group_json(&answer, g, &problems));
    free(answer.on);
    arena_free(&arena);
    columns_free(columns);
    return array;
}
