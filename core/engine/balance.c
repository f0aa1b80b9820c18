/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rounds of mending broken rules and, where there are none, of balancing. A cluster in which
 * something moves is left alone until it is still again: its figures are of yesterday. A VM that
 * moved rests (cooldown), so nothing goes there and back.
 */
#include "engine/internal.h"

#include <string.h>

static bool is_moving(const struct engine *engine, const char *cluster)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        const struct migration *record = &engine->moves[i]->record;
        const struct host *host = fleet_host(engine->fleet, record->from);
        if (!migration_ended(record) && host && strcmp(host->cluster, cluster) == 0)
            return true;
    }
    return false;
}

/* Queue what a plan of a round says. Returns how many moves that are. */
static uint32_t queue_plan(struct engine *engine, const struct plan *plan,
                           enum drover_purpose purpose, const char *who)
{
    const struct planned_move *moves = plan->moves.item;
    uint32_t queued = 0;
    breakers_note(engine, &plan->failures);
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        const struct vm *vm = fleet_vm(engine->fleet, moves[i].key);
        if (!vm || move_of_vm(engine, moves[i].key) || vm_rests(engine, moves[i].key))
            continue;
        move_queue(engine, vm, purpose, who, moves[i].reason, moves[i].to);
        queued++;
    }
    return queued;
}

static uint32_t cluster_index(const struct columns *columns, const char *cluster)
{
    uint32_t index = 0;
    while (index < columns->clusters.n && strcmp(columns->clusters.name[index], cluster) != 0)
        index++;
    return index;
}

uint32_t balance_cluster(struct engine *engine, const char *cluster, const char *who,
                         const char **idle)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    const struct limits *limits = &engine->settings.limits;
    struct plan *plan = plan_balance(columns, &rules, cluster_index(columns, cluster),
                                     limits->balance_moves_per_round, limits->cooldown_s);
    uint32_t queued = queue_plan(engine, plan, DROVER_TO_BALANCE, who);
    capacity_perform(engine, cluster, plan);
    shadow_balance(engine, cluster, plan);
    *idle = emit_text(engine, plan->idle);
    plan_free(plan);
    columns_free(columns);
    arena_free(&arena);
    return queued;
}

static uint32_t enforce_cluster(struct engine *engine, const char *cluster)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    const struct limits *limits = &engine->settings.limits;
    struct plan *plan = plan_enforce(columns, &rules, cluster_index(columns, cluster),
                                     limits->enforce_moves_per_round, limits->cooldown_s);
    uint32_t queued = queue_plan(engine, plan, DROVER_TO_ENFORCE, "drover");
    plan_free(plan);
    columns_free(columns);
    arena_free(&arena);
    return queued;
}

/* Rules first: a balancer would only have to be told again where nothing may be. */
static void round_of(struct engine *engine, const char *cluster)
{
    const char *idle;
    if (engine->fleet->n_groups > 0 && enforce_cluster(engine, cluster) > 0)
        return;
    balance_cluster(engine, cluster, "drover", &idle);
}

void rounds_pump(struct engine *engine)
{
    if (engine->now >= engine->round_at) {
        engine->round_at = engine->now + engine->settings.limits.round_s;
        groups_tell(engine);
        spare_review(engine);
        for (uint32_t i = 0; i < engine->fleet->n_clusters; i++) {
            const char *cluster = engine->fleet->clusters[i]->name;
            if (!is_moving(engine, cluster))
                round_of(engine, cluster);
        }
    }
    wake_at(engine, engine->round_at);
}
