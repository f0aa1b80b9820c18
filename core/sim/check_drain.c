/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts that somebody wants empty: how long it takes, whether it goes on, and who wants it. */
#include "sim/check.h"

#include <math.h>
#include <string.h>

/* Looked at again every retry_s; more is needed where news is late, or a clock was set back. */
#define IDLE_S 180.0

void drains_begin(struct run *run)
{
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++)
        run->checks->drains[h].idle_since = NAN;
}

/* ------------------------------------------------------------------ how long */

/* What an operator last asked for; not known where the controller died before it was kept. */
static void note_wish(struct run *run, const struct event *event)
{
    bool on = strcmp(event->name, "maintenance_on") == 0;
    if (event->kind != EVENT_OPERATOR_REQUEST ||
        (!on && strcmp(event->name, "maintenance_off") != 0))
        return;
    uint32_t host = sim_find_host(run->sim, event->host);
    if (host != UINT32_MAX)
        run->checks->drains[host].asked = !run->checks->kept ? WISH_UNKNOWN
                                         : on              ? WISH_ON
                                                           : WISH_OFF;
}

static void end_drain(struct run *run, const struct drain_watch *watch)
{
    struct figures *figures = &run->result->figures;
    double took = sim_now(run->sim) - watch->since;
    figures->drains_done++;
    figures->drain_s += took;
    figures->longest_drain_s = fmax(figures->longest_drain_s, took);
}

static void note_status(struct run *run)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(run->engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct drain_watch *watch = &run->checks->drains[i]; /* both by name */
        if (status[i].maintenance_wanted && isnan(watch->since)) {
            watch->since = sim_now(run->sim);
            watch->under_way = true;
            run->result->figures.drains++;
        } else if (!status[i].maintenance_wanted) {
            watch->since = NAN;
        }
        if (watch->under_way && status[i].state == DROVER_HOST_MAINTENANCE)
            end_drain(run, watch);
        if (!status[i].maintenance_wanted || status[i].state == DROVER_HOST_MAINTENANCE)
            watch->under_way = false;
    }
}

/* Wishes and states that change are told of. */
void note_drains(struct run *run, const struct event *event)
{
    note_wish(run, event);
    for (uint32_t i = 0; i < run->effects.n; i++) {
        if (run->effects.item[i].kind == EFFECT_NOTICE) {
            note_status(run);
            return;
        }
    }
}

/* ------------------------------------------------------------------ whether it goes on */

static bool has_moves(const struct run *run, const char *host)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!migration_ended(all[i]) &&
            (strcmp(all[i]->from, host) == 0 || strcmp(all[i]->to, host) == 0))
            return true;
    return false;
}

/* The first VM that is said to be on a host, and how; for the message. */
static const char *vm_on(const struct run *run, const char *host, struct arena *arena)
{
    const struct fleet *fleet = engine_fleet(run->engine);
    for (uint32_t i = 0; i < fleet->n_vms; i++) {
        const struct vm *vm = fleet->vms[i];
        if (vm->host && strcmp(vm->host, host) == 0 && vm->state != DROVER_VM_DOWN)
            return arena_printf(arena, "%s, %s%s%s", vm->name, vm_state_names[vm->state],
                                vm->to ? ", on its way to " : "", vm->to ? vm->to : "");
    }
    return "none";
}

static void check_drain(struct run *run, uint32_t index, const struct host_status *status)
{
    struct drain_watch *watch = &run->checks->drains[index];
    bool idle = status->maintenance_wanted && status->state != DROVER_HOST_MAINTENANCE &&
                status->held.n == 0 && sim_host_prompt(run->sim, index) && clock_is_right(run) &&
                !has_moves(run, status->name);
    if (!idle)
        watch->idle_since = NAN;
    else if (isnan(watch->idle_since))
        watch->idle_since = sim_now(run->sim);
    if (!(sim_now(run->sim) - watch->idle_since > IDLE_S))
        return;
    struct arena arena = ARENA_INIT;
    run_broken(run, "host %s is to be emptied, is %s with %u VMs on it (%s), nothing moves and "
               "nothing is said to hold it", status->name, host_state_names[status->state],
               status->vms, vm_on(run, status->name, &arena));
    arena_free(&arena);
}

void check_drains(struct run *run)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(run->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        check_drain(run, i, &status[i]);
}

/* ------------------------------------------------------------------ who wants it */

void check_wishes(struct run *run)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(run->engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        enum wish_asked asked = run->checks->drains[i].asked;
        bool file = sim_host_file(run->sim, i);
        bool by_people = status[i].maintenance_wanted &&
                         strcmp(status[i].maintenance_by, "policy") != 0;
        if (asked != WISH_UNKNOWN && (asked == WISH_ON || file) != by_people)
            run_broken(run, "maintenance of host %s was %s, and drover thinks otherwise",
                       status[i].name, asked == WISH_ON || file ? "asked for" : "taken back");
    }
}
