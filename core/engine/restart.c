/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Restarts: VMs that ran on a host that is proven dead, as far as the policy wants them back, and
 * HA VMs that crashed. Each is a move of the kind `restart` in the same queue as the others: its
 * host is decided when it starts, and it has ended when that host says that the VM runs.
 *
 * The higher priority first; lower ones wait for it, but not for ever. A start that fails is tried
 * again, elsewhere if there is an elsewhere, at a short interval and then at a long one, and never
 * given up. No start is ordered without proof (proof.h) that the VM runs nowhere: neither where it
 * ran, nor where an earlier try may have started it.
 */
#include "engine/proof.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* One that crashes again so many retries after it was started is not started at once. */
#define CALM 10
#define START_S 60 /* a start of which nobody has said that it is over may go on for so long */
#define CHECK_S 10 /* a host that took the start, and does not show the VM: asked so often */

bool move_is_restart(const struct move *move)
{
    return move->record.kind == MIGRATION_RESTART;
}

static struct move *queue_restart(struct engine *engine, const struct vm *vm, const char *reason)
{
    return move_queue_as(engine, MIGRATION_RESTART, vm, DROVER_TO_EVACUATE, "drover", reason, "");
}

/* ------------------------------------------------------------------ what is to be restarted */

/* Its VMs do not run any more. Those that are on their way elsewhere are judged when that ends. */
static void bury(struct engine *engine, const struct watch *watch)
{
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        struct vm *vm = engine->fleet->vms[i];
        if (!vm->host || strcmp(vm->host, watch->name) != 0 || !vm_occupies(vm))
            continue;
        if (vm->postcopy_failed) { /* what is left of it, a person has to look at */
            notice(engine, NOTICE_ERROR, "vm.postcopy_failed", watch->name, vm->name,
                   "VM %s was in a broken post-copy on host %s, which is dead: it is not started "
                   "again by itself; look for its other half where it came from, and destroy that "
                   "before you start it anew", vm->name, watch->name);
            continue;
        }
        vm->state = DROVER_VM_DOWN;
        vm->lost = true;
        keep_vm(engine, vm);
    }
}

/* A VM whose definition nobody has kept cannot be started anywhere. */
static bool is_kept(const struct engine *engine, const struct vm *vm)
{
    return vm->ha || engine->settings.restarts.keep_all;
}

static void review_rows(struct engine *engine, const struct watch *watch, const char *key,
                        const char *by)
{
    const struct vm *vm = fleet_vm(engine->fleet, key);
    if (vm && vm->lost && is_kept(engine, vm) && !move_of_vm(engine, key))
        queue_restart(engine, vm,
                      emit_printf(engine, "its host %s is off: %s", watch->name, by));
}

/* Once for a host: who does not come back, though the policy would have it. */
static void tell_not_kept(struct engine *engine, const struct watch *watch, const struct plan *plan)
{
    const struct planned_start *starts = plan->starts.item;
    uint32_t n = 0;
    const char *first = "";
    for (uint32_t i = 0; i < plan->starts.n; i++) {
        const struct vm *vm = fleet_vm(engine->fleet, starts[i].key);
        if (!vm || is_kept(engine, vm) || move_of_vm(engine, starts[i].key))
            continue;
        first = n++ == 0 ? vm->name : first;
    }
    if (n > 0)
        notice(engine, NOTICE_WARNING, "vm.not_kept", watch->name, NULL,
               "%u VMs without ha were lost with host %s (%s%s) and are not started elsewhere: "
               "their definitions are not kept; restarts: {keep_all: yes} keeps all",
               n, watch->name, first, n > 1 ? ", ..." : "");
}

/* The policy says who comes back. Whether there is a host for it is seen when its turn comes. */
static void review(struct engine *engine, struct watch *watch)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    struct plan *plan = plan_trouble(columns, &rules, DROVER_TROUBLE_DEAD,
                                     columns_host(columns, watch->name));
    const char *by = proof_text(proof_of_host(watch));
    breakers_note(engine, &plan->failures);
    const struct planned_start *starts = plan->starts.item;
    for (uint32_t i = 0; i < plan->starts.n; i++)
        review_rows(engine, watch, starts[i].key, by);
    const struct unplaced *unplaced = plan->unplaced.item;
    for (uint32_t i = 0; i < plan->unplaced.n; i++)
        review_rows(engine, watch, unplaced[i].key, by);
    for (uint32_t i = 0; watch->failure.all && i < engine->fleet->n_vms; i++)
        if (engine->fleet->vms[i]->host && strcmp(engine->fleet->vms[i]->host, watch->name) == 0)
            review_rows(engine, watch, vm_key(engine->fleet->vms[i]), by);
    if (!watch->failure.told_not_kept)
        tell_not_kept(engine, watch, plan);
    watch->failure.told_not_kept = true;
    plan_free(plan);
    columns_free(columns);
    arena_free(&arena);
}

