/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions that change nothing: explain a VM, show a plan. */
#include "engine/internal.h"

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

struct plan *engine_plan(struct engine *engine, const struct plan_question *question,
                         struct error *error)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    struct plan *plan = plan_asked(columns, &rules, question, &engine->settings.limits, error);
    columns_free(columns);
    arena_free(&arena);
    return plan;
}
