/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves: made, found, taken from state to state, and dropped when they are long over. */
#include "engine/internal.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ended moves that are kept in memory; the journal has the others. */
#define ENDED_KEPT 200

struct move *move_find(const struct engine *engine, uint64_t id)
{
    for (uint32_t i = engine->n_moves; i-- > 0;)
        if (engine->moves[i]->record.id == id)
            return engine->moves[i];
    return NULL;
}

struct move *move_of_vm(const struct engine *engine, const char *vm)
{
    for (uint32_t i = engine->n_moves; i-- > 0;) {
        struct move *move = engine->moves[i];
        if (!migration_ended(&move->record) && strcmp(move->record.vm, vm) == 0)
            return move;
    }
    return NULL;
}

bool move_is_by_policy(const struct migration *migration)
{
    return migration->purpose == DROVER_TO_BALANCE || migration->purpose == DROVER_TO_ENFORCE;
}

bool move_is_active(const struct move *move)
{
    return move->record.state == MIGRATION_PREPARING || move->record.state == MIGRATION_RUNNING ||
           move->record.state == MIGRATION_POST_MIGRATING;
}

void move_text(struct move *move, const char **place, const char *text)
{
    if (*place && strcmp(*place, text) == 0)
        return;
    *place = arena_text(&move->arena, text);
}

static void append(struct engine *engine, struct move *move)
{
    engine->moves = memory_grow(engine->moves, &engine->move_room, engine->n_moves + 1,
                                sizeof *engine->moves);
    uint32_t i = engine->n_moves++;
    for (; i > 0 && engine->moves[i - 1]->record.id > move->record.id; i--)
        engine->moves[i] = engine->moves[i - 1]; /* recalled ones come in order of their names */
    engine->moves[i] = move;
}

struct move *move_queue(struct engine *engine, const struct vm *vm, enum drover_purpose purpose,
                        const char *who, const char *reason, const char *wanted)
{
    return move_queue_as(engine, MIGRATION_LIVE, vm, purpose, who, reason, wanted);
}

struct move *move_queue_as(struct engine *engine, enum migration_kind kind, const struct vm *vm,
                           enum drover_purpose purpose, const char *who, const char *reason,
                           const char *wanted)
{
    struct move *move = memory_new(sizeof *move);
    struct migration *record = &move->record;
    field_defaults(migration_fields, record);
    record->id = ++engine->last_id;
    record->vm = arena_text(&move->arena, vm_key(vm));
    record->name = arena_text(&move->arena, vm->name);
    record->from = arena_text(&move->arena, vm->host);
    record->kind = (int)kind;
    record->purpose = (int)purpose;
    record->who = arena_text(&move->arena, who);
    record->reason = arena_text(&move->arena, reason);
    record->wanted = arena_text(&move->arena, wanted);
    record->priority = vm->priority;
    record->created_at = engine->now;
    figures_begin(move);
    append(engine, move);
    move_set_state(engine, move, MIGRATION_QUEUED);
    return move;
}

void move_may_break(struct move *move, const struct texts *groups)
{
    if (groups->n == 0)
        return;
    const char **names = arena_array(&move->arena, groups->n, sizeof *names);
    for (uint32_t i = 0; i < groups->n; i++)
        names[i] = arena_text(&move->arena, groups->item[i]);
    move->record.breaks = (struct texts){.item = names, .n = groups->n, .known = true};
}

void move_tell(struct engine *engine, const struct move *move)
{
    struct migration *copy = arena_new(&engine->out->arena, sizeof *copy);
    field_copy(migration_fields, copy, &move->record, &engine->out->arena);
    struct effect *effect = emit(engine, EFFECT_MIGRATION);
    effect->move = move->record.id;
    effect->vm = copy->vm;
    effect->migration = copy;
}

void move_set_state(struct engine *engine, struct move *move, enum migration_state state)
{
    move->record.state = (int)state;
    move->record.updated_at = engine->now;
    if (migration_ended(&move->record)) {
        move->record.ended_at = engine->now;
        forget_move(engine, move);
    } else {
        remember_move(engine, move);
    }
    move_tell(engine, move);
    engine->dirty = true;
}

/* The VM is not on its way any more. */
static void release_vm(struct engine *engine, const struct move *move)
{
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm)
        vm->to = NULL;
}

void move_end(struct engine *engine, struct move *move, enum migration_state state,
              const char *error)
{
    static const enum notice_level levels[] = {
        [MIGRATION_COMPLETED] = NOTICE_INFO,
        [MIGRATION_FAILED] = NOTICE_WARNING,
        [MIGRATION_ABORTED] = NOTICE_INFO,
        [MIGRATION_CANCELLED] = NOTICE_INFO,
    };
    release_vm(engine, move);
    move_text(move, &move->record.error, error);
    move_set_state(engine, move, state);
    struct effect *effect = notice(
        engine, levels[state], "migration.ended", move->record.to, move->record.name,
        "VM %s: move from host %s%s%s %s%s%s", move->record.name, move->record.from,
        move->record.to[0] ? " to host " : "", move->record.to, migration_state_names[state],
        error[0] ? ": " : "", error);
    effect->move = move->record.id;
    drains_touch(engine);
}

void move_free(struct move *move)
{
    arena_free(&move->arena);
    free(move);
}

void moves_prune(struct engine *engine)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; i < engine->n_moves; i++)
        ended += migration_ended(&engine->moves[i]->record);
    uint32_t left = 0;
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (ended > ENDED_KEPT && migration_ended(&move->record)) {
            move_free(move);
            ended--;
        } else {
            engine->moves[left++] = move;
        }
    }
    engine->n_moves = left;
}
