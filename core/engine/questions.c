/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions that change nothing: explain a VM, show a plan. */
#include "engine/internal.h"

#include <string.h>

struct decision *engine_explain(struct engine *engine, const char *vm, const char *to,
                                struct error *error)
{
    const struct vm *record = fleet_find_vm(engine->fleet, vm, error);
    if (!record || (to && !fleet_find_host(engine->fleet, to, error)))
        return NULL;
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    struct decision *decision =
        explain_vm(columns, &rules, columns_vm(columns, vm_key(record)),
                   to ? columns_host(columns, to) : DROVER_NONE, error);
    columns_free(columns);
    arena_free(&arena);
    return decision;
}

static uint32_t cluster_index(const struct columns *columns, const char *name)
{
    for (uint32_t i = 0; i < columns->clusters.n; i++)
        if (strcmp(columns->clusters.name[i], name) == 0)
            return i;
    return DROVER_NONE;
}

struct plan *engine_plan(struct engine *engine, const char *what, const char *target,
                         struct error *error)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    const struct limits *limits = &engine->settings.limits;
    struct plan *plan = NULL;
    if (strcmp(what, "drain") == 0) {
        if (fleet_find_host(engine->fleet, target ? target : "", error))
            plan = plan_drain(columns, &rules, columns_host(columns, target));
    } else if (strcmp(what, "balance") == 0) {
        uint32_t cluster = target ? cluster_index(columns, target) : 0;
        if (cluster == DROVER_NONE)
            error_set(error, ERROR_NOT_FOUND, "cluster %s: there is none of this name", target);
        else
            plan = plan_balance(columns, &rules, cluster, limits->balance_moves_per_round,
                                limits->cooldown_s);
    } else {
        error_set(error, ERROR_USAGE, "%s: plans are drain HOST and balance", what);
    }
    columns_free(columns);
    arena_free(&arena);
    return plan;
}
