/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How moves end. libvirt's call may fail while the migration goes on without us (the connection
 * broke, droverd was restarted), so a failed call proves nothing: both hosts are asked again, and
 * what they say decides. Only a VM that its source reports as running, not migrating, may be
 * tried elsewhere.
 */
#include "engine/proof.h"

#include <math.h>
#include <string.h>

/* A destination that took the VM, as libvirt says, and does not show it: asked so often. */
#define CHECK_S 10
/* A VM that neither of its hosts shows: they spoke at different moments, or of a while ago. */
#define LOST_S 60

static void ask_again(struct engine *engine, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    if (watch && watch->connected)
        emit(engine, EFFECT_REFRESH)->host = emit_text(engine, host);
}

void move_settle(struct engine *engine, struct move *move)
{
    if (move_is_staged(move)) { /* its stages ask for themselves */
        staged_pump(engine, move);
        return;
    }
    if (!move->unsettled)
        move->missing_since = NAN;
    move->unsettled = true;
    move->settle_step = engine->step;
    move->settle_at = engine->now;
    move->check_at = engine->now + CHECK_S;
    ask_again(engine, move->record.from);
    ask_again(engine, move->record.to);
    engine->dirty = true;
}

void move_complete(struct engine *engine, struct move *move)
{
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm) {
        vm->moved_at = engine->now;
        fleet_shift_load(engine->fleet, vm, move->record.from, move->record.to);
    }
    home_note(engine, move);
    learn_end(engine, move);
    remember_moved(engine, move->record.vm); /* also of one that is out of sight just now */
    move->unsettled = false;
    force_ended(engine, move);
    figures_end(move);
    move_end(engine, move, MIGRATION_COMPLETED, "");
    if (!move_is_restart(move)) {
        struct effect *effect = emit(engine, EFFECT_CHECK);
        effect->move = move->record.id;
        effect->vm = emit_text(engine, move->record.vm);
        effect->host = emit_text(engine, move->record.to);
    }
}

/* The destination says that the VM runs there. */
void move_arrived(struct engine *engine, struct move *move)
{
    if (move_is_staged(move))
        staged_arrived(engine, move);
    else if (move->call_done || move->left || move->unsettled)
        move_complete(engine, move);
    else if (move->record.state == MIGRATION_RUNNING || move->record.state == MIGRATION_PREPARING)
        move_set_state(engine, move, MIGRATION_POST_MIGRATING);
    engine->dirty = true;
}

static double pause_before(const struct engine *engine, uint32_t attempt)
{
    double pause = engine->settings.limits.retry_s * pow(2, attempt > 2 ? attempt - 2 : 0);
    return fmin(pause, engine->settings.limits.retry_limit_s);
}

void move_add_tried(struct move *move, const char *host)
{
    struct texts *tried = &move->record.tried;
    const char **larger = arena_array(&move->arena, tried->n + 1, sizeof *larger);
    if (tried->n)
        memcpy(larger, tried->item, tried->n * sizeof *larger);
    larger[tried->n] = arena_text(&move->arena, host);
    *tried = (struct texts){.item = larger, .n = tried->n + 1, .known = true};
}

void move_queue_again(struct engine *engine, struct move *move, const char *error, double pause)
{
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (vm)
        vm->to = NULL;
    move_text(move, &move->record.error, error);
    move_text(move, &move->record.to, "");
    move->record.not_before = engine->now + pause;
    field_defaults(progress_fields, &move->record.progress);
    figures_begin(move);
    move_set_state(engine, move, MIGRATION_QUEUED);
}

void move_fail(struct engine *engine, struct move *move, const char *error)
{
    const struct limits *limits = &engine->settings.limits;
    bool again = move->record.attempt < limits->tries && !move->record.wanted[0] &&
                 !move_is_by_policy(&move->record);
    if (!again) {
        rest_vm(engine, move->record.vm, engine->now + limits->retry_limit_s);
        move_end(engine, move, MIGRATION_FAILED, error);
        return;
    }
    move_add_tried(move, move->record.to);
    move->record.attempt++;
    double pause = pause_before(engine, move->record.attempt);
    notice(engine, NOTICE_WARNING, "migration.retry", move->record.to, move->record.name,
           "VM %s: move from host %s to host %s failed: %s; another host is tried in %.0f s",
           move->record.name, move->record.from, move->record.to, error, pause)
        ->move = move->record.id;
    move_queue_again(engine, move, error, pause);
}

