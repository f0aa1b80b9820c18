/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people ask of moves: stop, make an end of it, begin sooner or later.
 *
 * A forced move is switched to post-copy where it began with that allowed; else its guest is
 * paused, and what does not change any more is soon sent. libvirt lets the guest run on where
 * the migration ends, at the destination or, where it fails, at the source. Should it not (its
 * daemon was restarted in between, say), drover does: a guest that drover has stopped never stays
 * so. One that somebody else had paused before is none of drover's business.
 */
#include "engine/internal.h"

#include "base/scalar.h"

#include <string.h>

const char *request_argument(const struct event *event, const char *key)
{
    for (uint32_t i = 0; i < event->arguments.n; i++)
        if (strcmp(event->arguments.item[i].key, key) == 0)
            return event->arguments.item[i].value;
    return NULL;
}

/* A move by its number, or the VM's own. */
static struct move *find(struct engine *engine, const struct event *event)
{
    const char *text = request_argument(event, "id");
    int64_t id;
    if (text && scalar_integer(text, &id) && id > 0)
        return move_find(engine, (uint64_t)id);
    if (!event->vm[0])
        return NULL;
    const struct vm *vm = fleet_find_vm(engine->fleet, event->vm, NULL);
    return move_of_vm(engine, vm ? vm_key(vm) : event->vm);
}

/* Answers, and returns NULL, where there is none or it is over. */
struct move *move_of_request(struct engine *engine, const struct event *event)
{
    struct move *move = find(engine, event);
    if (!move) {
        answer(engine, event, ERROR_NOT_FOUND, NULL,
               "there is no such migration; drover migrations lists them");
        return NULL;
    }
    if (!migration_ended(&move->record))
        return move;
    answer(engine, event, ERROR_REFUSED, NULL, "migration %llu of VM %s has ended: %s",
           (unsigned long long)move->record.id, move->record.name,
           migration_state_names[move->record.state]);
    return NULL;
}

/* ------------------------------------------------------------------ abort */

void do_abort(struct engine *engine, const struct event *event)
{
    struct move *move = move_of_request(engine, event);
    if (!move)
        return;
    const struct migration *record = &move->record;
    const char *staged = move_is_staged(move) && record->state != MIGRATION_QUEUED
                             ? staged_no_abort(engine, move)
                             : NULL;
    if (staged) {
        answer(engine, event, ERROR_REFUSED, NULL, "migration %llu of VM %s cannot be aborted: %s",
               (unsigned long long)record->id, record->name, staged);
    } else if (record->progress.postcopy) {
        answer(engine, event, ERROR_REFUSED, NULL,
               "migration %llu of VM %s cannot be aborted: it is in post-copy, the VM runs on host "
               "%s, and the rest of its memory is still on host %s; to stop now would lose it",
               (unsigned long long)record->id, record->name, record->to, record->from);
    } else if (!move_is_staged(move) && (move->arrived || move->call_done)) {
        answer(engine, event, ERROR_REFUSED, NULL,
               "migration %llu of VM %s cannot be aborted: the VM runs on host %s already",
               (unsigned long long)record->id, record->name, record->to);
    } else {
        const char *why = emit_printf(engine, "aborted by %s", event->who);
        move_abort(engine, move, why, false);
        answer(engine, event, ERROR_NONE, NULL, "migration %llu of VM %s is being aborted",
               (unsigned long long)record->id, record->name);
    }
}

/* ------------------------------------------------------------------ force-complete */

static void order_force(struct engine *engine, struct move *move, enum migration_forced how)
{
    struct effect *effect =
        emit(engine, how == MIGRATION_FORCED_POSTCOPY ? EFFECT_POSTCOPY : EFFECT_PAUSE);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, move->record.from);
    move->force_order = effect->id;
    move->record.forced = (int)how;
    move_set_state(engine, move, (enum migration_state)move->record.state); /* is remembered */
}

