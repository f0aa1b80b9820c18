/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves that have not ended: they start, end and are aborted in time. Time counts only while the
 * hosts concerned answer at once and the controller's clock is right.
 */
#include "sim/check.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

#define ENDS_S 30.0      /* its VM is at the destination */
#define ENDS_ELSE_S 150.0 /* it is anywhere else, or nowhere: that takes more asking */
#define ENDS_COLD_S 900.0 /* its guest may take long to shut down, its start be tried again */
#define STARTS_S 60.0
#define ABORTS_S 10.0
#define KNOWN_S 60.0

/* ------------------------------------------------------------------ following */

void follows_begin(struct run *run)
{
    run->checks->n_follows = 0;
    run->checks->follows_done = false;
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++)
        run->checks->unknown[v].since = NAN;
}

struct follow *follow_of(struct run *run, uint64_t move)
{
    struct checks *checks = run->checks;
    for (uint32_t i = 0; i < checks->n_follows; i++)
        if (checks->follows[i].id == move)
            return &checks->follows[i];
    checks->follows = memory_grow(checks->follows, &checks->follow_room, checks->n_follows + 1,
                                  sizeof *checks->follows);
    checks->follows[checks->n_follows] =
        (struct follow){.id = move, .ordered_at = -INFINITY, .idle_since = NAN,
                        .queued_since = NAN, .abort_since = NAN, .downtime_ms = NAN,
                        .may_repeat = true};
    return &checks->follows[checks->n_follows++];
}

static const struct migration *move_of_vm(const struct run *run, const char *vm)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = n; i-- > 0;)
        if (!migration_ended(all[i]) && strcmp(all[i]->vm, vm) == 0)
            return all[i];
    return NULL;
}

/* An operator's abort that was answered well is a promise. */
static void note_promise(struct run *run, const struct event *event)
{
    if (event->kind != EVENT_OPERATOR_REQUEST || strcmp(event->name, "abort") != 0)
        return;
    const struct vm *vm = fleet_find_vm(run->simulation->fleet, event->vm, NULL);
    const struct migration *move = vm ? move_of_vm(run, vm_key(vm)) : NULL;
    for (uint32_t i = 0; move && i < run->effects.n; i++)
        if (run->effects.item[i].kind == EFFECT_ANSWER &&
            run->effects.item[i].status == ERROR_NONE)
            follow_of(run, move->id)->abort_promised = true;
}

/* What its source said before is over with it. */
static void note_end(struct run *run, const struct migration *move)
{
    uint32_t vm = sim_find_vm(run->sim, move->vm), from = sim_find_host(run->sim, move->from);
    if (move->state == MIGRATION_COMPLETED && vm != UINT32_MAX && from != UINT32_MAX &&
        strcmp(move->from, move->to) != 0)
        word_of(run, vm, from)->claims = false;
}

void follow_step(struct run *run, const struct event *event)
{
    note_promise(run, event);
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind == EFFECT_MIGRATION) {
            run->checks->follows_done = false;
            note_end(run, effect->migration);
        }
        if (effect->kind != EFFECT_MIGRATE && effect->kind != EFFECT_START)
            continue;
        struct follow *follow = follow_of(run, effect->move);
        follow->ordered_at = sim_now(run->sim);
        follow->abort_promised = false;
        follow->abort_since = NAN;
    }
}

void check_arrival(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct migration *move = run->effects.item[i].migration;
        if (run->effects.item[i].kind != EFFECT_MIGRATION || move->state != MIGRATION_COMPLETED)
            continue;
        uint32_t vm = sim_find_vm(run->sim, move->vm), to = sim_find_host(run->sim, move->to);
        if (vm == UINT32_MAX || to == UINT32_MAX || move->kind == MIGRATION_OFFLINE)
            continue;
        if (!(word_of(run, vm, to)->at >= follow_of(run, move->id)->ordered_at))
            run_broken(run, "move %llu of VM %s is completed, and its destination, host %s, has "
                       "not said that it runs there", (unsigned long long)move->id, move->name,
                       move->to);
    }
}

/* ------------------------------------------------------------------ every few seconds */

/* Whether something has been so for long: `since` is where that is kept. */
static bool lasts(const struct run *run, double *since, bool is_so, double for_s)
{
    if (!is_so)
        *since = NAN;
    else if (isnan(*since))
        *since = sim_now(run->sim);
    return sim_now(run->sim) - *since > for_s;
}

static bool is_prompt(const struct run *run, const char *host)
{
    uint32_t index = sim_find_host(run->sim, host);
    return index != UINT32_MAX && sim_host_prompt(run->sim, index);
}

static void check_end(struct run *run, const struct migration *move, struct follow *follow)
{
    struct sim_truth truth = sim_vm_truth(run->sim, sim_find_vm(run->sim, move->vm));
    bool over = move->state != MIGRATION_QUEUED && !truth.moving && !truth.starting && truth.place != SIM_BROKEN &&
                is_prompt(run, move->from) && is_prompt(run, move->to) && clock_is_right(run);
    bool arrived = truth.place == SIM_RUNS && strcmp(truth.host, move->to) == 0;
    double most_s = move->kind == MIGRATION_COLD ? ENDS_COLD_S : arrived ? ENDS_S : ENDS_ELSE_S;
    over &= move->state != MIGRATION_VERIFY; /* for as long as people take */
    if (arrived != follow->arrived) /* a restart's may come up long after it was ordered */
        follow->idle_since = NAN;
    follow->arrived = arrived;
    if (lasts(run, &follow->idle_since, over, most_s))
        run_broken(run, "move %llu of VM %s from host %s to host %s is %s, though libvirt has not "
                   "been moving it for %.0f s, and it %s", (unsigned long long)move->id,
                   move->name, move->from, move->to, migration_state_names[move->state],
                   sim_now(run->sim) - follow->idle_since,
                   arrived ? "runs at its destination" : "is not at its destination");
}

