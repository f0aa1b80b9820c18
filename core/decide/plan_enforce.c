/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mending broken rules of affinity groups. Candidates are taken in RHV's order (broken.h). Each goes
 * where it breaks fewer rules, by a decision like any other: filters and weights choose among those
 * hosts. Where no VM of a hard rule can mend it alone, those that hard rules hold together are
 * tried as one, all or none.
 *
 * A whole plan goes in passes: what one pass has moved has arrived in the next, so a place that
 * somebody left can be taken. Every move gains (broken_better.c), so there is an end to them, and
 * nobody goes back to where it was at first.
 */
#include "decide/broken.h"
#include "decide/planning.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct enforcing {
    struct planning *planning;
    const struct ruleset *rules;
    uint32_t cluster;
    uint32_t budget;
    double cooldown_s;
    bool kinds[BROKEN_SOFT_VM + 1]; /* what the policy holds to */
    bool vms_first;                 /* soft rules between VMs count more than those with hosts */
    uint32_t *origin;               /* by VM: where it was before this plan; DROVER_NONE: still there */
    uint32_t *hosts;                /* room for all */
    uint32_t *vms;
    struct spread spread;
};

static const struct bound_unit *find_unit(const struct bound_unit *units, uint32_t n,
                                          const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(units[i].unit->name, name) == 0)
            return &units[i];
    return NULL;
}

/* A rule that the policy's units do not look at is not mended: others would break it again. */
static void read_policy(struct enforcing *enforcing)
{
    const struct ruleset *rules = enforcing->rules;
    const struct bound_unit *hosts =
        find_unit(rules->weights, rules->n_weights, "vm_to_host_affinity");
    const struct bound_unit *vms = find_unit(rules->weights, rules->n_weights, "vm_affinity");
    enforcing->kinds[BROKEN_HARD_HOST] =
        find_unit(rules->filters, rules->n_filters, "vm_to_host_affinity");
    enforcing->kinds[BROKEN_HARD_VM] = find_unit(rules->filters, rules->n_filters, "vm_affinity");
    enforcing->kinds[BROKEN_SOFT_HOST] = hosts;
    enforcing->kinds[BROKEN_SOFT_VM] =
        vms || find_unit(rules->weights, rules->n_weights, "soft_affinity");
    enforcing->vms_first = hosts && vms && vms->factor > hosts->factor;
}

static bool may_move(const struct enforcing *enforcing, uint32_t vm)
{
    const struct columns *columns = enforcing->planning->columns;
    return broken_may_move(columns, vm) &&
           (enforcing->origin[vm] != DROVER_NONE || isnan(columns->vms.moved_s[vm]) ||
            columns->vms.moved_s[vm] >= enforcing->cooldown_s);
}

static const char *reason_of(struct enforcing *enforcing, const struct broken *broken)
{
    const struct columns *columns = enforcing->planning->columns;
    const struct drover_groups *groups = &columns->groups;
    bool vms = broken->kind == BROKEN_HARD_VM || broken->kind == BROKEN_SOFT_VM;
    bool hard = broken->kind == BROKEN_HARD_HOST || broken->kind == BROKEN_HARD_VM;
    uint8_t rule = vms ? groups->vm_rule[broken->group] : groups->host_rule[broken->group];
    const char *what = rule == DROVER_RULE_POSITIVE ? vms ? "stay together" : "run on other hosts"
                       : vms                        ? "stay apart"
                                                    : "not run on this host";
    return arena_printf(&enforcing->planning->plan->arena, "group %s %s %s",
                        groups->name[broken->group], hard ? "must" : "should", what);
}

static void note(struct enforcing *enforcing, uint32_t vm, uint32_t to, const char *reason)
{
    planning_move(enforcing->planning, vm, to, reason);
    if (enforcing->origin[vm] == DROVER_NONE)
        enforcing->origin[vm] = enforcing->planning->columns->vms.host[vm];
}

