/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drains: a host that is to be emptied is looked at whenever something changes that may help, and
 * every now and then. What can go is queued; what cannot is held, with the reasons, for people to
 * read. It ends when the host has no VM left; until then it goes on trying.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Changes come in swarms, and each look plans the whole drain: so many seconds of them are one. A
 * drain that can do nothing for the moment is looked at more rarely, after twice the time with each
 * look that sets nothing going, so often at most; the first that does begins anew.
 */
#define SETTLE_S 1.0
#define DOUBLINGS 3

static double patience(const struct watch *watch, double seconds)
{
    return seconds * (1u << watch->idle_looks);
}

void drain_begin(struct engine *engine, struct watch *watch)
{
    watch->drain_at = engine->now;
    watch->idle_looks = 0;
}

void drains_wake(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++)
        engine->watches[i]->idle_looks = 0;
    drains_touch(engine);
}

void drains_touch(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        double soon = fmin(watch->looked_at, engine->now) + /* the clock may be set back */
                      patience(watch, SETTLE_S);
        if (!watch_wants_maintenance(watch) || watch->drain_at <= soon)
            continue;
        watch->drain_at = soon;
        wake_at(engine, soon); /* the drains of this round may have been looked at already */
    }
    engine->dirty = true;
}

void rest_vm(struct engine *engine, const char *vm, double until)
{
    for (uint32_t i = 0; i < engine->n_rests; i++) {
        if (strcmp(engine->rests[i].vm, vm) == 0) {
            engine->rests[i].until = until;
            return;
        }
    }
    engine->rests =
        memory_grow(engine->rests, &engine->rest_room, engine->n_rests + 1, sizeof *engine->rests);
    engine->rests[engine->n_rests++] =
        (struct rest){.vm = memory_copy_text(vm), .until = until};
}

bool vm_rests(const struct engine *engine, const char *vm)
{
    for (uint32_t i = 0; i < engine->n_rests; i++)
        if (strcmp(engine->rests[i].vm, vm) == 0 && engine->rests[i].until > engine->now)
            return true;
    return false;
}

static void end_rests(struct engine *engine)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < engine->n_rests; i++) {
        if (engine->rests[i].until <= engine->now) {
            free(engine->rests[i].vm);
            continue;
        }
        wake_at(engine, engine->rests[i].until);
        engine->rests[left++] = engine->rests[i];
    }
    if (left < engine->n_rests)
        drains_touch(engine);
    engine->n_rests = left;
}

/* The error of the VM's last move, for those who wonder why it is still there. */
static const char *last_error(const struct engine *engine, const char *vm)
{
    for (uint32_t i = engine->n_moves; i-- > 0;)
        if (strcmp(engine->moves[i]->record.vm, vm) == 0 && engine->moves[i]->record.error[0])
            return engine->moves[i]->record.error;
    return "its last move failed";
}

/* A VM that could go, but whose tries have just failed, is held, too. */
static void hold_resting(const struct engine *engine, struct plan *plan)
{
    const struct planned_move *moves = plan->moves.item;
    struct unplaced *all =
        arena_array(&plan->arena, plan->unplaced.n + plan->moves.n, sizeof *all);
    uint32_t n = plan->unplaced.n;
    if (n > 0)
        memcpy(all, plan->unplaced.item, n * sizeof *all);
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        if (!vm_rests(engine, moves[i].key))
            continue;
        all[n++] = (struct unplaced){
            .vm = moves[i].vm, .key = moves[i].key, .code = "migration.failed",
            .reason = arena_text(&plan->arena, last_error(engine, moves[i].key)),
        };
    }
    plan->unplaced = (struct rows){.item = all, .n = n};
}

/*
 * Somebody else moves it: the plan leaves it out, and that has to be known to whoever waits for
 * the host. It is shown, and not logged: mostly it is over soon.
 */