/* Its source says that it runs there and does not migrate: this try is over. */
static void stayed(struct engine *engine, struct move *move)
{
    const char *error = move->record.error[0] ? move->record.error : "the migration ended early";
    move->unsettled = false;
    force_ended(engine, move);
    if (move->abort_sent && move->retry_after_abort)
        move_queue_again(engine, move, error, 0);
    else if (move->abort_sent) {
        rest_vm(engine, move->record.vm, engine->now + engine->settings.limits.retry_limit_s);
        move_end(engine, move, MIGRATION_ABORTED, error);
    } else
        move_fail(engine, move, error);
}

static void order_abort(struct engine *engine, const struct move *move)
{
    struct effect *effect = emit(engine, EFFECT_ABORT);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, move->record.from);
    effect->text = emit_text(engine, move->record.error);
}

/*
 * A migration that goes on without us: follow it as if it were ours. An abort that came while it
 * was not known how it stands has reached nobody.
 */
static void adopt(struct engine *engine, struct move *move)
{
    move->unsettled = false;
    move->call_done = false;
    move->followed = true;
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    fleet_set_text(engine->fleet, &vm->to, move->record.to);
    struct effect *effect = emit(engine, EFFECT_WATCH);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, move->record.from);
    effect->to = emit_text(engine, move->record.to);
    notice(engine, NOTICE_INFO, "migration.adopted", move->record.to, move->record.name,
           "VM %s is still moving from host %s to host %s: followed", move->record.name,
           move->record.from, move->record.to);
    move_set_state(engine, move, MIGRATION_RUNNING);
    if (move->abort_sent)
        order_abort(engine, move);
}

static void lost(struct engine *engine, struct move *move)
{
    move->unsettled = false;
    const char *error = move->vm_ended ? "the guest ended while it moved"
                                       : "neither host shows the VM any more: look for it";
    if (!move->vm_ended)
        notice(engine, NOTICE_ERROR, "vm.lost", move->record.to, move->record.name,
               "VM %s is on neither host %s nor host %s after its move; drover does not start it "
               "again by itself",
               move->record.name, move->record.from, move->record.to);
    fleet_remove_vm(engine->fleet, move->record.vm);
    move_end(engine, move, MIGRATION_FAILED, error);
}

/* Another mover was faster, or it was never where we thought. */
static void taken_elsewhere(struct engine *engine, struct move *move, const struct vm *vm)
{
    move->unsettled = false;
    move_end(engine, move, MIGRATION_FAILED,
             emit_printf(engine, "it runs on host %s now, where drover did not move it", vm->host));
}

static bool is_proven_dead(const struct engine *engine, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    return watch && !watch->connected && proof_of_host(watch);
}

/* One of its hosts died, and took it along: it is restarted as that host's other VMs are. */
static void died_on_its_way(struct engine *engine, struct move *move, struct vm *vm)
{
    const char *dead =
        is_proven_dead(engine, move->record.to) ? move->record.to : move->record.from;
    fleet_set_text(engine->fleet, &vm->host, dead);
    vm->state = DROVER_VM_DOWN;
    vm->lost = true;
    keep_vm(engine, vm);
    watch_find(engine, dead)->failure.reviewed = false;
    move->unsettled = false;
    move_end(engine, move, MIGRATION_FAILED,
             emit_printf(engine, "host %s died while it moved", dead));
}

/*
 * Its source said so, and the destination, asked for long enough, does not have it either. With
 * post-copy it may go on there unreported while its state is sorted out: that is for a person.
 */
static void failed_at_source(struct engine *engine, struct vm *vm)
{
    vm->state = DROVER_VM_DOWN;
    vm->lost = vm->ha;
    keep_vm(engine, vm);
}

static void missing(struct engine *engine, struct move *move)
{
    struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (isnan(move->missing_since))
        move->missing_since = engine->now;
    if (!move->vm_ended && engine->now - move->missing_since < LOST_S)
        return;
    if (vm && !move->vm_ended && (is_proven_dead(engine, move->record.from) ||
                                  is_proven_dead(engine, move->record.to))) {
        died_on_its_way(engine, move, vm);
        return;
    }
    if (vm && move->vm_failed && !move->how.postcopy)
        failed_at_source(engine, vm);
    if (vm && !vm_occupies(vm)) { /* a host shows it: defined, and off */
        move->unsettled = false;
        move_end(engine, move, MIGRATION_FAILED,
                 "the guest is off: it ended, or its host did, while it moved");
        if (vm->lost)
            restart_crashed(engine, vm, "crashed, while it moved,");
    } else {
        lost(engine, move);
    }
}

