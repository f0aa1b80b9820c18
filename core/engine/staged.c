/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to cold and offline moves from without: their turn, news of their VMs, the answers
 * to what was ordered, and what people want. The stages are cold.c's.
 */
#include "engine/cold.h"

#include <string.h>

void staged_arrived(struct engine *engine, struct move *move)
{
    if (!move_is_cold(move) || move->record.aborting || !move_is_active(move))
        return;
    stage_has_come(engine, move);
    engine->dirty = true;
}

bool staged_is_ready(struct engine *engine, struct move *move, const struct vm *vm)
{
    bool there = vm && vm->host && strcmp(vm->host, move->record.from) == 0;
    if (!there || vm_occupies(vm) != move_is_cold(move)) {
        move_end(engine, move, MIGRATION_CANCELLED,
                 move_is_cold(move) ? "the VM does not run there any more"
                               : "the VM does not lie there any more, off");
        return false;
    }
    return vm->state != DROVER_VM_MIGRATING && !vm_is_doubted(engine, move->record.vm);
}

void staged_begin(struct engine *engine, struct move *move, uint64_t decision)
{
    struct migration *record = &move->record;
    notice(engine, NOTICE_INFO, "migration.started", record->to, record->name,
           "VM %s moves from host %s to host %s, %s: %s (decision %llu)", record->name,
           record->from, record->to, move_is_cold(move) ? "shut down for it" : "by its definition",
           record->reason, (unsigned long long)decision)
        ->move = record->id;
    leftover_gone(engine, record->vm, record->to); /* it is wanted there from now on */
    if (move_is_cold(move))
        stage_enter(engine, move, STAGE_SHUTDOWN, record->shutdown_s);
    else
        stage_enter(engine, move, STAGE_DEFINE, STEP_S);
    staged_pump(engine, move);
}

/* The host ended it, or shows it as off: it was drover who wanted that. */
bool staged_owes(const struct engine *engine, const char *key, const char *host)
{
    const struct move *move = move_of_vm(engine, key);
    return move && move_is_cold(move) && move_is_active(move) &&
           (strcmp(host, move->record.from) == 0 || strcmp(host, move->record.to) == 0);
}

/* It is started at its source again, and nobody is to stand in the way of that. */
bool staged_comes_back(const struct engine *engine, const char *key, const char *host)
{
    const struct move *move = move_of_vm(engine, key);
    return move && move_is_cold(move) && move->record.stage == STAGE_BACK &&
           strcmp(host, move->record.from) == 0;
}

/* It was started elsewhere, and is defined here only until somebody has judged that. */
const char *staged_keeps_for(const struct engine *engine, const char *key, const char *host)
{
    const struct move *move = move_of_vm(engine, key);
    bool kept = move && move_is_cold(move) && strcmp(host, move->record.from) == 0 &&
                (move->record.state == MIGRATION_VERIFY || move->record.stage == STAGE_REVERT);
    return kept ? move->record.to : NULL;
}

/* True where that is all that is to be made of it. */
bool staged_gone(struct engine *engine, const char *host, const char *key, const char *why)
{
    struct vm *vm = fleet_vm(engine->fleet, key);
    bool left = strcmp(why, "migrated") == 0;
    if (!staged_owes(engine, key, host) || !vm || !vm->host || strcmp(vm->host, host) != 0)
        return false;
    if (vm_occupies(vm) && (left || strcmp(why, "unknown") == 0))
        move_of_vm(engine, key)->unseen = true; /* drover has it shut down: it stays defined */
    if (left)
        return false;
    vm->state = DROVER_VM_DOWN;
    vm->lost = true;
    keep_vm(engine, vm);
    engine->dirty = true;
    return true;
}

static void take_call(struct engine *engine, struct move *move, const struct event *event)
{
    move->call_done = true;
    move->call_ok = event->ok;
    if (!event->ok && move->record.stage <= STAGE_REVERT)
        move_text(move, &move->record.error, event->text);
    engine->dirty = true;
}

/* It did not work, and it has to: later again. */
static void try_later(struct engine *engine, struct move *move, const struct event *event)
{
    const char *error = emit_text(engine, move->record.error);
    move->check_at = engine->now + AGAIN_S;
    stage_tell_waiting(engine, move, emit_printf(engine, "%s; tried again", event->text));
    move_text(move, &move->record.error, error);
    engine->dirty = true;
}