static bool has_moves_from(const struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        const struct move *move = engine->moves[i];
        if (!move_is_restart(move) && !move_is_staged(move) && move_is_active(move) &&
            (strcmp(move->record.from, host) == 0 || strcmp(move->record.to, host) == 0))
            return true;
    }
    return false;
}

/* Its source lives, and still has it: how that ends, libvirt there will say. */
static bool source_will_tell(const struct engine *engine, const struct move *move)
{
    const struct watch *from = watch_find(engine, move->record.from);
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    return move->followed && !move->left && from && from->connected && from->reported && vm &&
           vm_occupies(vm) && vm->host && strcmp(vm->host, from->name) == 0;
}

/*
 * A migration that neither of its hosts will ever speak of again: not before the proof is known.
 * One that has not begun never will, and must not stand in the way of the restart.
 * Of a start only the host matters where it is under way.
 */
static void settle_moves(struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        struct move *move = engine->moves[i];
        bool from = !move_is_restart(move) && strcmp(move->record.from, host) == 0;
        if (from && move->record.state == MIGRATION_QUEUED)
            move_end(engine, move, MIGRATION_CANCELLED, "its host is off");
        bool to = strcmp(move->record.to, host) == 0 && !source_will_tell(engine, move);
        if (!migration_ended(&move->record) && move_is_active(move) && !move->unsettled &&
            (from || to))
            move_settle(engine, move);
    }
}

void restarts_pump(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        if (watch->connected || !proof_of_host(watch) || watch->failure.reviewed)
            continue;
        bury(engine, watch);
        settle_moves(engine, watch->name);
        review(engine, watch);
        watch->failure.reviewed = !has_moves_from(engine, watch->name);
    }
}

/* Whether that report shows the VM, and not as one that is off. */
static bool shows(const struct event *report, const char *key)
{
    const struct vm *vms = report->vms.item;
    for (uint32_t i = 0; i < report->vms.n; i++)
        if (strcmp(vm_key(&vms[i]), key) == 0)
            return vm_occupies(&vms[i]);
    return false;
}

/*
 * A host is heard again after so long that it was taken for dead, and does not run any more what
 * it ran: it was off, though nobody has fenced it; or somebody has moved the VM away meanwhile.
 * After a shorter silence a VM that is off may have been shut down by its owner.
 */
void restart_missed(struct engine *engine, const struct watch *watch, const struct event *report)
{
    if (watch->reported || watch->away_s < engine->settings.limits.grace_s)
        return;
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        struct vm *vm = engine->fleet->vms[i];
        if (!vm->ha || !vm->host || strcmp(vm->host, watch->name) != 0 || !vm_occupies(vm) ||
            move_of_vm(engine, vm_key(vm)) || vm_changed_since(vm, watch->report_at) ||
            shows(report, vm_key(vm)))
            continue;
        vm->state = DROVER_VM_DOWN;
        vm->lost = true;
        keep_vm(engine, vm);
        queue_restart(engine, vm,
                      emit_printf(engine, "it ended on host %s, while that was out of sight",
                                  watch->name))
            ->unseen = true;
    }
}

/* Its host lives and says that it ended by itself: an HA VM comes back, there or elsewhere. */
void restart_crashed(struct engine *engine, const struct vm *vm, const char *why)
{
    if (!vm->ha || move_of_vm(engine, vm_key(vm)))
        return;
    struct move *move =
        queue_restart(engine, vm, emit_printf(engine, "it %s on host %s", why, vm->host));
    if (engine->now - vm->moved_at < engine->settings.restarts.retry_s * CALM) /* NAN: no */
        move->record.not_before = engine->now + engine->settings.restarts.retry_s;
}

/* ------------------------------------------------------------------ its turn */

/* That it was off before the VM's own host went out of sight says nothing, if it went on again. */
static bool is_stale(const struct proof *proof, const struct watch *from)
{
    return proof && from && proof_goes_on_at(proof) > 0 && proof_at(proof) < from->lost_at;
}

/* It has not been asked since, or it is not there to be asked. */
static bool may_have_it(const struct engine *engine, const struct watch *watch,
                        const struct watch *from, double since)
{
    const struct proof *proof = proof_of_host(watch);
    const struct host *host = fleet_host(engine->fleet, watch->name);
    if (watch->power.phase == POWER_OFF)
        return false; /* nothing ran there when drover switched it off */
    bool was_empty = host->state == DROVER_HOST_MAINTENANCE && host->state_since <= watch->lost_at;
    if (watch->failure.spoke_at > 0) /* it lives, and somebody may have moved it there since */
        was_empty = false;
    if (is_stale(proof, from))
        proof = NULL;
    if (!watch->connected)
        return !proof && !was_empty;
    return !watch->reported || watch->report_at < since;
}

