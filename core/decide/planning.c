/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collecting a plan. */
#include "decide/planning.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct planning planning_new(struct columns *columns, const struct rules *rules,
                             enum drover_purpose purpose)
{
    struct planning planning = {
        .plan = memory_new(sizeof(struct plan)),
        .columns = columns,
        .rules = rules,
        .purpose = purpose,
    };
    field_defaults(plan_fields, planning.plan);
    return planning;
}

struct plan *planning_done(struct planning *planning)
{
    planning->plan->failures = failures_rows(&planning->failures);
    return planning->plan;
}

/* Room for one more row; rows double, in the plan's arena. */
static void *add_row(struct planning *planning, struct rows *rows, uint32_t *room, size_t size)
{
    if (rows->n == *room) {
        *room = *room ? *room * 2 : 8;
        void *larger = arena_array(&planning->plan->arena, *room, size);
        if (rows->n)
            memcpy(larger, rows->item, rows->n * size);
        rows->item = larger;
    }
    return (char *)rows->item + rows->n++ * size;
}

static const char *keep(struct planning *planning, const char *text)
{
    return arena_text(&planning->plan->arena, text);
}

static const char *host_name(const struct planning *planning, uint32_t host)
{
    return host == DROVER_NONE ? "" : planning->columns->hosts.name[host];
}

void planning_move(struct planning *planning, uint32_t vm, uint32_t to, const char *reason)
{
    struct planned_move *move = add_row(planning, &planning->plan->moves,
                                        &planning->n_moves_room, sizeof *move);
    *move = (struct planned_move){
        .vm = keep(planning, planning->columns->vms.name[vm]),
        .key = keep(planning, vm_key(planning->columns->vm_record[vm])),
        .from = keep(planning, host_name(planning, planning->columns->vms.host[vm])),
        .to = keep(planning, host_name(planning, to)),
        .reason = keep(planning, reason),
        .breaks = {.known = true},
    };
}

static void planning_start(struct planning *planning, uint32_t vm, uint32_t on, const char *reason)
{
    struct planned_start *start = add_row(planning, &planning->plan->starts,
                                          &planning->n_starts_room, sizeof *start);
    *start = (struct planned_start){
        .vm = keep(planning, planning->columns->vms.name[vm]),
        .key = keep(planning, vm_key(planning->columns->vm_record[vm])),
        .on = keep(planning, host_name(planning, on)),
        .reason = keep(planning, reason),
    };
}

void planning_go(struct planning *planning, uint32_t vm, uint32_t to, const char *reason)
{
    if (!planning_occupies(planning->columns, vm))
        planning_start(planning, vm, to, reason);
    else if (planning->columns->vms.host[vm] != to)
        planning_move(planning, vm, to, reason);
    else
        return;
    columns_promise(planning->columns, vm, to);
}

/* The verdicts of a decision without their weights, copied into the plan. */
static struct rows keep_verdicts(struct planning *planning, const struct decision *decision)
{
    struct rows kept = {0};
    if (!decision)
        return kept;
    const struct host_verdict *from = decision->hosts.item;
    struct host_verdict *to =
        arena_array(&planning->plan->arena, decision->hosts.n, sizeof *to);
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        field_copy(host_verdict_fields, &to[i], &from[i], &planning->plan->arena);
    return (struct rows){.item = to, .n = decision->hosts.n};
}

void planning_unplaced(struct planning *planning, uint32_t vm, const char *code,
                       const char *reason, const struct decision *decision)
{
    struct unplaced *unplaced = add_row(planning, &planning->plan->unplaced,
                                        &planning->n_unplaced_room, sizeof *unplaced);
    *unplaced = (struct unplaced){
        .vm = keep(planning, planning->columns->vms.name[vm]),
        .key = keep(planning, vm_key(planning->columns->vm_record[vm])),
        .code = keep(planning, code),
        .reason = keep(planning, reason),
        .hosts = keep_verdicts(planning, decision),
    };
}

void planning_candidate(struct planning *planning, uint32_t vm, const uint32_t *hosts, uint32_t n,
                        const char *reason)
{
    struct candidate *candidate = add_row(planning, &planning->plan->candidates,
                                          &planning->n_candidates_room, sizeof *candidate);
    const char **names = arena_array(&planning->plan->arena, n, sizeof *names);
    for (uint32_t i = 0; i < n; i++)
        names[i] = keep(planning, host_name(planning, hosts[i]));
    *candidate = (struct candidate){
        .vm = keep(planning, planning->columns->vms.name[vm]),
        .key = keep(planning, vm_key(planning->columns->vm_record[vm])),
        .hosts = {.item = names, .n = n, .known = true},
        .reason = keep(planning, reason),
        .group = "",
    };
}

