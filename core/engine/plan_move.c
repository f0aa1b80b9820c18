/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `drover plan migrate`: what a move of one VM would be, from the same functions that make one: the
 * decision, how it would go by its policy, and what is to be expected of that.
 */
#include "engine/internal.h"

#include "base/memory.h"
#include "decide/forecast.h"

#include <math.h>

static int check_state(const struct columns *columns, uint32_t vm, struct error *error)
{
    const struct drover_vms *vms = &columns->vms;
    if (vms->to[vm] != DROVER_NONE)
        return error_set(error, ERROR_REFUSED, "VM %s is on its way to host %s already",
                         vms->name[vm], columns->hosts.name[vms->to[vm]]);
    if (vms->state[vm] == DROVER_VM_MIGRATING)
        return error_set(error, ERROR_REFUSED, "VM %s is being migrated already",
                         vms->name[vm]);
    if (vms->state[vm] == DROVER_VM_DOWN || vms->host[vm] == DROVER_NONE)
        return error_set(error, ERROR_REFUSED,
                         "VM %s does not run: there is no memory to be moved", vms->name[vm]);
    return 0;
}

static int check_target(const struct columns *columns, uint32_t vm, uint32_t to,
                        struct error *error)
{
    const char *name = columns->vms.name[vm];
    if (to == DROVER_NONE)
        return 0;
    if (to == columns->vms.host[vm])
        return error_set(error, ERROR_REFUSED, "VM %s runs on host %s already", name,
                         columns->hosts.name[to]);
    if (columns->hosts.cluster[to] != columns->vms.cluster[vm])
        return error_set(error, ERROR_USAGE,
                         "host %s is not in the cluster of VM %s: a VM moves within its cluster",
                         columns->hosts.name[to], name);
    return 0;
}

static struct texts texts_of(const struct rows *left_out, struct arena *arena)
{
    const struct left_out *out = left_out->item;
    struct texts texts = {.known = true};
    texts.item = arena_array(arena, left_out->n, sizeof *texts.item);
    for (; texts.n < left_out->n; texts.n++)
        texts.item[texts.n] = out[texts.n].text;
    return texts;
}

static void fill_how(const struct move_ask *ask, const struct ruleset *rules, uint32_t vm,
                     uint32_t to, struct move_plan *plan)
{
    struct how_ask how = {
        .settings = ask->settings, .columns = ask->columns, .rules = rules, .vm = vm, .to = to,
        .purpose = DROVER_TO_MIGRATE, .links = ask->links, .arena = &plan->arena,
    };
    struct how_answer answer = how_asked(&how);
    struct learnt learnt = how_learnt(&how);
    plan->how = answer.how;
    plan->unit = arena_text(&plan->arena, answer.unit);
    plan->max_concurrent = answer.max_concurrent;
    plan->wait_s = answer.wait_s;
    plan->wait_why = answer.wait_why;
    plan->flags = how_flags(&plan->how, &plan->arena);
    plan->without = texts_of(&answer.left_out, &plan->arena);
    if (answer.failure.times > 0) {
        struct unit_failure *failure = arena_new(&plan->arena, sizeof *failure);
        *failure = answer.failure;
        failure->unit = arena_text(&plan->arena, failure->unit);
        plan->failures = (struct rows){.item = failure, .n = 1};
    }
    plan->forecast = forecast_of(ask->columns, vm, to, &plan->how, &learnt, &plan->arena);
}

static struct move_plan *make(const struct move_ask *ask, const struct ruleset *rules, uint32_t vm,
                              uint32_t wanted)
{
    const struct columns *columns = ask->columns;
    struct question question = {
        .vm = vm, .purpose = DROVER_TO_MIGRATE, .hosts = &wanted,
        .n_hosts = wanted == DROVER_NONE ? 0 : 1,
    };
    struct move_plan *plan = memory_new(sizeof *plan);
    struct arena *arena = &plan->arena;
    plan->decision = decide_explain(columns, rules, &question);
    plan->vm = arena_text(arena, columns->vms.name[vm]);
    plan->key = arena_text(arena, vm_key(columns->vm_record[vm]));
    plan->from = arena_text(arena, columns->hosts.name[columns->vms.host[vm]]);
    plan->to = arena_text(arena, plan->decision->chosen ? plan->decision->chosen : "");
    plan->kind = migration_kind_names[MIGRATION_LIVE];
    plan->policy = arena_text(arena, rules->name);
    uint32_t to = plan->to[0] ? columns_host(columns, plan->to) : wanted;
    plan->blockers = blockers_of(columns->vm_record[vm], arena);
    fill_how(ask, rules, vm, to, plan);
    return plan;
}

struct move_plan *plan_move(const struct move_ask *ask, struct error *error)
{
    const struct columns *columns = ask->columns;
    const struct vm *record = fleet_find_vm(columns->source, ask->vm, error);
    if (!record || (ask->to && !fleet_find_host(columns->source, ask->to, error)))
        return NULL;
    uint32_t vm = columns_vm(columns, vm_key(record));
    uint32_t to = ask->to ? columns_host(columns, ask->to) : DROVER_NONE;
    const struct ruleset *rules = rules_of(ask->rules, columns, vm);
    if (!rules) {
        error_set(error, ERROR_FAILED, "VM %s: its cluster has no policy that could be loaded",
                  columns->vms.name[vm]);
        return NULL;
    }
    if (check_state(columns, vm, error) < 0 || check_target(columns, vm, to, error) < 0)
        return NULL;
    return make(ask, rules, vm, to);
}

struct move_plan *engine_plan_move(struct engine *engine, const char *vm, const char *to,
                                   struct error *error)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    struct move_ask ask = {
        .columns = columns, .rules = &rules, .settings = &engine->settings,
        .links = &engine->links, .vm = vm, .to = to,
    };
    struct move_plan *plan = plan_move(&ask, error);
    columns_free(columns);
    arena_free(&arena);
    return plan;
}