/* Why there is nothing to be forced, or NULL. */
static const char *cannot_force(struct engine *engine, const struct move *move)
{
    const struct migration *record = &move->record;
    if (record->kind != MIGRATION_LIVE)
        return "its guest does not run while it moves: it ends by itself";
    if (record->state == MIGRATION_QUEUED)
        return "it is in the queue still: drover migrations set changes its priority";
    if (record->state == MIGRATION_PREPARING || move->unsettled)
        return "nothing has been copied yet";
    if (record->progress.postcopy || move->arrived || move->call_done)
        return emit_printf(engine, "its VM runs on host %s already", record->to);
    if (move->abort_sent)
        return "it is being aborted";
    if (move->was_paused)
        return "its guest is paused: it changes nothing, and its migration ends by itself";
    return record->forced != MIGRATION_UNFORCED ? "that was asked for before" : NULL;
}

void do_force_complete(struct engine *engine, const struct event *event)
{
    struct move *move = move_of_request(engine, event);
    const char *why = move ? cannot_force(engine, move) : NULL;
    if (!move)
        return;
    const struct migration *record = &move->record;
    if (why) {
        answer(engine, event, ERROR_REFUSED, NULL, "migration %llu of VM %s: %s",
               (unsigned long long)record->id, record->name, why);
        return;
    }
    bool postcopy = record->can_postcopy;
    notice(engine, NOTICE_INFO, "migration.forced", record->to, record->name,
           "VM %s: %s wants its migration over: %s", record->name, event->who,
           postcopy ? "it is switched to post-copy" : "its guest is paused until it has arrived")
        ->move = record->id;
    order_force(engine, move, postcopy ? MIGRATION_FORCED_POSTCOPY : MIGRATION_FORCED_PAUSE);
    answer(engine, event, ERROR_NONE, NULL, "migration %llu of VM %s is %s",
           (unsigned long long)record->id, record->name,
           postcopy ? "switched to post-copy: the guest runs on at its destination"
                    : "made to end: the guest stands still until it has arrived");
}

/* Post-copy could not be: there is the other way. */
bool force_failed(struct engine *engine, const struct event *event)
{
    for (uint32_t i = 0; event->id && i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (move->force_order != event->id || !move_is_active(move))
            continue;
        bool again = move->record.forced == MIGRATION_FORCED_POSTCOPY && !move->abort_sent;
        notice(engine, NOTICE_WARNING, "effect.failed", move->record.from, move->record.name,
               "VM %s: its migration could not be forced to end: %s%s", move->record.name,
               event->text, again ? "; its guest is paused instead" : "")
            ->move = move->record.id;
        if (again)
            order_force(engine, move, MIGRATION_FORCED_PAUSE);
        else
            move->record.forced = MIGRATION_UNFORCED;
        return true;
    }
    return false;
}

void force_ended(struct engine *engine, struct move *move)
{
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    bool stopped = move->record.forced == MIGRATION_FORCED_PAUSE;
    move->force_order = 0;
    move->record.forced = MIGRATION_UNFORCED;
    if (!stopped || !vm || !vm->host || vm->state != DROVER_VM_PAUSED)
        return;
    struct effect *effect = emit(engine, EFFECT_RESUME);
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, vm->host);
    notice(engine, NOTICE_WARNING, "migration.resume", vm->host, vm->name,
           "VM %s still stands still on host %s after its forced migration: it is resumed",
           vm->name, vm->host)
        ->move = move->record.id;
}

/* ------------------------------------------------------------------ priority */

void do_set_priority(struct engine *engine, const struct event *event)
{
    struct move *move = move_of_request(engine, event);
    const char *text = request_argument(event, "priority");
    double priority;
    if (!move)
        return;
    if (!text || !scalar_number(text, &priority)) {
        answer(engine, event, ERROR_USAGE, NULL, "priority: expected a number, found %s",
               text ? text : "nothing");
        return;
    }
    if (move->record.state != MIGRATION_QUEUED) {
        answer(engine, event, ERROR_REFUSED, NULL,
               "migration %llu of VM %s has begun: the queue's order does not concern it any more",
               (unsigned long long)move->record.id, move->record.name);
        return;
    }
    move->record.priority = priority;
    move_set_state(engine, move, MIGRATION_QUEUED);
    answer(engine, event, ERROR_NONE, NULL, "migration %llu of VM %s has priority %g now",
           (unsigned long long)move->record.id, move->record.name, priority);
}
