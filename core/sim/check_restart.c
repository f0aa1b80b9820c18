/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that die, and the VMs on them: nothing is started that may still run, nothing is forgotten
 * that should run, the important ones come first, and a controller that is cut off does not fence.
 */
#include "sim/check.h"

#include <math.h>
#include <string.h>

#define OWED_S 120.0 /* so long a VM may be without a restart, once one was ordered and not done */

/* ------------------------------------------------------------------ proof */

/*
 * By the truth, and at the moment of the order: nothing executes it, and nobody is about to.
 * Where a fence device has said off of a host that runs, and every probe of it was blind, drover
 * could not know: that is the device's lie, counted as such (figures.lied_into), and no fault of
 * drover's. A lie that a probe could have seen excuses nothing.
 */
static void check_start(struct run *run, const struct effect *effect)
{
    uint32_t vm = sim_find_vm(run->sim, effect->vm);
    struct sim_truth truth = sim_vm_truth(run->sim, vm);
    const struct migration *move = migration_of(run, effect->move);
    bool again = truth.starting && move && move->kind == MIGRATION_COLD &&
                 strcmp(truth.starting, effect->host) == 0; /* said twice, it is done once */
    if (truth.starting && !again)
        run_broken(run, "VM %s is started on host %s, while its start on host %s is under way",
                   effect->vm, effect->host, truth.starting);
    else if (truth.executing > 0 && !truth.unseen)
        run_broken(run, "VM %s is started on host %s, and it runs on host %s", effect->vm,
                   effect->host, truth.host);
}

/* A higher one that has not been started, and has not had its time. */
static void check_order_of_starts(struct run *run, const struct effect *effect)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    const struct migration *own = migration_of(run, effect->move);
    double now = engine_fleet(run->engine)->now;
    for (uint32_t i = 0; own && own->kind == MIGRATION_RESTART && i < n; i++)
        if (all[i]->kind == MIGRATION_RESTART && !migration_ended(all[i]) &&
            all[i]->priority > own->priority &&
            now < all[i]->created_at + run->settings.restarts.priority_wait_s)
            run_broken(run, "VM %s (priority %.0f) is started before VM %s (%.0f), which has "
                       "waited for %.0f s only", own->name, own->priority, all[i]->name,
                       all[i]->priority, now - all[i]->created_at);
}

void check_restarts(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind != EFFECT_START)
            continue;
        check_start(run, effect);
        check_order_of_starts(run, effect);
    }
}

/* ------------------------------------------------------------------ definitions */

/* A host has told this controller that the VM runs there; or it does, whoever knows it. */
static bool runs_elsewhere(struct run *run, uint32_t vm, const char *host)
{
    struct sim_truth truth = sim_vm_truth(run->sim, vm);
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++)
        if (word_of(run, vm, h)->claims && sim_host_heard(run->sim, h) &&
            strcmp(sim_host_name(run->sim, h), host) != 0)
            return true;
    return truth.moving || (truth.executing > 0 && strcmp(truth.host, host) != 0);
}

void check_undefined(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind == EFFECT_UNDEFINE &&
            !runs_elsewhere(run, sim_find_vm(run->sim, effect->vm), effect->host))
            run_broken(run, "the definition of VM %s is removed from host %s, and no host has said "
                       "that it runs there", effect->vm, effect->host);
    }
}

/* ------------------------------------------------------------------ fencing */

/* As hosts have been heard; those that are wanted empty, or proven dead, do not count. */
static bool seems_cut_off(const struct run *run)
{
    uint32_t n, gone = 0, total = 0;
    const struct host_status *status = engine_host_status(run->engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        bool heard = sim_host_heard(run->sim, sim_find_host(run->sim, status[i].name));
        if (status[i].state == DROVER_HOST_DOWN || (!heard && status[i].maintenance_wanted))
            continue;
        total++;
        gone += !heard;
    }
    return gone > 1 && gone * 100.0 >= run->settings.fencing.cut_off_pct * total;
}