void planning_broken(struct planning *planning, uint32_t vm, uint32_t group, const char *reason)
{
    planning_candidate(planning, vm, NULL, 0, reason);
    struct candidate *candidates = planning->plan->candidates.item;
    candidates[planning->plan->candidates.n - 1].group =
        keep(planning, planning->columns->groups.name[group]);
}

void planning_power(struct planning *planning, uint32_t host, enum drover_step_kind kind,
                    const char *reason)
{
    struct planned_power *power = add_row(planning, &planning->plan->powers,
                                          &planning->n_powers_room, sizeof *power);
    *power = (struct planned_power){
        .host = keep(planning, host_name(planning, host)),
        .action = power_action_names[kind],
        .reason = keep(planning, reason),
    };
}

bool planning_occupies(const struct columns *columns, uint32_t vm)
{
    return columns->vms.state[vm] != DROVER_VM_DOWN;
}

/* "none of 3 hosts takes it; memory refuses it on kvm2: ...": the first host stands for all. */
void planning_refused(struct planning *planning, uint32_t vm, const struct decision *decision)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    if (decision->hosts.n == 0) {
        planning_unplaced(planning, vm, "hosts.none", "there is no other host in its cluster",
                          decision);
        return;
    }
    const struct host_verdict *first = &verdicts[0];
    struct arena *arena = &planning->plan->arena;
    const char *who = decision->hosts.n == 1
                          ? "the only other host does not take it"
                          : arena_printf(arena, "none of %u hosts takes it", decision->hosts.n);
    const char *reason = arena_printf(arena, "%s; %s refuses it on %s: %s", who,
                                      first->refused_by, first->name, first->reason);
    planning_unplaced(planning, vm, first->code, reason, decision);
}

void planning_failures(struct planning *planning, const struct unit_failure *failures, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct bound_unit unit = {.name = failures[i].unit};
        unit.on_error = (enum on_error)field_choice(on_error_names, failures[i].treated);
        failures_add(&planning->failures, &planning->plan->arena, &unit, failures[i].error,
                     failures[i].times);
    }
}

uint32_t planning_choose(struct planning *planning, const struct ruleset *rules,
                         const struct question *question)
{
    struct arena scratch = ARENA_INIT;
    struct failures failures = {0};
    struct call call =
        call_new(planning->columns, rules, question->vm, planning->purpose, &scratch);
    call.failures = &failures;
    uint32_t to = call_choose(&call, question);
    if (to != DROVER_NONE) /* else it is asked again, by whoever tells why */
        planning_failures(planning, failures.item, failures.n);
    arena_free(&scratch);
    return to;
}

/* Only where there is no host somebody will read why, and all is told. */
bool planning_place(struct planning *planning, uint32_t vm, const uint32_t *hosts,
                    uint32_t n_hosts, const char *reason)
{
    const struct ruleset *rules = rules_of(planning->rules, planning->columns, vm);
    if (!rules) {
        planning_unplaced(planning, vm, "policy.none", "its cluster has no policy", NULL);
        return false;
    }
    struct question question = {
        .vm = vm, .purpose = planning->purpose, .hosts = hosts, .n_hosts = n_hosts,
    };
    uint32_t to = planning_choose(planning, rules, &question);
    if (to != DROVER_NONE) {
        planning_go(planning, vm, to, reason);
        return true;
    }
    if (planning->brief) {
        planning_unplaced(planning, vm, "hosts.none", "", NULL);
        return false;
    }
    struct decision *decision = decide_explain(planning->columns, rules, &question);
    planning_failures(planning, decision->failures.item, decision->failures.n);
    planning_refused(planning, vm, decision);
    decision_free(decision);
    return false;
}

struct leaving {
    uint32_t vm;
    double priority;
};

static int by_priority(const void *a, const void *b)
{
    const struct leaving *one = a, *other = b;
    if (one->priority > other->priority)
        return -1;
    if (one->priority < other->priority)
        return 1;
    return (one->vm > other->vm) - (one->vm < other->vm);
}

uint32_t planning_order(const struct columns *columns, uint32_t host, uint32_t *vms)
{
    const struct drover_lists *lists = &columns->hosts.vms;
    uint32_t n = lists->start[host + 1] - lists->start[host];
    struct leaving *leaving = memory_array(n, sizeof *leaving);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t vm = lists->item[lists->start[host] + i];
        leaving[i] = (struct leaving){.vm = vm, .priority = columns->vms.priority[vm]};
    }
    qsort(leaving, n, sizeof *leaving, by_priority);
    for (uint32_t i = 0; i < n; i++)
        vms[i] = leaving[i].vm;
    free(leaving);
    return n;
}
