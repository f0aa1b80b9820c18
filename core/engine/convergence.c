/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Convergence: how a move goes, and what is done when its guest dirties memory faster than the
 * link carries it. The schedule comes from the policy's migrate unit; a step is due when QEMU has
 * walked the memory so many times more than at first sight. At most one step per report, and
 * iterations that were missed between two reports still count.
 */
#include "engine/internal.h"

#include "decide/forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void take_how(const struct how_ask *ask, const struct drover_how *how, struct how *taken)
{
    struct stall *stalls = arena_array(ask->arena, how->n_stalls, sizeof *stalls);
    for (uint32_t i = 0; i < how->n_stalls; i++)
        stalls[i] = (struct stall){
            .stall = how->stalls[i].stall,
            .action = (int)how->stalls[i].action,
            .downtime_ms = how->stalls[i].downtime_ms,
        };
    taken->downtime_ms = how->downtime_ms;
    taken->stalls = (struct rows){.item = stalls, .n = how->n_stalls};
}

static bool stall_is_usable(const struct drover_stall *stall)
{
    return stall->action >= DROVER_STALL_DOWNTIME && stall->action <= DROVER_STALL_ABORT &&
           isfinite(stall->downtime_ms) && stall->downtime_ms >= 0;
}

/* A unit of somebody else's filled it in: nothing of it is believed unseen. */
static void sanitise(struct drover_how *how)
{
    if (how->n_stalls > DROVER_STALLS_MAX)
        how->n_stalls = DROVER_STALLS_MAX;
    uint32_t left = 0;
    for (uint32_t i = 0; i < how->n_stalls; i++)
        if (stall_is_usable(&how->stalls[i]))
            how->stalls[left++] = how->stalls[i];
    how->n_stalls = left;
    if (!isfinite(how->downtime_ms) || how->downtime_ms < 0)
        how->downtime_ms = 0;
}

static void ask_unit(const struct how_ask *ask, const struct drover_move *question,
                     struct drover_how *how, struct how_answer *answer)
{
    const struct bound_unit *unit = &ask->rules->migrate;
    const char *error = "it failed";
    if (!unit->open) {
        struct unit_call call = unit_call_begin(ask->columns->calls, unit);
        int result = call.again ? DROVER_OVERRAN
                                : unit->unit->migrate(unit->self, question, how);
        unit_call_end(&call, unit, result);
        if (result == 0)
            return;
        error = unit_call_error(&call, unit, result);
    }
    answer->failure = (struct unit_failure){.unit = unit->name, .treated = "neutral", .times = 1,
                                            .error = arena_text(ask->arena, error)};
    *how = (struct drover_how){.size = sizeof *how, .stalls = how->stalls};
}

struct learnt how_learnt(const struct how_ask *ask)
{
    const struct columns *columns = ask->columns;
    uint32_t from = columns->vms.host[ask->vm];
    if (from == DROVER_NONE || ask->to == DROVER_NONE)
        return links_learnt(NULL, "", "");
    return links_learnt(ask->links, columns->hosts.name[from], columns->hosts.name[ask->to]);
}

/* What a plain pre-copy would be, over the link alone: the unit has not said yet what it wants. */
static void foretell(const struct how_ask *ask, struct drover_move *question)
{
    struct arena scratch = ARENA_INIT;
    struct how plain;
    field_defaults(how_fields, &plain);
    struct learnt learnt = how_learnt(ask);
    struct forecast forecast =
        forecast_of(ask->columns, ask->vm, ask->to, &plain, &learnt, &scratch);
    question->converges = forecast.ends == FORECAST_UNKNOWN ? DROVER_CONVERGES_UNKNOWN
                          : forecast.converges              ? DROVER_CONVERGES_YES
                                                            : DROVER_CONVERGES_NO;
    question->duration_s = forecast.duration_s;
    question->downtime_ms = forecast.downtime_ms;
    question->rate_mib_s = forecast.rate_mib_s;
    question->waited_s = ask->waited_s;
    arena_free(&scratch);
}

static void take_wait(const struct how_ask *ask, struct drover_how *how, struct how_answer *answer)
{
    how->wait_why[sizeof how->wait_why - 1] = '\0';
    answer->wait_s = isfinite(how->wait_s) && how->wait_s > 0 ? how->wait_s : 0;
    answer->wait_why = arena_text(ask->arena, how->wait_why);
}