void check_fences(struct run *run, const struct event *event)
{
    double since = sim_now(run->sim) - run->checks->controller_since;
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind != EFFECT_FENCE || strcmp(effect->name, "on") == 0 ||
            strcmp(effect->name, "status") == 0 || strcmp(effect->name, "listen") == 0)
            continue; /* it harms nobody */
        if (seems_cut_off(run))
            run_broken(run, "host %s is fenced (%s) by a controller that is cut off from most "
                       "hosts", effect->host, effect->name);
        if (since < run->settings.fencing.quiet_start_s && clock_is_right(run) &&
            run->simulation->faults >> FAULT_CLOCK == 0)
            run_broken(run, "host %s is fenced (%s) %.0f s after the controller has started",
                       effect->host, effect->name, since);
    }
}

/* ------------------------------------------------------------------ nothing is forgotten */

/*
 * Restarts that were ordered are owed from then on, whichever controller lives, until the VM runs
 * or somebody has called it off.
 */
void owed_step(struct run *run, const struct event *event)
{
    for (uint32_t i = 0; i < run->effects.n && run->checks->kept; i++) {
        const struct migration *move = run->effects.item[i].migration;
        if (run->effects.item[i].kind != EFFECT_MIGRATION || move->kind != MIGRATION_RESTART)
            continue;
        uint32_t vm = sim_find_vm(run->sim, move->vm);
        if (vm == UINT32_MAX)
            continue;
        if (!migration_ended(move))
            run->checks->owed[vm].owed = true;
        else if (move->state == MIGRATION_COMPLETED || event->kind == EVENT_OPERATOR_REQUEST ||
                 sim_vm_truth(run->sim, vm).place != SIM_OFF)
            run->checks->owed[vm] = (struct owed){false, NAN};
    }
}

static bool is_being_restarted(const struct run *run, const char *key)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!migration_ended(all[i]) && strcmp(all[i]->vm, key) == 0)
            return true;
    return false;
}

/* It may be off again by its owner's will, or broken in a way of its own. */
void check_owed(struct run *run)
{
    double now = sim_now(run->sim);
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++) {
        struct owed *owed = &run->checks->owed[v];
        if (!owed->owed)
            continue;
        struct sim_truth truth = sim_vm_truth(run->sim, v);
        const char *key = sim_vm_key(run->sim, v);
        if (truth.place != SIM_OFF || truth.rests) {
            *owed = (struct owed){false, NAN};
        } else if (is_being_restarted(run, key) ||
                   now - run->checks->controller_since < OWED_S) {
            owed->since = NAN;
        } else if (isnan(owed->since)) {
            owed->since = now;
        } else if (now - owed->since > OWED_S) {
            run_broken(run, "VM %s was to be restarted, runs nowhere, and is forgotten", key);
        }
    }
}

static bool some_host_takes(const struct run *run, const char *key)
{
    struct fleet *fleet = fleet_copy(engine_fleet(run->engine));
    fleet->now = engine_fleet(run->engine)->now;
    struct columns *columns = columns_new(fleet);
    columns->asking = true;
    struct arena arena = ARENA_INIT;
    struct question question = {.vm = columns_vm(columns, key), .purpose = DROVER_TO_EVACUATE};
    bool takes = false;
    for (uint32_t i = 0; i < fleet->n_hosts && question.vm != DROVER_NONE && !takes; i++) {
        const struct ruleset *rules = check_rules(run, fleet->hosts[i]->cluster);
        takes = rules && decide_accepts(columns, rules, &question,
                                        columns_host(columns, fleet->hosts[i]->name), &arena);
    }
    arena_free(&arena);
    columns_free(columns);
    fleet_free(fleet);
    return takes;
}

/* It is not waiting for its next try. */
static bool is_overdue(const struct run *run, const char *key)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!migration_ended(all[i]) && strcmp(all[i]->vm, key) == 0)
            return all[i]->not_before < engine_fleet(run->engine)->now - OWED_S;
    return true;
}

/* Hours after the last fault nothing that is owed still waits, unless there is no room for it. */
void check_owed_at_rest(struct run *run)
{
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++) {
        const char *key = sim_vm_key(run->sim, v);
        struct sim_truth truth = sim_vm_truth(run->sim, v);
        if (run->checks->owed[v].owed && truth.place == SIM_OFF && !truth.rests &&
            !truth.starting && is_overdue(run, key) && some_host_takes(run, key))
            run_broken(run, "VM %s has not run for %.0f s, is still to be restarted, and there is "
                       "room for it", key, truth.lost_s);
    }
}