static void hold_foreign(const struct engine *engine, const struct columns *columns,
                         uint32_t host, struct plan *plan)
{
    const struct drover_lists *vms = &columns->hosts.vms; /* by name */
    uint32_t first = vms->start[host], n = plan->unplaced.n;
    struct unplaced *all = arena_array(&plan->arena, n + vms->start[host + 1] - first, sizeof *all);
    if (n > 0)
        memcpy(all, plan->unplaced.item, n * sizeof *all);
    for (uint32_t i = first; i < vms->start[host + 1]; i++) {
        const struct vm *vm = columns->vm_record[vms->item[i]];
        if (vm->state != DROVER_VM_MIGRATING || move_of_vm(engine, vm_key(vm)))
            continue;
        all[n++] = (struct unplaced){
            .vm = arena_text(&plan->arena, vm->name),
            .key = arena_text(&plan->arena, vm_key(vm)),
            .code = "migration.foreign",
            .reason = "somebody else is migrating it; drover waits until that has ended",
        };
    }
    plan->unplaced = (struct rows){.item = all, .n = n};
}

static bool was_held(const struct plan *plan, const struct unplaced *row)
{
    const struct unplaced *rows = plan ? plan->unplaced.item : NULL;
    for (uint32_t i = 0; plan && i < plan->unplaced.n; i++)
        if (strcmp(rows[i].key, row->key) == 0)
            return true;
    return false;
}

/* Said once for each VM, not at each look; drover status has the reason as it is now. */
static void tell_held(struct engine *engine, const struct watch *watch, const struct plan *plan)
{
    const struct unplaced *rows = plan->unplaced.item;
    for (uint32_t i = 0; i < plan->unplaced.n; i++)
        if (!was_held(watch->held, &rows[i]))
            notice(engine, NOTICE_WARNING, "drain.held", watch->name, rows[i].vm,
                   "VM %s cannot leave host %s: %s", rows[i].vm, watch->name, rows[i].reason);
}

/* Returns how many that are. */
static uint32_t queue_planned(struct engine *engine, const struct watch *watch,
                              const struct plan *plan)
{
    uint32_t n = 0;
    const char *who = watch->maintenance.by_operator && watch->maintenance.who
                          ? watch->maintenance.who
                          : "file";
    const struct planned_move *moves = plan->moves.item;
    for (uint32_t i = 0; i < plan->moves.n; i++) {
        const struct vm *vm = fleet_vm(engine->fleet, moves[i].key);
        if (!vm || vm->state == DROVER_VM_MIGRATING || move_of_vm(engine, moves[i].key) ||
            vm_rests(engine, moves[i].key))
            continue;
        move_may_break(move_queue(engine, vm, DROVER_TO_DRAIN, who, moves[i].reason, ""),
                       &moves[i].breaks);
        n++;
    }
    return n;
}

/* Hosts that save power may have room. */
static void ask_for_room(struct engine *engine, const struct plan *plan)
{
    const struct unplaced *rows = plan->unplaced.item;
    for (uint32_t i = 0; i < plan->unplaced.n; i++)
        if (capacity_need(engine, rows[i].key))
            return;
}

static void look_at_drain(struct engine *engine, struct watch *watch)
{
    struct columns *columns = engine_columns(engine);
    struct arena arena = ARENA_INIT;
    struct rules rules = engine_rules(engine, columns, &arena);
    uint32_t host = columns_host(columns, watch->name);
    struct plan *plan = plan_drain(columns, &rules, host);
    breakers_note(engine, &plan->failures);
    ask_for_room(engine, plan);
    hold_resting(engine, plan);
    tell_held(engine, watch, plan);
    if (queue_planned(engine, watch, plan) > 0)
        watch->idle_looks = 0;
    else if (watch->idle_looks < DOUBLINGS)
        watch->idle_looks++;
    hold_foreign(engine, columns, host, plan);
    plan_free(watch->held);
    watch->held = plan;
    columns_free(columns);
    arena_free(&arena);
}

/* Where nothing changes. */
static double next_look_s(const struct engine *engine, const struct watch *watch)
{
    const struct limits *limits = &engine->settings.limits;
    return fmin(patience(watch, limits->retry_s), fmax(limits->retry_s, limits->retry_limit_s));
}

void drains_pump(struct engine *engine)
{
    end_rests(engine);
    for (uint32_t i = 0; i < engine->n_watches; i++) {
        struct watch *watch = engine->watches[i];
        const struct host *host = fleet_host(engine->fleet, watch->name);
        if (host->state != DROVER_HOST_PREPARING_FOR_MAINTENANCE)
            continue;
        if (engine->now >= watch->drain_at) {
            look_at_drain(engine, watch);
            watch->looked_at = engine->now;
            watch->drain_at = engine->now + next_look_s(engine, watch);
        }
        wake_at(engine, watch->drain_at);
    }
}
