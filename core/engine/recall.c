/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory over restarts. A few things are remembered by name, each as lines of key=value: wishes
 * for maintenance (host/NAME), moves that have not ended (move/ID), and when VMs moved last
 * (vm/KEY, as long as that matters), proofs that hosts are off (proof/HOST), what drover does with
 * a host's power (power/HOST), HA VMs (ha/KEY: see keep.c), definitions left behind (left/HOST/KEY),
 * alarms that were asked for (alarm/HOST), what the hook has let in (come/HOST/KEY: see booking.c),
 * what is gone of what a host's VMs use (lost/HOST: see lack.c) and what was learnt of links
 * (link/FROM/TO: see learn.h).
 * Everything else is read again from libvirt. After a restart the remembered things come back as
 * EVENT_RECALLED, then EVENT_STARTED; how a recalled move stands is found out from its hosts
 * (outcome.c).
 */
#include "engine/proof.h"

#include "base/field_lines.h"
#include "base/memory.h"
#include "base/scalar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What of a move is remembered: enough to find it again and to go on with it. */
#define MOVE(member) offsetof(struct migration, member)
static const struct field remembered_move[] = {
    {.key = "id", .type = FIELD_U64, .offset = MOVE(id)},
    {.key = "vm", .type = FIELD_TEXT, .offset = MOVE(vm)},
    {.key = "name", .type = FIELD_TEXT, .offset = MOVE(name)},
    {.key = "from", .type = FIELD_TEXT, .offset = MOVE(from)},
    {.key = "to", .type = FIELD_TEXT, .offset = MOVE(to)},
    {.key = "state", .type = FIELD_U32, .offset = MOVE(state)},
    {.key = "kind", .type = FIELD_U32, .offset = MOVE(kind)},
    {.key = "purpose", .type = FIELD_U32, .offset = MOVE(purpose)},
    {.key = "who", .type = FIELD_TEXT, .offset = MOVE(who)},
    {.key = "reason", .type = FIELD_TEXT, .offset = MOVE(reason)},
    {.key = "wanted", .type = FIELD_TEXT, .offset = MOVE(wanted)},
    {.key = "error", .type = FIELD_TEXT, .offset = MOVE(error)},
    {.key = "created_at", .type = FIELD_NUMBER, .offset = MOVE(created_at)},
    {.key = "started_at", .type = FIELD_NUMBER, .offset = MOVE(started_at)},
    {.key = "priority", .type = FIELD_NUMBER, .offset = MOVE(priority)},
    {.key = "attempt", .type = FIELD_U32, .offset = MOVE(attempt)},
    {.key = "decision", .type = FIELD_U64, .offset = MOVE(decision)},
    {.key = "tried", .type = FIELD_TEXTS, .offset = MOVE(tried)},
    {.key = "not_before", .type = FIELD_NUMBER, .offset = MOVE(not_before)},
    {.key = "forecast_s", .type = FIELD_OPTIONAL, .offset = MOVE(forecast_s)},
    {.key = "forecast_downtime_ms", .type = FIELD_OPTIONAL, .offset = MOVE(forecast_downtime_ms)},
    {.key = "forced", .type = FIELD_CHOICE, .offset = MOVE(forced),
     .choices = migration_forced_names},
    {.key = "can_postcopy", .type = FIELD_BOOL, .offset = MOVE(can_postcopy)},
    {.key = "stage", .type = FIELD_U32, .offset = MOVE(stage)},
    {.key = "copy_storage", .type = FIELD_U32, .offset = MOVE(copy_storage)},
    {.key = "tunnelled", .type = FIELD_BOOL, .offset = MOVE(tunnelled)},
    {.key = "verify", .type = FIELD_BOOL, .offset = MOVE(verify)},
    {.key = "aborting", .type = FIELD_BOOL, .offset = MOVE(aborting)},
    {.key = "autostart", .type = FIELD_BOOL, .offset = MOVE(autostart)},
    {.key = "shutdown_s", .type = FIELD_NUMBER, .offset = MOVE(shutdown_s)},
    {.key = "step_until", .type = FIELD_NUMBER, .offset = MOVE(step_until)},
    {.key = "base_iteration", .type = FIELD_U32, .offset = MOVE(base_iteration)},
    {.key = "next_stall", .type = FIELD_U32, .offset = MOVE(next_stall)},
    {.key = "convergence", .type = FIELD_RECORD, .offset = MOVE(convergence),
     .rows = convergence_fields, .row_size = sizeof(struct convergence)},
    {0},
};