bool move_host_reported(const struct engine *engine, const struct move *move, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    return watch && watch->connected && watch->reported &&
           watch->report_step > move->settle_step && watch->report_at >= move->settle_at;
}

static bool is_at(const struct vm *vm, const char *host)
{
    return vm && vm->host && strcmp(vm->host, host) == 0 && vm_occupies(vm);
}

/* It has said what runs there, or nothing can. */
static bool is_known(const struct engine *engine, const struct move *move, const char *host)
{
    return move_host_reported(engine, move, host) || is_proven_dead(engine, host);
}

static void settle(struct engine *engine, struct move *move)
{
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    if (move_is_restart(move)) {
        restart_settle(engine, move, vm);
        return;
    }
    if (keep_is_hearsay(engine, move->record.vm))
        vm = NULL; /* what was remembered says nothing of now */
    bool source_known = is_known(engine, move, move->record.from);
    bool at_source = is_at(vm, move->record.from) && !move->left &&
                     !is_proven_dead(engine, move->record.from);
    if (vm && vm->postcopy_failed)
        postcopy_broke(engine, move, vm);
    else if (is_at(vm, move->record.to) && vm->state != DROVER_VM_MIGRATING)
        move_complete(engine, move);
    else if (source_known && at_source && vm->state == DROVER_VM_MIGRATING)
        adopt(engine, move);
    else if (source_known && at_source && !move->followed) /* else its call is about to end, too */
        stayed(engine, move);
    else if (vm && vm->host && vm_occupies(vm) && !is_at(vm, move->record.from) &&
             !is_at(vm, move->record.to))
        taken_elsewhere(engine, move, vm);
    else if (source_known && is_known(engine, move, move->record.to))
        missing(engine, move);
}

/* The call came back well, and the destination has not said anything yet. */
static void check_destination(struct engine *engine, struct move *move)
{
    if (engine->now < move->check_at) {
        wake_at(engine, move->check_at);
        return;
    }
    move_settle(engine, move);
    wake_at(engine, move->check_at);
}

void outcome_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        if (move_is_staged(move)) {
            if (!migration_ended(&move->record) && move->record.state != MIGRATION_QUEUED)
                staged_pump(engine, move);
            continue;
        }
        if (!migration_ended(&move->record) && move->unsettled)
            settle(engine, move);
        bool waiting = move_is_active(move) && (move->unsettled || move->call_done);
        if (waiting)
            check_destination(engine, move);
    }
}

/* Each try has a destination of its own, and what is said of another one is of an earlier try. */
bool move_is_meant(const struct move *move, const struct event *event)
{
    return move && move_is_active(move) && !move->call_done &&
           (!event->to[0] || strcmp(event->to, move->record.to) == 0);
}

void on_migration_done(struct engine *engine, const struct event *event)
{
    struct move *move = move_find(engine, event->id);
    if (!move_is_meant(move, event))
        return; /* said twice, or too late */
    move->call_done = true;
    move->followed = false;
    if (!event->ok && !move->abort_sent)
        move_text(move, &move->record.error, event->text);
    if (move->arrived) {
        move_complete(engine, move);
    } else if (event->ok) {
        move->check_at = engine->now + CHECK_S;
        if (move->record.state != MIGRATION_POST_MIGRATING)
            move_set_state(engine, move, MIGRATION_POST_MIGRATING);
    } else {
        move_settle(engine, move);
    }
    engine->dirty = true;
}

void on_effect_failed(struct engine *engine, const struct event *event)
{
    if (force_failed(engine, event))
        return;
    if (strncmp(event->name, "migration.", strlen("migration.")) == 0) { /* not as ordered */
        const struct vm *vm = fleet_vm(engine->fleet, event->vm);
        notice(engine, NOTICE_WARNING, emit_text(engine, event->name), event->to,
               vm ? vm->name : event->vm, "%s", event->text);
        return;
    }
    notice(engine, NOTICE_WARNING, "effect.failed", event->host, event->vm,
           "what was ordered (effect %llu) failed: %s", (unsigned long long)event->id,
           event->text);
}

void move_abort(struct engine *engine, struct move *move, const char *why, bool retry)
{
    if (move->record.state == MIGRATION_QUEUED) {
        move_end(engine, move, MIGRATION_CANCELLED, why);
        return;
    }
    if (move_is_staged(move)) {
        staged_abort(engine, move, why);
        return;
    }
    if (move->abort_sent)
        return;
    move->abort_sent = true;
    move->retry_after_abort = retry;
    move_text(move, &move->record.error, why);
    order_abort(engine, move);
    engine->dirty = true;
}