static int carry_of_stage(const struct move *move)
{
    if (!move_is_cold(move))
        return CARRY_MOVE;
    return move->record.stage == STAGE_DEFINE  ? CARRY_COPY
           : move->record.stage == STAGE_CLEAR ? CARRY_RETURN
                                               : -1;
}

void on_step_done(struct engine *engine, const struct event *event)
{
    struct move *move = move_find(engine, event->id);
    if (!move || !move_is_staged(move) || !move_is_active(move) || move->call_done ||
        !move->ordered)
        return; /* said twice, or too late */
    int stage = move->record.stage;
    bool is_shutdown = strcmp(event->name, "shutdown") == 0;
    const char *asked = stage == STAGE_REVERT ? move->record.to : move->record.from;
    if (is_shutdown) {
        if ((stage == STAGE_SHUTDOWN || stage == STAGE_REVERT) && strcmp(event->host, asked) == 0)
            take_call(engine, move, event);
        return;
    }
    if (field_choice(carry_names, event->name) != carry_of_stage(move))
        return;
    if (stage == STAGE_DEFINE && event->ok && strcmp(event->text, "autostart") == 0)
        move->record.autostart = true;
    if (stage == STAGE_CLEAR && !event->ok)
        try_later(engine, move, event);
    else
        take_call(engine, move, event);
}

void staged_start_done(struct engine *engine, struct move *move, const struct event *event)
{
    bool there = move->record.stage == STAGE_START &&
                 strcmp(event->host, move->record.to) == 0;
    bool back = move->record.stage == STAGE_BACK &&
                strcmp(event->host, move->record.from) == 0;
    if (!move_is_active(move) || !move->ordered || move->call_done || (!there && !back))
        return; /* said twice, or too late, or of an earlier stage */
    stage_refresh(engine, event->host);
    if (there)
        take_call(engine, move, event);
    else if (!event->ok)
        try_later(engine, move, event);
}

/* ------------------------------------------------------------------ what people want of it */

/* Why it cannot be aborted; NULL: it can. */
const char *staged_no_abort(struct engine *engine, const struct move *move)
{
    const struct migration *record = &move->record;
    if (record->state == MIGRATION_VERIFY)
        return emit_printf(engine, "it runs on host %s and waits to be judged: drover confirm %s, "
                           "or drover revert %s", record->to, record->name, record->name);
    if (record->stage == STAGE_START)
        return emit_printf(engine, "it is being started on host %s", record->to);
    if (record->stage == STAGE_BACK && move->told_short)
        return NULL; /* it does not start there either: somebody may take it in hand */
    if (record->stage >= STAGE_REVERT)
        return emit_printf(engine, "it is being brought back to host %s", record->from);
    return move_is_cold(move) ? NULL : "its definition is on its way";
}

/* It does not start where it was: it is left off there, for a person. */
static void leave_off(struct engine *engine, struct move *move, const char *why)
{
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm)
        vm->lost = false;
    keep_end(engine, move->record.vm);
    stage_end(engine, move, MIGRATION_FAILED,
              emit_printf(engine, "%s; it is off, and defined on host %s", why,
                          move->record.from));
}

/*
 * A guest that was asked to shut down may still do so: then it is started again. Until it has, or
 * its time is up, the move goes on.
 */
void staged_abort(struct engine *engine, struct move *move, const char *why)
{
    if (staged_no_abort(engine, move))
        return;
    if (move->record.stage == STAGE_BACK) {
        leave_off(engine, move, why);
        return;
    }
    move->record.aborting = true;
    move_text(move, &move->record.error, why);
    move_set_state(engine, move, (enum migration_state)move->record.state); /* remembered */
}

bool staged_is_there(const struct engine *engine, const struct move *move)
{
    const struct watch *there = watch_find(engine, move->record.to);
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    return there && there->connected && there->reported && vm && vm_occupies(vm) && vm->host &&
           strcmp(vm->host, move->record.to) == 0 && !keep_is_hearsay(engine, move->record.vm);
}

void staged_confirm(struct engine *engine, struct move *move)
{
    stage_note_moved(engine, move);
    stage_end(engine, move, MIGRATION_COMPLETED, "");
    stage_tidy(engine, move, move->record.to, move->record.from);
}

void staged_revert(struct engine *engine, struct move *move, const char *why)
{
    move->record.aborting = true;
    move->arrived = false;
    move_text(move, &move->record.error, why);
    stage_enter(engine, move, STAGE_REVERT, move->record.shutdown_s);
}
