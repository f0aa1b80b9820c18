/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties of single moves: each is looked at when the moves before it are done. */
#include "property_private.h"

#include <string.h>

/* The moves of a drain of some host, and of the whole plan of balancing, each from the start. */
static bool walk_both(struct property_trial *trial, property_step *drained, property_step *balanced)
{
    struct fleet *kept = fleet_copy(property_fleet(trial));
    struct plan_question drain = {.what = "drain", .target = property_host(trial)};
    struct plan_question balance = {.what = "balance", .whole = true};
    bool holds = property_walk(trial->offline, &drain, drained, trial, trial->error);
    offline_use(trial->offline, kept);
    return holds && property_walk(trial->offline, &balance, balanced, trial, trial->error);
}

/* ---------------------------------------------------------- filters are asked */

static const struct host_verdict *verdict_on(const struct decision *decision, const char *host)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        if (strcmp(verdicts[i].name, host) == 0)
            return &verdicts[i];
    return NULL;
}

static bool filters_accept(void *self, struct offline *offline, const struct planned_move *move)
{
    struct property_trial *trial = self;
    const struct api_source *api = offline_api(offline);
    if (move->breaks.n > 0)
        return true; /* openly, as its policy allows */
    struct decision *decision = api->explain(api->self, move->key, move->to, trial->error);
    const struct host_verdict *verdict = decision ? verdict_on(decision, move->to) : NULL;
    bool accepts = verdict && verdict->accepted;
    if (decision && !accepts)
        property_broken(trial, "%s is moved from %s to %s (%s), and %s refuses it there: %.300s",
                        move->vm, move->from, move->to, move->reason,
                        verdict ? verdict->refused_by : "its cluster",
                        verdict ? verdict->reason : "the host is of another one");
    if (decision)
        decision_free(decision);
    return accepts;
}

bool property_no_refused_move(struct property_trial *trial)
{
    return walk_both(trial, filters_accept, filters_accept);
}

/* ------------------------------------------------------------ rules of the core */

static bool is_among(const struct drover_lists *lists, uint32_t row, uint32_t wanted)
{
    for (uint32_t i = lists->start[row]; i < lists->start[row + 1]; i++)
        if (lists->item[i] == wanted)
            return true;
    return false;
}

static bool is_pinned_elsewhere(const struct columns *columns, uint32_t vm, uint32_t host)
{
    const struct drover_lists *pins = &columns->vms.pinned_hosts;
    return columns->vm_record[vm]->pinned_hosts.n > 0 && !is_among(pins, vm, host);
}

/* Why this move must not be; NULL: it may. */
static const char *objection(const struct columns *columns, uint32_t vm, uint32_t host,
                             bool balancing)
{
    const struct drover_vms *vms = &columns->vms;
    if (vms->state[vm] != DROVER_VM_RUNNING && (balancing || vms->state[vm] != DROVER_VM_PAUSED))
        return "does not run";
    if (vms->migratable[vm] == DROVER_MIGRATABLE_NO ||
        (balancing && vms->migratable[vm] != DROVER_MIGRATABLE_YES))
        return "may not be moved (migratable)";
    if (vms->host[vm] == host)
        return "is there already";
    if (columns->hosts.cluster[host] != vms->cluster[vm])
        return "is of another cluster";
    if (columns->hosts.state[host] != DROVER_HOST_UP)
        return "goes to a host that is not up";
    return is_pinned_elsewhere(columns, vm, host) ? "is pinned to other hosts" : NULL;
}

static bool keeps_rules(struct property_trial *trial, const struct planned_move *move,
                        bool balancing)
{
    const struct columns *columns = offline_columns(trial->offline);
    const char *why = objection(columns, columns_vm(columns, move->key),
                                columns_host(columns, move->to), balancing);
    if (!why)
        return true;
    return property_broken(trial, "%s is moved from %s to %s (%s), and it %s", move->vm,
                           move->from, move->to, move->reason, why);
}

static bool drain_keeps_rules(void *self, struct offline *offline, const struct planned_move *move)
{
    (void)offline;
    return keeps_rules(self, move, false);
}

static bool balance_keeps_rules(void *self, struct offline *offline,
                                const struct planned_move *move)
{
    (void)offline;
    return keeps_rules(self, move, true);
}

bool property_hard_rules(struct property_trial *trial)
{
    return walk_both(trial, drain_keeps_rules, balance_keeps_rules);
}

/* ----------------------------------------------------------------------- groups */

/* Where it is, or will be. */
static uint32_t place_of(const struct columns *columns, uint32_t vm)
{
    uint32_t to = columns->vms.to[vm];
    return to == DROVER_NONE ? columns->vms.host[vm] : to;
}

/* Another member that runs there, or is on its way. */
static uint32_t member_on(const struct columns *columns, uint32_t group, uint32_t vm, uint32_t host)
{
    const struct drover_lists *members = &columns->groups.vms;
    for (uint32_t i = members->start[group]; i < members->start[group + 1]; i++) {
        uint32_t other = members->item[i];
        if (other != vm && place_of(columns, other) == host &&
            columns->vms.state[other] != DROVER_VM_DOWN)
            return other;
    }
    return DROVER_NONE;
}

/*
 * What an enforcing group forbids. Groups that are to stay together are not judged here: they
 * move one after the other, and only their end could be.
 */
static const char *group_objection(const struct columns *columns, uint32_t group, uint32_t vm,
                                   uint32_t host)
{
    const struct drover_groups *groups = &columns->groups;
    bool listed = is_among(&groups->hosts, group, host);
    bool any_listed = groups->hosts.start[group + 1] > groups->hosts.start[group];
    if (groups->vm_enforcing[group] && groups->vm_rule[group] == DROVER_RULE_NEGATIVE &&
        member_on(columns, group, vm, host) != DROVER_NONE)
        return "another VM of it runs there";
    if (!groups->host_enforcing[group] || !any_listed)
        return NULL;
    if (groups->host_rule[group] == DROVER_RULE_POSITIVE && !listed)
        return "the host is not one of its own";
    if (groups->host_rule[group] == DROVER_RULE_NEGATIVE && listed)
        return "the host is one that it is to keep off";
    return NULL;
}

static bool keeps_groups(void *self, struct offline *offline, const struct planned_move *move)
{
    const struct columns *columns = offline_columns(offline);
    uint32_t vm = columns_vm(columns, move->key), host = columns_host(columns, move->to);
    const struct drover_lists *groups = &columns->vms.groups;
    if (move->breaks.n > 0)
        return true; /* openly, as its policy allows */
    for (uint32_t i = groups->start[vm]; i < groups->start[vm + 1]; i++) {
        const char *why = group_objection(columns, groups->item[i], vm, host);
        if (why)
            return property_broken(self, "%s of group %s is moved from %s to %s (%s), and %s",
                                   move->vm, columns->groups.name[groups->item[i]], move->from,
                                   move->to, move->reason, why);
    }
    return true;
}

bool property_groups(struct property_trial *trial)
{
    return walk_both(trial, keeps_groups, keeps_groups);
}