static bool move_alone(struct enforcing *enforcing, const struct broken *broken)
{
    struct planning *planning = enforcing->planning;
    if (!may_move(enforcing, broken->vm))
        return false;
    struct question question = {
        .vm = broken->vm, .purpose = planning->purpose, .hosts = enforcing->hosts,
        .n_hosts = broken_better(planning->columns, broken->vm, broken->kind,
                                 enforcing->vms_first, enforcing->hosts),
        .without = &enforcing->origin[broken->vm],
        .n_without = enforcing->origin[broken->vm] == DROVER_NONE ? 0 : 1,
    };
    if (question.n_hosts == 0)
        return false; /* mended by now, or nowhere better */
    struct decision *decision = decide_explain(planning->columns, enforcing->rules, &question);
    planning_failures(planning, decision->failures.item, decision->failures.n);
    uint32_t to =
        decision->chosen ? columns_host(planning->columns, decision->chosen) : DROVER_NONE;
    decision_free(decision);
    if (to == DROVER_NONE)
        return false;
    columns_promise(planning->columns, broken->vm, to);
    note(enforcing, broken->vm, to, reason_of(enforcing, broken));
    return true;
}

/* How well hard rules are kept for these VMs. */
struct standing {
    double hosts; /* rules of VMs and hosts that are broken */
    double vms;   /* pairs of VMs that are at odds */
};

static struct standing standing_of(struct enforcing *enforcing, const uint32_t *vms, uint32_t n)
{
    const struct columns *columns = enforcing->planning->columns;
    const struct drover_lists *mine = &columns->vms.groups;
    uint8_t *seen = memory_array(columns->groups.n, 1);
    struct standing standing = {0, 0};
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t g = mine->start[vms[i]]; g < mine->start[vms[i] + 1]; g++) {
            uint32_t group = mine->item[g];
            if (columns->groups.host_enforcing[group])
                standing.hosts += affinity_host_broken(
                    columns, group, drover_vm_goes_to(&columns->vms, vms[i]));
            if (columns->groups.vm_enforcing[group] && !seen[group])
                standing.vms += affinity_pairs_at_odds(columns, group, enforcing->cluster,
                                                       &enforcing->spread);
            seen[group] = 1;
        }
    free(seen);
    return standing;
}

static bool gains(const struct standing *before, const struct standing *after)
{
    return after->hosts <= before->hosts && after->vms <= before->vms &&
           (after->hosts < before->hosts || after->vms < before->vms);
}

/* Promise all that are not there yet, and keep it where that is better than before. */
static bool take_all(struct enforcing *enforcing, const uint32_t *vms, uint32_t n, uint32_t to,
                     const char *reason)
{
    struct columns *columns = enforcing->planning->columns;
    struct standing before = standing_of(enforcing, vms, n);
    for (uint32_t i = 0; i < n; i++)
        if (columns->vms.host[vms[i]] != to)
            columns_promise(columns, vms[i], to);
    struct standing after = standing_of(enforcing, vms, n);
    bool good = gains(&before, &after);
    for (uint32_t i = 0; i < n; i++) {
        if (columns->vms.host[vms[i]] == to)
            continue;
        if (good)
            note(enforcing, vms[i], to, reason);
        else
            columns_release(columns, vms[i]);
    }
    return good;
}

/* The VM and all that go with it; those that cannot move now, or just did, hold it where they are. */
static uint32_t list_all(struct enforcing *enforcing, uint32_t vm)
{
    uint32_t *vms = enforcing->vms, left = 1;
    uint32_t n = affinity_together(enforcing->planning->columns, vm, vms);
    for (uint32_t i = 0, k = 0; i < n; i++)
        if (vms[i] == vm) { /* to the front */
            for (k = i; k > 0; k--)
                vms[k] = vms[k - 1];
            vms[0] = vm;
        }
    for (uint32_t i = 1; i < n; i++)
        if (may_move(enforcing, vms[i]) && enforcing->origin[vms[i]] == DROVER_NONE)
            vms[left++] = vms[i];
    return left;
}

