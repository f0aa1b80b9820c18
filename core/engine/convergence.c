/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Convergence: how a move goes, and what is done when its guest dirties memory faster than the
 * link carries it. The schedule comes from the policy's migrate unit (how.c); which step is due says
 * schedule.c; here it is taken.
 */
#include "engine/internal.h"
#include "decide/schedule.h"

#include "decide/forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TIME_LIMIT_LEAST_S 30.0 /* a small guest's move is begun and ended in more than its copying */

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
    taken->watch = (int)how->watch;
    taken->stall_s = how->stall_s;
    if (how->seconds_per_gib > 0)
        taken->time_limit_s = fmax(TIME_LIMIT_LEAST_S, how->seconds_per_gib / 1024 *
                                                           ask->columns->vms.memory_mib[ask->vm]);
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
    for (uint32_t i = 0; i < left; i++)
        if (how->stalls[i].action == DROVER_STALL_POSTCOPY)
            how->flags |= DROVER_HOW_POSTCOPY; /* a later switch needs it at the start */
    if (!isfinite(how->downtime_ms) || how->downtime_ms < 0)
        how->downtime_ms = 0;
    if (how->watch > DROVER_WATCH_REMAINING)
        how->watch = DROVER_WATCH_ITERATIONS;
    if (!isfinite(how->stall_s) || how->stall_s < 0)
        how->stall_s = 0;
    if (!isfinite(how->seconds_per_gib) || how->seconds_per_gib < 0)
        how->seconds_per_gib = 0;
}

static void ask_unit(const struct how_ask *ask, const struct bound_unit *unit,
                     const struct drover_move *question, struct drover_how *how,
                     struct how_answer *answer)
{
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
    struct drover_stall stalls[DROVER_STALLS_MAX] = {0};
    struct drover_how how = {.size = sizeof how, .stalls = stalls};
    struct drover_move question = {
        .size = sizeof question, .fleet = &columns->fleet, .vm = ask->vm,
        .from = columns->vms.host[ask->vm], .to = ask->to, .purpose = (uint32_t)ask->purpose,
    };
    struct how_answer answer = {.failure = {.times = 0}};
    foretell(ask, &question);
    field_defaults(how_fields, &answer.how);
    const struct bound_unit *unit = wished_unit(ask, &answer);
    answer.unit = unit->unit ? unit->name : "";
    if (unit->unit)
        ask_unit(ask, unit, &question, &how, &answer);
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
    if (move->record.copy_storage)
        move->how.time_limit_s = 0; /* it counts for memory, and the disks come first */
    move->share = answer.share;
    move->left_out = answer.left_out;
    kind_adjust(move, columns->vm_record[vm]);
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

static void tell_step(struct engine *engine, const struct move *move, const struct due *due,
                      const char *code, const char *what)
{
    notice(engine, NOTICE_INFO, code, move->record.to, move->record.name,
           "VM %s does not converge (iteration %u): %s: %s", move->record.name,
           move->record.progress.iteration, due->why, what)
        ->move = move->record.id;
}

static void take_step(struct engine *engine, struct move *move, const struct due *due)
{
    switch (due->action) {
    case DROVER_STALL_DOWNTIME:
        order(engine, move, EFFECT_SET_DOWNTIME)->number = due->downtime_ms;
        tell_step(engine, move, due, "migration.downtime",
                  emit_printf(engine, "a pause of %.0f ms is allowed now", due->downtime_ms));
        break;
    case DROVER_STALL_POSTCOPY:
        order(engine, move, EFFECT_POSTCOPY);
        tell_step(engine, move, due, "migration.postcopy", "switching to post-copy");
        break;
    default:
        move_abort(engine, move,
                   emit_printf(engine, "it did not converge within its policy's schedule: %s",
                               due->why),
                   false);
    }
    remember_move(engine, move); /* how far its schedule is */
}

static bool follows_schedule(const struct move *move)
{
    return move->record.kind == MIGRATION_LIVE && move_is_active(move) && !move->unsettled &&
           !move->call_done && !move->abort_sent && move->record.state != MIGRATION_PREPARING &&
           move->record.forced == MIGRATION_UNFORCED;
}

static void follow_schedule(struct engine *engine, struct move *move)
{
    uint32_t base = move->record.base_iteration;
    struct due due = schedule_due(&move->how, &move->record, engine->now);
    if (due.action)
        take_step(engine, move, &due);
    else if (base == 0 && move->record.base_iteration > 0)
        remember_move(engine, move); /* what its walks are counted from */
}

/* A walk that never ends brings no report that counts: then the time alone decides. */
void schedules_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (!follows_schedule(move))
            continue;
        double at = schedule_ends_at(&move->how, &move->record);
        if (engine->now >= at)
            follow_schedule(engine, move);
        else if (isfinite(at))
            wake_at(engine, at);
    }
}

void on_progress(struct engine *engine, const struct event *event)
{
    struct move *move = move_find(engine, event->id);
    if (!move_is_meant(move, event))
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
    if (follows_schedule(move))
        follow_schedule(engine, move);
}
