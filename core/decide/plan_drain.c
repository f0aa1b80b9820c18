/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Emptying a host: its VMs by priority, each placed by a decision that sees what earlier ones of
 * the same plan were promised. VMs that hard rules hold together are placed as one, on one host or
 * none. A VM that cannot go stays, with each host's reason; the others go.
 *
 * Those who are left are tried once more without the hard rules between VMs, where their policy
 * says that a host must be emptied all the same: RHV's IgnoreVmToVmAffinityForHostMaintenance.
 */
#include "decide/affinity.h"
#include "decide/planning.h"

#include "base/memory.h"

#include <stdlib.h>

struct drain {
    struct planning *planning;
    const struct ruleset *rules;
    uint32_t host;
    const char *reason;
    uint8_t *done;  /* by VM: placed, told of, or put off */
    uint32_t *left; /* those who are tried once more */
    uint32_t n_left;
};

/* Not running, or on its way already, be it by somebody else: it need not be moved. */
static bool leaves(const struct drain *drain, uint32_t vm)
{
    const struct columns *columns = drain->planning->columns;
    return planning_occupies(columns, vm) && columns->vms.host[vm] == drain->host &&
           columns->vms.to[vm] == DROVER_NONE && columns->vms.state[vm] != DROVER_VM_MIGRATING;
}

static bool may_leave(const struct drain *drain, uint32_t vm)
{
    return leaves(drain, vm) &&
           drain->planning->columns->vms.migratable[vm] != DROVER_MIGRATABLE_NO;
}

/* The others that leave together with it. */
static uint32_t list_mates(const struct drain *drain, uint32_t vm, uint32_t *mates)
{
    uint32_t n = 0, all = affinity_together(drain->planning->columns, vm, mates);
    for (uint32_t i = 0; i < all; i++)
        if (mates[i] != vm && !drain->done[mates[i]] && may_leave(drain, mates[i]))
            mates[n++] = mates[i];
    return n;
}

static bool has_hard_rule(const struct columns *columns, uint32_t vm)
{
    const struct drover_lists *mine = &columns->vms.groups;
    for (uint32_t g = mine->start[vm]; g < mine->start[vm + 1]; g++)
        if (columns->groups.vm_enforcing[mine->item[g]] &&
            columns->groups.vm_rule[mine->item[g]] != DROVER_RULE_DISABLED)
            return true;
    return false;
}

static struct decision *decide(const struct drain *drain, uint32_t vm, const uint32_t *mates,
                               uint32_t n_mates, uint32_t waived)
{
    struct question question = {
        .vm = vm, .purpose = drain->planning->purpose, .with = mates, .n_with = n_mates,
        .waived = waived,
    };
    struct decision *decision =
        decide_together(drain->planning->columns, drain->rules, &question);
    planning_failures(drain->planning, decision->failures.item, decision->failures.n);
    return decision;
}

/* One that goes alone, and can: nobody will read why. */
static bool goes_alone(struct drain *drain, uint32_t vm)
{
    struct question question = {.vm = vm, .purpose = drain->planning->purpose};
    uint32_t to = planning_choose(drain->planning, drain->rules, &question);
    if (to == DROVER_NONE)
        return false;
    drain->done[vm] = 1;
    planning_go(drain->planning, vm, to, drain->reason);
    return true;
}

static void place(struct drain *drain, uint32_t vm, uint32_t *mates)
{
    struct planning *planning = drain->planning;
    uint32_t n = list_mates(drain, vm, mates);
    if (n == 0 && goes_alone(drain, vm))
        return;
    struct decision *decision = decide(drain, vm, mates, n, 0);
    uint32_t to = decision->chosen ? columns_host(planning->columns, decision->chosen)
                                   : DROVER_NONE;
    bool again = drain->rules->parameters.ignore_vm_to_vm_affinity_for_host_maintenance &&
                 has_hard_rule(planning->columns, vm);
    for (uint32_t i = 0; i <= n; i++) {
        uint32_t one = i == 0 ? vm : mates[i - 1];
        drain->done[one] = 1;
        if (to != DROVER_NONE)
            planning_go(planning, one, to, drain->reason);
        else if (again)
            drain->left[drain->n_left++] = one;
        else
            planning_refused(planning, one, decision);
    }
    decision_free(decision);
}

/* Without the rules between VMs: what is broken by that is told. */
static void place_all_the_same(struct drain *drain, uint32_t vm)
{
    struct planning *planning = drain->planning;
    struct decision *decision = decide(drain, vm, NULL, 0, DROVER_WAIVE_VM_TO_VM);
    if (decision->chosen) {
        uint32_t to = columns_host(planning->columns, decision->chosen);
        struct arena *arena = &planning->plan->arena;
        struct texts broken = affinity_broken(planning->columns, vm, to, arena);
        const char *reason = drain->reason;
        if (broken.n > 0)
            reason = arena_printf(arena, "%s; nothing else is possible, so the rule of group %s is "
                                  "broken", reason, broken.item[0]);
        planning_go(planning, vm, to, reason);
        struct planned_move *moves = planning->plan->moves.item;
        moves[planning->plan->moves.n - 1].breaks = broken;
    } else {
        planning_refused(planning, vm, decision);
    }
    decision_free(decision);
}

static void look_at(struct drain *drain, uint32_t vm, uint32_t *mates)
{
    if (drain->done[vm] || !leaves(drain, vm))
        return;
    if (!may_leave(drain, vm))
        planning_unplaced(drain->planning, vm, "pinned",
                          "it is pinned to its host (migratable: no)", NULL);
    else if (!drain->rules)
        planning_unplaced(drain->planning, vm, "policy.none", "its cluster has no policy", NULL);
    else
        place(drain, vm, mates);
}

struct plan *plan_drain(struct columns *columns, const struct rules *rules, uint32_t host)
{
    struct planning planning = planning_new(columns, rules, DROVER_TO_DRAIN);
    const struct drover_lists *lists = &columns->hosts.vms;
    uint32_t cluster = columns->hosts.cluster[host];
    struct drain drain = {
        .planning = &planning, .host = host,
        .rules = cluster < rules->n ? rules->by_cluster[cluster] : NULL,
        .reason = arena_printf(&planning.plan->arena, "host %s is to be emptied",
                               columns->hosts.name[host]),
        .done = memory_array(columns->vms.n, 1),
        .left = memory_array(lists->start[host + 1] - lists->start[host], sizeof(uint32_t)),
    };
    uint32_t *vms = memory_array(lists->start[host + 1] - lists->start[host], sizeof *vms);
    uint32_t *mates = memory_array(columns->vms.n + 1, sizeof *mates);
    uint32_t n = planning_order(columns, host, vms);
    for (uint32_t i = 0; i < n; i++)
        look_at(&drain, vms[i], mates);
    for (uint32_t i = 0; i < drain.n_left; i++)
        place_all_the_same(&drain, drain.left[i]);
    free(vms);
    free(mates);
    free(drain.done);
    free(drain.left);
    if (planning.plan->moves.n == 0 && planning.plan->unplaced.n == 0)
        planning.plan->idle = arena_printf(&planning.plan->arena, "host %s has no VM to move",
                                           columns->hosts.name[host]);
    return planning_done(&planning);
}