bool move_may_be_anywhere(struct engine *engine, struct move *move)
{
    /* Of a restart's VM nothing is left once its host is off; a staged one had two. */
    const struct watch *from =
        move_is_restart(move) ? watch_find(engine, move->record.from) : NULL;
    bool maybe = false;
    if (!move->unseen || (from && !from->connected && proof_of_host(from)))
        return false;
    bool ask = !(engine->now < move->check_at);
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        if (!watch->configured || !may_have_it(engine, watch, from, move->record.updated_at))
            continue;
        maybe = true;
        if (!watch->connected && is_stale(proof_of_host(watch), from))
            failure_prove_again(engine, watch, move->record.name);
        if (ask && watch->connected)
            emit(engine, EFFECT_REFRESH)->host = emit_text(engine, watch->name);
    }
    if (maybe && ask)
        move->check_at = engine->now + CHECK_S;
    if (maybe)
        wake_at(engine, move->check_at);
    move->unseen = maybe;
    return maybe;
}

/*
 * Somebody else may have moved it away while its host was out of sight: a host that let it in, and
 * has not told since what it has, is asked. An event may be lost; a whole report is none.
 */
bool move_may_have_come_in(struct engine *engine, struct move *move)
{
    /* Until then it was known to run where it was: what was let in elsewhere before came to nothing. */
    const struct watch *from = watch_find(engine, move->record.from);
    bool out_of_sight = from && (!from->connected || move->unseen);
    double since = out_of_sight ? fmin(from->lost_at, move->record.created_at)
                                : move->record.created_at;
    bool maybe = false, ask = !(engine->now < move->check_at);
    const struct watch *watch;
    for (uint32_t i = 0; (watch = booking_unheard(engine, move->record.vm, since, &i)); i++) {
        maybe = true;
        if (ask && watch->connected)
            emit(engine, EFFECT_REFRESH)->host = emit_text(engine, watch->name);
    }
    if (maybe && ask)
        move->check_at = engine->now + CHECK_S;
    if (maybe)
        wake_at(engine, move->check_at);
    return maybe;
}

/* One of higher priority is not up yet, and has not had its time. */
static bool waits_for_higher(struct engine *engine, const struct move *move)
{
    for (uint32_t i = 0; i < engine->n_moves; i++) {
        const struct move *other = engine->moves[i];
        double until = other->record.created_at + engine->settings.restarts.priority_wait_s;
        if (!move_is_restart(other) || migration_ended(&other->record) ||
            other->record.priority <= move->record.priority || engine->now >= until)
            continue;
        wake_at(engine, until);
        return true;
    }
    return false;
}

bool restart_is_ready(struct engine *engine, struct move *move, const struct vm *vm)
{
    if (!vm) {
        move_end(engine, move, MIGRATION_CANCELLED, "nothing is known of the VM any more");
        return false;
    }
    if (vm_occupies(vm)) {
        move_end(engine, move, MIGRATION_CANCELLED,
                 emit_printf(engine, "it runs on host %s", vm->host ? vm->host : "?"));
        return false;
    }
    if (move->record.not_before > engine->now) {
        wake_at(engine, move->record.not_before);
        return false;
    }
    return !engine->cut_off && !vm_is_doubted(engine, move->record.vm) &&
           proof_of_vm(engine, move->record.vm, move->record.from) &&
           !move_may_be_anywhere(engine, move) && !move_may_have_come_in(engine, move) &&
           !waits_for_higher(engine, move);
}

/* The one place that orders a start, and it wants the proof. */
static void order_start(struct engine *engine, struct move *move, const struct proof *proof,
                        uint64_t decision)
{
    struct effect *effect = emit(engine, EFFECT_START);
    effect->move = move->record.id;
    effect->vm = emit_text(engine, move->record.vm);
    effect->host = emit_text(engine, move->record.to);
    effect->text = emit_text(engine, proof_text(proof));
    notice(engine, NOTICE_WARNING, "vm.restart", move->record.to, move->record.name,
           "VM %s is started on host %s: %s; proof: %s (decision %llu)", move->record.name,
           move->record.to, move->record.reason, proof_text(proof), (unsigned long long)decision)
        ->move = move->record.id;
}

void restart_begin(struct engine *engine, struct move *move, uint64_t decision)
{
    const struct proof *proof = proof_of_vm(engine, move->record.vm, move->record.from);
    if (strcmp(move->record.from, move->record.to) != 0)
        leftover_add(engine, move->record.vm, move->record.from);
    leftover_gone(engine, move->record.vm, move->record.to); /* it is wanted there from now on */
    move_set_state(engine, move, MIGRATION_PREPARING);
    order_start(engine, move, proof, decision);
}