/* Beside it, of how it goes: the schedule that it began with. */
#define HOW(member) offsetof(struct how, member)
static const struct field remembered_how[] = {
    {.key = "postcopy", .type = FIELD_BOOL, .offset = HOW(postcopy)},
    {.key = "schedule", .type = FIELD_ROWS, .offset = HOW(stalls), .rows = stall_fields,
     .row_size = sizeof(struct stall)},
    {.key = "watch", .type = FIELD_CHOICE, .offset = HOW(watch), .choices = watch_names},
    {.key = "stall_s", .type = FIELD_NUMBER, .offset = HOW(stall_s)},
    {.key = "time_limit_s", .type = FIELD_NUMBER, .offset = HOW(time_limit_s)},
    {0},
};

struct remembered_wish {
    const char *who;
    double since;
};
static const struct field remembered_wish_fields[] = {
    {.key = "who", .type = FIELD_TEXT, .offset = offsetof(struct remembered_wish, who)},
    {.key = "since", .type = FIELD_NUMBER, .offset = offsetof(struct remembered_wish, since)},
    {0},
};

static const char *move_name(struct engine *engine, const struct move *move)
{
    /* Padded, so that names sort as numbers do. */
    return emit_printf(engine, "move/%020llu", (unsigned long long)move->record.id);
}

void remember_move(struct engine *engine, const struct move *move)
{
    struct migration copy = move->record;
    if (isnan(copy.started_at))
        copy.started_at = 0;
    struct arena *arena = &engine->out->arena;
    const char *record = field_lines_write(arena, remembered_move, &copy);
    const char *how = move_is_active(move) && !move_is_restart(move)
                          ? field_lines_write(arena, remembered_how, &move->how)
                          : "";
    remember(engine, move_name(engine, move), emit_printf(engine, "%s%s", record, how));
}

void forget_move(struct engine *engine, const struct move *move)
{
    forget(engine, move_name(engine, move));
}

void remember_wish(struct engine *engine, const struct watch *watch)
{
    const char *name = emit_printf(engine, "host/%s", watch->name);
    if (!watch->maintenance.by_operator) {
        forget(engine, name);
        return;
    }
    struct remembered_wish wish = {
        .who = watch->maintenance.who ? watch->maintenance.who : "",
        .since = watch->maintenance.since,
    };
    remember(engine, name, field_lines_write(&engine->out->arena, remembered_wish_fields, &wish));
}

static void keep_moved(struct engine *engine, const char *key, double until)
{
    for (uint32_t i = 0; i < engine->n_rested; i++) {
        if (strcmp(engine->rested[i].vm, key) == 0) {
            engine->rested[i].until = until;
            return;
        }
    }
    engine->rested = memory_grow(engine->rested, &engine->rested_room, engine->n_rested + 1,
                                 sizeof *engine->rested);
    engine->rested[engine->n_rested++] =
        (struct rest){.vm = memory_copy_text(key), .until = until};
}

void remember_moved(struct engine *engine, const char *vm)
{
    keep_moved(engine, vm, engine->now + engine->settings.limits.cooldown_s);
    remember(engine, emit_printf(engine, "vm/%s", vm), emit_printf(engine, "%.17g", engine->now));
}

double moved_at(const struct engine *engine, const char *vm)
{
    for (uint32_t i = 0; i < engine->n_rested; i++)
        if (strcmp(engine->rested[i].vm, vm) == 0)
            return engine->rested[i].until - engine->settings.limits.cooldown_s;
    return NAN;
}

/* What does not matter any more is not remembered any longer. */
void forget_rested(struct engine *engine)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < engine->n_rested; i++) {
        if (engine->rested[i].until > engine->now) {
            engine->rested[left++] = engine->rested[i];
            continue;
        }
        forget(engine, emit_printf(engine, "vm/%s", engine->rested[i].vm));
        free(engine->rested[i].vm);
    }
    engine->n_rested = left;
}

static void recall_wish(struct engine *engine, const char *host, const char *text)
{
    struct arena arena = ARENA_INIT;
    struct remembered_wish wish = {.who = "", .since = engine->now};
    field_lines_read(&arena, remembered_wish_fields, text, &wish);
    struct watch *watch = watch_find(engine, host);
    if (!watch) { /* not configured any more */
        forget(engine, emit_printf(engine, "host/%s", host));
        arena_free(&arena);
        return;
    }
    watch->maintenance.by_operator = true;
    watch->maintenance.since = wish.since;
    set_text(&watch->maintenance.who, wish.who);
    arena_free(&arena);
}