struct how_answer how_asked(const struct how_ask *ask)
{
    const struct columns *columns = ask->columns;
    const struct ruleset *rules = ask->rules;
    struct drover_stall stalls[DROVER_STALLS_MAX] = {0};
    struct drover_how how = {.size = sizeof how, .stalls = stalls};
    struct drover_move question = {
        .size = sizeof question, .fleet = &columns->fleet, .vm = ask->vm,
        .from = columns->vms.host[ask->vm], .to = ask->to, .purpose = (uint32_t)ask->purpose,
    };
    struct how_answer answer = {.failure = {.times = 0}};
    foretell(ask, &question);
    field_defaults(how_fields, &answer.how);
    if (rules->migrate.unit)
        ask_unit(ask, &question, &how, &answer);
    sanitise(&how);
    take_wait(ask, &how, &answer);
    take_how(ask, &how, &answer.how);
    channel_choose(ask, &how, &answer);
    return answer;
}

void how_for_move(struct engine *engine, struct move *move, const struct columns *columns,
                  const struct ruleset *rules, uint32_t vm, uint32_t to, uint32_t *max_concurrent)
{
    struct how_ask ask = {
        .settings = &engine->settings, .columns = columns, .rules = rules, .vm = vm, .to = to,
        .purpose = (enum drover_purpose)move->record.purpose,
        .waited_s = engine->now - move->record.created_at, .links = &engine->links,
        .arena = &move->arena,
    };
    struct how_answer answer = how_asked(&ask);
    struct rows failures = {.item = &answer.failure, .n = 1};
    if (answer.failure.times > 0)
        breakers_note(engine, &failures);
    move->how = answer.how;
    move->share = answer.share;
    move->left_out = answer.left_out;
    move->unfit = kind_adjust(move, columns->vm_record[vm], &move->how);
    move->wait_s = answer.wait_s;
    move->wait_why = answer.wait_why;
    *max_concurrent = answer.max_concurrent;
}

static struct effect *order(struct engine *engine, const struct move *move, enum effect_kind kind)
{
    struct effect *effect = emit(engine, kind);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, move->record.from);
    return effect;
}

static void take_stall_step(struct engine *engine, struct move *move, const struct stall *stall)
{
    switch (stall->action) {
    case DROVER_STALL_DOWNTIME:
        order(engine, move, EFFECT_SET_DOWNTIME)->number = stall->downtime_ms;
        notice(engine, NOTICE_INFO, "migration.downtime", move->record.to, move->record.name,
               "VM %s does not converge (iteration %u): a pause of %.0f ms is allowed now",
               move->record.name, move->record.progress.iteration, stall->downtime_ms);
        break;
    case DROVER_STALL_POSTCOPY:
        order(engine, move, EFFECT_POSTCOPY);
        notice(engine, NOTICE_INFO, "migration.postcopy", move->record.to, move->record.name,
               "VM %s does not converge (iteration %u): switching to post-copy",
               move->record.name, move->record.progress.iteration);
        break;
    default:
        move_abort(engine, move, "it did not converge within its policy's schedule", false);
    }
}

static void follow_schedule(struct engine *engine, struct move *move)
{
    struct migration *record = &move->record;
    if (record->progress.iteration == 0 || record->progress.postcopy || move->abort_sent)
        return;
    if (record->base_iteration == 0)
        record->base_iteration = record->progress.iteration;
    const struct stall *stalls = move->how.stalls.item;
    if (record->next_stall >= move->how.stalls.n)
        return;
    uint32_t walked = record->progress.iteration - record->base_iteration;
    if (walked < stalls[record->next_stall].stall)
        return;
    take_stall_step(engine, move, &stalls[record->next_stall++]);
}

void on_progress(struct engine *engine, const struct event *event)
{
    struct move *move = move_find(engine, event->id);
    if (!move || !move_is_active(move) || move->call_done)
        return;
    uint32_t before = move->record.progress.iteration;
    move->record.progress = event->progress;
    if (move->record.progress.iteration < before)
        move->record.progress.iteration = before; /* reports may overtake each other */
    move->record.updated_at = engine->now;
    figures_take(move, engine->now);
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm && event->progress.dirty_mib_s > 0) {
        vm->dirty_mib_s = event->progress.dirty_mib_s;
        vm->dirty_at = engine->now;
    }
    if (move->record.state == MIGRATION_PREPARING)
        move_set_state(engine, move, MIGRATION_RUNNING);
    if (event->progress.postcopy && move->record.state == MIGRATION_RUNNING)
        move_set_state(engine, move, MIGRATION_POST_MIGRATING);
    if (move->record.progress.iteration > before)
        follow_schedule(engine, move);
}
