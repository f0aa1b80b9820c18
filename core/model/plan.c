/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans as tables of fields, and several plans as one. */
#include "model/plan.h"

#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#define MOVE(member) offsetof(struct planned_move, member)
static const struct field planned_move_fields[] = {
    {.key = "vm", .type = FIELD_TEXT, .offset = MOVE(vm)},
    {.key = "key", .type = FIELD_TEXT, .offset = MOVE(key)},
    {.key = "from", .type = FIELD_TEXT, .offset = MOVE(from)},
    {.key = "to", .type = FIELD_TEXT, .offset = MOVE(to)},
    {.key = "reason", .type = FIELD_TEXT, .offset = MOVE(reason)},
    {.key = "decision", .type = FIELD_U64, .offset = MOVE(decision)},
    {.key = "breaks", .type = FIELD_TEXTS, .offset = MOVE(breaks), .default_text = "[]"},
    {0},
};

#define START(member) offsetof(struct planned_start, member)
static const struct field planned_start_fields[] = {
    {.key = "vm", .type = FIELD_TEXT, .offset = START(vm)},
    {.key = "key", .type = FIELD_TEXT, .offset = START(key)},
    {.key = "on", .type = FIELD_TEXT, .offset = START(on)},
    {.key = "reason", .type = FIELD_TEXT, .offset = START(reason)},
    {0},
};

#define UNPLACED(member) offsetof(struct unplaced, member)
const struct field unplaced_fields[] = {
    {.key = "vm", .type = FIELD_TEXT, .offset = UNPLACED(vm)},
    {.key = "key", .type = FIELD_TEXT, .offset = UNPLACED(key)},
    {.key = "code", .type = FIELD_TEXT, .offset = UNPLACED(code)},
    {.key = "reason", .type = FIELD_TEXT, .offset = UNPLACED(reason)},
    {.key = "hosts", .type = FIELD_ROWS, .offset = UNPLACED(hosts), .rows = host_verdict_fields,
     .row_size = sizeof(struct host_verdict)},
    {0},
};

#define CANDIDATE(member) offsetof(struct candidate, member)
static const struct field candidate_fields[] = {
    {.key = "vm", .type = FIELD_TEXT, .offset = CANDIDATE(vm)},
    {.key = "key", .type = FIELD_TEXT, .offset = CANDIDATE(key)},
    {.key = "hosts", .type = FIELD_TEXTS, .offset = CANDIDATE(hosts), .default_text = ""},
    {.key = "reason", .type = FIELD_TEXT, .offset = CANDIDATE(reason)},
    {.key = "group", .type = FIELD_TEXT, .offset = CANDIDATE(group)},
    {0},
};

const char *const power_action_names[] = {
    "",
    [DROVER_STEP_MOVE] = "",
    [DROVER_STEP_POWER_OFF] = "power_off",
    [DROVER_STEP_POWER_ON] = "power_on",
    [DROVER_STEP_MAINTENANCE] = "maintenance",
    [DROVER_STEP_ACTIVATE] = "activate",
    NULL,
};

#define POWER(member) offsetof(struct planned_power, member)
static const struct field planned_power_fields[] = {
    {.key = "host", .type = FIELD_TEXT, .offset = POWER(host)},
    {.key = "action", .type = FIELD_TEXT, .offset = POWER(action)},
    {.key = "reason", .type = FIELD_TEXT, .offset = POWER(reason)},
    {0},
};

#define PLAN(member) offsetof(struct plan, member)
const struct field plan_fields[] = {
    {.key = "candidates", .type = FIELD_ROWS, .offset = PLAN(candidates), .rows = candidate_fields,
     .row_size = sizeof(struct candidate)},
    {.key = "moves", .type = FIELD_ROWS, .offset = PLAN(moves), .rows = planned_move_fields,
     .row_size = sizeof(struct planned_move)},
    {.key = "starts", .type = FIELD_ROWS, .offset = PLAN(starts), .rows = planned_start_fields,
     .row_size = sizeof(struct planned_start)},
    {.key = "unplaced", .type = FIELD_ROWS, .offset = PLAN(unplaced), .rows = unplaced_fields,
     .row_size = sizeof(struct unplaced)},
    {.key = "powers", .type = FIELD_ROWS, .offset = PLAN(powers), .rows = planned_power_fields,
     .row_size = sizeof(struct planned_power)},
    {.key = "idle", .type = FIELD_TEXT, .offset = PLAN(idle)},
    {.key = "failures", .type = FIELD_ROWS, .offset = PLAN(failures), .rows = unit_failure_fields,
     .row_size = sizeof(struct unit_failure)},
    {0},
};

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    arena_free(&plan->arena);
    free(plan);
}

static void join_rows(struct plan *all, struct rows *to, const struct rows *more, size_t size)
{
    char *joined = arena_array(&all->arena, to->n + more->n, size);
    if (to->n)
        memcpy(joined, to->item, to->n * size);
    if (more->n)
        memcpy(joined + to->n * size, more->item, more->n * size);
    to->item = joined;
    to->n += more->n;
}

void plan_join(struct plan *all, const struct plan *one)
{
    struct plan *copy = arena_new(&all->arena, sizeof *copy);
    field_copy(plan_fields, copy, one, &all->arena);
    for (const struct field *field = plan_fields; field->key; field++)
        if (field->type == FIELD_ROWS)
            join_rows(all, (struct rows *)(void *)((char *)all + field->offset),
                      (const struct rows *)(const void *)((const char *)copy + field->offset),
                      field->row_size);
    if (!all->idle[0])
        all->idle = copy->idle;
    if (all->moves.n + all->powers.n > 0)
        all->idle = "";
}