static bool move_together(struct enforcing *enforcing, const struct broken *broken)
{
    struct planning *planning = enforcing->planning;
    uint32_t *tried = enforcing->hosts;
    if (!may_move(enforcing, broken->vm) || enforcing->origin[broken->vm] != DROVER_NONE)
        return false;
    uint32_t n = list_all(enforcing, broken->vm);
    struct question question = {
        .vm = broken->vm, .purpose = planning->purpose, .stay_allowed = true, .without = tried,
        .with = enforcing->vms + 1, .n_with = n - 1,
    };
    bool moved = false;
    while (n > 1 && !moved) {
        struct decision *decision =
            decide_together(planning->columns, enforcing->rules, &question);
        planning_failures(planning, decision->failures.item, decision->failures.n);
        uint32_t to =
            decision->chosen ? columns_host(planning->columns, decision->chosen) : DROVER_NONE;
        decision_free(decision);
        if (to == DROVER_NONE)
            return false;
        moved = take_all(enforcing, enforcing->vms, n, to, reason_of(enforcing, broken));
        tried[question.n_without++] = to;
    }
    return moved;
}

static bool has_room(const struct enforcing *enforcing)
{
    return enforcing->planning->plan->moves.n < enforcing->budget;
}

/* Candidates of one rule: the first that can mend it, then the next, as far as the budget goes. */
static bool mend(struct enforcing *enforcing, const struct broken *list, uint32_t n)
{
    bool hard = list->kind == BROKEN_HARD_HOST || list->kind == BROKEN_HARD_VM;
    bool moved = false;
    if (!enforcing->kinds[list->kind])
        return false;
    for (uint32_t i = 0; i < n && has_room(enforcing); i++)
        moved |= move_alone(enforcing, &list[i]);
    for (uint32_t i = 0; hard && !moved && i < n && has_room(enforcing); i++)
        moved |= move_together(enforcing, &list[i]);
    return moved;
}

/* All rules that are broken now. */
static bool pass(struct enforcing *enforcing, bool first)
{
    struct broken *list;
    uint32_t n = broken_list(enforcing->planning->columns, enforcing->cluster, &list);
    bool moved = false;
    for (uint32_t i = 0; first && i < n; i++)
        planning_broken(enforcing->planning, list[i].vm, list[i].group,
                        reason_of(enforcing, &list[i]));
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n; end++)
            if (list[end].kind != list[i].kind || list[end].group != list[i].group)
                break;
        moved |= mend(enforcing, &list[i], end - i);
    }
    free(list);
    return moved;
}

static void arrive(struct enforcing *enforcing)
{
    struct columns *columns = enforcing->planning->columns;
    for (uint32_t v = 0; v < columns->vms.n; v++)
        if (enforcing->origin[v] != DROVER_NONE && columns->vms.to[v] != DROVER_NONE)
            columns_arrive(columns, v, columns->vms.to[v]);
}

static void tell_idle(struct enforcing *enforcing)
{
    struct plan *plan = enforcing->planning->plan;
    if (plan->moves.n > 0)
        return;
    plan->idle = plan->candidates.n == 0
                     ? "no rule is broken that a move could mend"
                     : "no broken rule can be mended now: no host that would be better passes the "
                       "filters, the VMs rest, or the policy does not hold to the rule";
}

struct plan *plan_enforce(struct columns *columns, const struct rules *rules, uint32_t cluster,
                          uint32_t budget, double cooldown_s)
{
    struct planning planning = planning_new(columns, rules, DROVER_TO_ENFORCE);
    const struct ruleset *set = cluster < rules->n ? rules->by_cluster[cluster] : NULL;
    if (!set) {
        planning.plan->idle = "the cluster has no policy";
        return planning_done(&planning);
    }
    struct enforcing enforcing = {
        .planning = &planning, .rules = set, .cluster = cluster, .budget = budget,
        .cooldown_s = cooldown_s, .origin = memory_array(columns->vms.n, sizeof(uint32_t)),
        .hosts = memory_array(columns->hosts.n + 1, sizeof(uint32_t)),
        .vms = memory_array(columns->vms.n + 1, sizeof(uint32_t)),
        .spread = {.on = memory_array(columns->hosts.n, sizeof(uint32_t))},
    };
    read_policy(&enforcing);
    for (uint32_t v = 0; v < columns->vms.n; v++)
        enforcing.origin[v] = DROVER_NONE;
    bool first = true;
    while (pass(&enforcing, first) && has_room(&enforcing)) {
        arrive(&enforcing);
        first = false;
    }
    tell_idle(&enforcing);
    free(enforcing.origin);
    free(enforcing.hosts);
    free(enforcing.vms);
    free(enforcing.spread.on);
    return planning_done(&planning);
}