static bool is_sound(const struct migration *record)
{
    return record->id > 0 && record->vm[0] && record->from[0] &&
           record->state >= MIGRATION_QUEUED && record->state < MIGRATION_COMPLETED &&
           record->kind >= MIGRATION_LIVE && record->kind <= MIGRATION_RESTART &&
           record->forced >= MIGRATION_UNFORCED && record->forced <= MIGRATION_FORCED_PAUSE &&
           record->stage >= STAGE_NONE && record->stage <= STAGE_BACK &&
           record->copy_storage >= COPY_NO_STORAGE &&
           record->copy_storage <= COPY_STORAGE_INCREMENTAL &&
           record->purpose >= DROVER_TO_START && record->purpose <= DROVER_TO_ADMIT;
}

static void recall_move(struct engine *engine, const char *name, const char *text)
{
    (void)name;
    struct move *move = memory_new(sizeof *move);
    field_defaults(migration_fields, &move->record);
    field_lines_read(&move->arena, remembered_move, text, &move->record);
    field_defaults(how_fields, &move->how);
    field_lines_read(&move->arena, remembered_how, text, &move->how);
    if (!is_sound(&move->record)) {
        move_free(move);
        return;
    }
    move->unsettled = move->record.state != MIGRATION_QUEUED;
    move->unseen = !move_is_staged(move); /* much may have happened; a staged one has two hosts that tell */
    move->missing_since = NAN;
    move->recover_at = NAN;
    figures_begin(move);
    engine->moves = memory_grow(engine->moves, &engine->move_room, engine->n_moves + 1,
                                sizeof *engine->moves);
    engine->moves[engine->n_moves++] = move; /* they come in order of their ids */
    if (move->record.id > engine->last_id)
        engine->last_id = move->record.id;
}

static void recall_vm(struct engine *engine, const char *key, const char *text)
{
    double at;
    if (!scalar_number(text, &at)) {
        forget(engine, emit_printf(engine, "vm/%s", key));
        return;
    }
    at = fmin(at, engine->now); /* the clock may have been set back since */
    keep_moved(engine, key, at + engine->settings.limits.cooldown_s);
    struct vm *vm = fleet_vm(engine->fleet, key);
    if (vm) /* it rests also while its host is out of sight */
        vm->moved_at = at;
}

static void recall_proof(struct engine *engine, const char *host, const char *text)
{
    struct watch *watch = watch_find(engine, host);
    if (watch)
        proof_recall(engine, watch, text);
    else
        forget(engine, emit_printf(engine, "proof/%s", host));
}

static void recall_power(struct engine *engine, const char *host, const char *text)
{
    struct watch *watch = watch_find(engine, host);
    if (watch)
        power_recall(engine, watch, text);
    else
        forget(engine, emit_printf(engine, "power/%s", host));
}

/* left/HOST/KEY: names of hosts have none. */
static void recall_leftover(struct engine *engine, const char *rest, const char *text)
{
    (void)text;
    const char *slash = strchr(rest, '/');
    const char *host = slash ? arena_bytes(&engine->out->arena, rest, (size_t)(slash - rest)) : "";
    if (slash && watch_find(engine, host))
        leftover_recall(engine, slash + 1, host);
    else
        forget(engine, emit_printf(engine, "left/%s", rest));
}

void on_recalled(struct engine *engine, const struct event *event)
{
    static const struct {
        const char *kind;
        void (*recall)(struct engine *, const char *rest, const char *text);
    } kinds[] = {
        {"host/", recall_wish},   {"move/", recall_move},     {"vm/", recall_vm},
        {"proof/", recall_proof}, {"left/", recall_leftover}, {"ha/", keep_recall},
        {"alarm/", alarm_recall}, {"power/", recall_power},
        {"home/", home_recall},   {"come/", booking_recall},
        {"link/", learn_recall},  {"lost/", lack_recall},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].kind);
        if (strncmp(event->name, kinds[i].kind, length) == 0) {
            kinds[i].recall(engine, event->name + length, event->text);
            return;
        }
    }
    forget(engine, event->name);
}

void on_started(struct engine *engine, const struct event *event)
{
    if (event->id > engine->last_id)
        engine->last_id = event->id; /* ids go on counting over restarts */
    engine->started = true;
    engine->started_at = engine->now;
    engine->dirty = true;
}