/* ------------------------------------------------------------------ when it does not work */

static double pause_of(const struct engine *engine, const struct move *move)
{
    const struct restarts *restarts = &engine->settings.restarts;
    return move->record.attempt <= restarts->tries ? restarts->retry_s : restarts->long_retry_s;
}

/* The least that would let it start: the shortest remedy of one host's only refusal. */
static const char *remedy_of(struct engine *engine, const struct decision *decision)
{
    const struct host_verdict *hosts = decision->hosts.item;
    for (uint32_t i = 0; i < decision->hosts.n; i++) {
        const struct refusal *refusals = hosts[i].refusals.item;
        if (hosts[i].refusals.n == 1 && refusals[0].remedy[0])
            return emit_printf(engine, "; host %s would take it %s", hosts[i].name,
                               refusals[0].remedy);
    }
    return "";
}

void restart_wait(struct engine *engine, struct move *move, const struct decision *decision)
{
    const struct host_verdict *hosts = decision->hosts.item;
    const char *why = decision->hosts.n == 0
                          ? "there is no host in its cluster"
                          : emit_printf(engine, "%s refuses it on host %s: %s%s",
                                        hosts[0].refused_by, hosts[0].name, hosts[0].reason,
                                        remedy_of(engine, decision));
    bool told = move->told_short && strcmp(move->record.error, why) == 0;
    move_text(move, &move->record.error, why);
    if (move->record.tried.n > 0) /* a host that failed is better than none: all are tried again */
        move->record.tried = (struct texts){.known = true};
    move->record.attempt++;
    move->record.not_before = engine->now + pause_of(engine, move);
    move->told_short = true;
    move_set_state(engine, move, MIGRATION_QUEUED);
    if (!told)
        notice(engine, NOTICE_ERROR, "vm.no_host", move->record.from, move->record.name,
               "VM %s cannot be restarted (%s): no host takes it (decision %llu): %s; tried again "
               "for ever", move->record.name, move->record.reason,
               (unsigned long long)decision->id, why)
            ->move = move->record.id;
    capacity_need(engine, move->record.vm);
}

static void try_again(struct engine *engine, struct move *move, const char *error)
{
    move->unsettled = false;
    move_add_tried(move, move->record.to);
    leftover_add(engine, move->record.vm, move->record.to); /* it may have been defined there */
    double pause = pause_of(engine, move);
    notice(engine, NOTICE_WARNING, "vm.restart_failed", move->record.to, move->record.name,
           "VM %s could not be started on host %s (try %u): %s; tried again in %.0f s",
           move->record.name, move->record.to, move->record.attempt, error, pause)
        ->move = move->record.id;
    move->record.attempt++;
    move_queue_again(engine, move, error, pause);
}

/*
 * The start was ordered, and how it ended is not known: the host where it was to start must say
 * so, or be proven dead itself, before it may be started anywhere else.
 */
void restart_settle(struct engine *engine, struct move *move, const struct vm *vm)
{
    const char *error = move->record.error[0] ? move->record.error : "the host does not show it";
    const struct watch *to = watch_find(engine, move->record.to);
    bool runs = vm && vm->host && vm_occupies(vm) && !keep_is_hearsay(engine, vm_key(vm));
    if (runs && strcmp(vm->host, move->record.to) == 0)
        move_complete(engine, move);
    else if (runs) {
        move->unsettled = false;
        move_end(engine, move, MIGRATION_CANCELLED,
                 emit_printf(engine, "it runs on host %s", vm->host));
    } else if (to && !to->connected && proof_of_host(to)) {
        try_again(engine, move, error);
    } else if (move_host_reported(engine, move, move->record.to)) {
        if (isnan(move->missing_since))
            move->missing_since = engine->now;
        if (move->call_done || engine->now - move->missing_since >= START_S)
            try_again(engine, move, error);
    }
}

void on_start_done(struct engine *engine, const struct event *event)
{
    struct move *move = move_find(engine, event->id);
    if (move && move_is_staged(move)) {
        staged_start_done(engine, move, event);
        return;
    }
    if (!move || !move_is_restart(move) || !move_is_active(move) || move->call_done ||
        (event->host[0] && strcmp(event->host, move->record.to) != 0))
        return; /* said twice, or too late, or of an earlier try */
    move->call_done = true;
    if (!event->ok)
        move_text(move, &move->record.error, event->text);
    move->check_at = engine->now + CHECK_S;
    if (move->arrived)
        move_complete(engine, move);
    else if (!event->ok)
        move_settle(engine, move);
    engine->dirty = true;
}