/* Ends of what the engine has forgotten are not followed any more. */
static void drop_ended(struct run *run)
{
    struct checks *checks = run->checks;
    uint32_t left = 0;
    for (uint32_t i = 0; i < checks->n_follows; i++)
        if (checks->follows[i].there)
            checks->follows[left++] = checks->follows[i];
    checks->n_follows = left;
    checks->follows_done = left == 0;
}

void check_ends(struct run *run)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    if (run->checks->follows_done)
        return;
    for (uint32_t i = 0; i < run->checks->n_follows; i++)
        run->checks->follows[i].there = false;
    for (uint32_t i = 0; i < n; i++) {
        if (migration_ended(all[i]))
            continue;
        struct follow *follow = follow_of(run, all[i]->id);
        follow->there = true;
        check_end(run, all[i], follow);
    }
    drop_ended(run);
}

static bool something_is_active(const struct migration *const *all, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!migration_ended(all[i]) && all[i]->state != MIGRATION_QUEUED)
            return true;
    return false;
}

/* Another host has said that it runs the VM, and cannot be asked whether it still does. */
static bool is_doubted(struct run *run, const struct migration *move)
{
    uint32_t vm = sim_find_vm(run->sim, move->vm);
    for (uint32_t h = 0; vm != UINT32_MAX && h < sim_n_hosts(run->sim); h++)
        if (h != sim_find_host(run->sim, move->from) && word_of(run, vm, h)->claims &&
            !sim_host_heard(run->sim, h))
            return true;
    return false;
}

/* It waits, and neither its pause nor its VM, nor its host, nor other moves are the reason. */
static bool waits_for_nothing(struct run *run, const struct migration *move)
{
    const struct fleet *fleet = engine_fleet(run->engine);
    const struct vm *vm = fleet_vm(fleet, move->vm);
    struct sim_truth truth = sim_vm_truth(run->sim, sim_find_vm(run->sim, move->vm));
    return move->state == MIGRATION_QUEUED && !(move->not_before > fleet->now) && vm &&
           vm->host && strcmp(vm->host, move->from) == 0 && vm->state != DROVER_VM_MIGRATING &&
           truth.place == SIM_RUNS && strcmp(truth.host, move->from) == 0 &&
           is_prompt(run, move->from) && !is_doubted(run, move) && clock_is_right(run);
}

void check_starts(struct run *run)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    if (run->checks->follows_done)
        return;
    bool active = something_is_active(all, n);
    for (uint32_t i = 0; i < n; i++) {
        if (migration_ended(all[i]))
            continue;
        struct follow *follow = follow_of(run, all[i]->id);
        bool waits = !active && waits_for_nothing(run, all[i]);
        if (lasts(run, &follow->queued_since, waits, STARTS_S))
            run_broken(run, "move %llu of VM %s from host %s has been queued for %.0f s, and "
                       "nothing holds it up", (unsigned long long)all[i]->id, all[i]->name,
                       all[i]->from, sim_now(run->sim) - follow->queued_since);
    }
}

/* ------------------------------------------------------------------ by the truth */

static bool is_to_be_aborted(struct run *run, const char *vm, const char *to)
{
    const struct migration *move = move_of_vm(run, vm);
    uint32_t host = sim_find_host(run->sim, to);
    return (host != UINT32_MAX && !isnan(run->checks->drains[host].since)) ||
           (move && follow_of(run, move->id)->abort_promised);
}

void check_aborts(struct run *run)
{
    for (uint32_t i = 0; i < sim_n_moving(run->sim); i++) {
        const char *key = sim_vm_key(run->sim, sim_moving_vm(run->sim, i));
        struct sim_truth truth = sim_vm_truth(run->sim, sim_moving_vm(run->sim, i));
        const struct migration *move = truth.by_drover ? move_of_vm(run, key) : NULL;
        if (!move)
            continue;
        struct follow *follow = follow_of(run, move->id);
        bool wanted = truth.copying && is_prompt(run, truth.from) && clock_is_right(run) &&
                      is_to_be_aborted(run, key, truth.to);
        if (lasts(run, &follow->abort_since, wanted, ABORTS_S))
            run_broken(run, "move %llu of VM %s from host %s to host %s was to be aborted, and "
                       "has gone on for %.0f s", (unsigned long long)move->id, move->name,
                       truth.from, truth.to, sim_now(run->sim) - follow->abort_since);
    }
}

void check_known(struct run *run)
{
    for (uint32_t i = 0; i < sim_n_moving(run->sim); i++) {
        uint32_t vm = sim_moving_vm(run->sim, i);
        struct sim_truth truth = sim_vm_truth(run->sim, vm);
        const struct migration *move = move_of_vm(run, sim_vm_key(run->sim, vm));
        bool unknown = truth.by_drover && is_prompt(run, truth.from) && clock_is_right(run) &&
                       (!move || move->state == MIGRATION_QUEUED);
        struct unknown *entry = &run->checks->unknown[vm];
        if (entry->job != truth.job)
            *entry = (struct unknown){truth.job, NAN};
        if (lasts(run, &entry->since, unknown, KNOWN_S))
            run_broken(run, "VM %s moves from host %s to host %s by drover's order, and drover "
                       "has not known of it for %.0f s", sim_vm_key(run->sim, vm), truth.from,
                       truth.to, sim_now(run->sim) - entry->since);
    }
}
