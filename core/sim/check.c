/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of invariants, when they are looked at, and those about the world itself. */
#include "sim/check.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_PER_SECOND 100

const struct migration *migration_of(const struct run *run, uint64_t id)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = n; i-- > 0;)
        if (all[i]->id == id)
            return all[i];
    return NULL;
}

bool clock_is_right(const struct run *run)
{
    return sim_clock(run->sim) >= engine_fleet(run->engine)->now;
}

/* ------------------------------------------------------------------ the world */

static void check_twice(struct run *run)
{
    const struct sim_totals *totals = sim_totals(run->sim);
    if (totals->executing_twice)
        run_broken(run, "VM %s runs on two hosts", totals->executing_twice);
}

static void check_limits(struct run *run)
{
    const struct limits *limits = &run->settings.limits;
    uint64_t jobs = sim_totals(run->sim)->jobs;
    if (jobs == run->checks->jobs_seen)
        return;
    run->checks->jobs_seen = jobs;
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++) {
        uint32_t out = sim_moves_under_way(run->sim, h, UINT32_MAX);
        uint32_t in = sim_moves_under_way(run->sim, UINT32_MAX, h);
        if (out > limits->outgoing_per_host || in > limits->incoming_per_host)
            run_broken(run, "%u moves leave host %s and %u come in at a time; the limits are %u "
                       "and %u", out, sim_host_name(run->sim, h), in, limits->outgoing_per_host,
                       limits->incoming_per_host);
    }
    uint32_t all = sim_moves_under_way(run->sim, UINT32_MAX, UINT32_MAX);
    uint32_t most = limits->per_cluster * run->simulation->fleet->n_clusters;
    if (all > most)
        run_broken(run, "%u moves at a time; the limit is %u", all, most);
}

/* ------------------------------------------------------------------ what is said */

/* Whose name it is; UINT32_MAX: nobody's. */
static uint32_t vm_called(const struct run *run, const char *name)
{
    const struct vm *vm = fleet_find_vm(run->simulation->fleet, name, NULL);
    return vm ? sim_find_vm(run->sim, vm_key(vm)) : UINT32_MAX;
}

static void check_alarms(struct run *run, const struct event *event)
{
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind != EFFECT_NOTICE)
            continue;
        if (strcmp(effect->name, "vm.twice") == 0)
            run_broken(run, "VM %s is said to run twice, and it never did", effect->vm);
        if (strcmp(effect->name, "vm.lost") != 0)
            continue;
        uint32_t vm = vm_called(run, effect->vm);
        struct sim_truth truth = {0};
        if (vm != UINT32_MAX)
            truth = sim_vm_truth(run->sim, vm);
        if (truth.executing > 0 && !truth.unseen) /* a device's lie is no fault of drover's */
            run_broken(run, "VM %s is said to be lost, and it runs on host %s", effect->vm,
                       truth.host);
    }
}

static void check_ticks(struct run *run, const struct event *event)
{
    struct checks *checks = run->checks;
    if (event->kind != EVENT_TICK)
        return;
    if (sim_now(run->sim) >= checks->second + 1) {
        checks->second = sim_now(run->sim);
        checks->ticks = 0;
    }
    if (++checks->ticks > TICKS_PER_SECOND)
        run_broken(run, "the engine wakes up more than %d times within one second: its wake time "
                   "(%.3f) does not advance", TICKS_PER_SECOND, engine_next_wake(run->engine));
}

/* ------------------------------------------------------------------ the table */

const struct invariant invariants[] = {
    {"twice", "no VM executes on two hosts", .world = check_twice},
    {"limits", "no more moves at a time than the limits say", .world = check_limits},
    {"alarms", "what is told as lost or as running twice is so", .step = check_alarms},
    {"ticks", "the engine's wake time advances", .step = check_ticks},
    {"answers", "each question is answered once", .step = check_answers},
    {"orders", "a VM is ordered to a host that is up and that every filter allows",
     .step = check_orders},
    {"proof", "a VM is not ordered anew while its former move is under way", .step = check_proof},
    {"claims", "a VM that two hosts claim is not moved", .step = check_claims},
    {"groups", "no order breaks a hard rule between VMs", .step = check_groups},
    {"cooldown", "a VM that moved is not balanced again before it has rested",
     .step = check_cooldown},
    {"repeats", "an effect is repeated at most by the rules", .step = check_repeats},
    {"budget", "a round of balancing moves no more VMs than it may, a move tries no more hosts",
     .step = check_budget},
    {"quiet", "without faults, requests and change of load, what has come to rest stays so",
     .step = check_quiet},
    {"restarts", "nothing is started that may still run, and the important ones come first",
     .step = check_restarts},
    {"undefined", "a definition is removed only while its VM runs elsewhere",
     .step = check_undefined},
    {"fences", "a controller that is cut off, or has just started, fences nothing",
     .step = check_fences},
    {"power", "no VM's host is switched off to save power", .step = check_power},
    {"owed", "a VM that is to be restarted is not forgotten, and is started where there is room",
     .minute = check_owed, .rest = check_owed_at_rest},
    {"arrival", "a move is completed when its destination has said that the VM runs there",
     .step = check_arrival},
    {"ends", "a move that libvirt has ended ends soon", .moment = check_ends},
    {"starts", "a queued move that nothing holds up starts soon", .moment = check_starts},
    {"aborts", "what is to be aborted, and can be, is soon", .moment = check_aborts},
    {"known", "drover knows of every move that it has ordered", .moment = check_known},
    {"wishes", "a host is wanted empty as long as somebody has asked for that, over restarts, too",
     .minute = check_wishes, .rest = check_wishes},
    {"drains", "a drain goes on, ends, or says what holds it", .minute = check_drains},
    {"rebuild", "what is remembered alone rebuilds moves, wishes and cool-downs",
     .minute = check_rebuild_sometimes, .death = check_rebuild, .rest = check_rebuild_world},
    {"hosts", "when all is calm, every host is connected and in the state that it should be in",
     .rest = check_hosts_at_rest},
    {"picture", "when all is calm, every VM is where drover thinks that it is",
     .rest = check_vms_at_rest},
    {0},
};

uint32_t simulation_invariants(void)
{
    return (uint32_t)(sizeof invariants / sizeof *invariants) - 1;
}

/* ------------------------------------------------------------------ looking */

static bool begins(struct run *run, const struct invariant *invariant)
{
    run->checks->checking = invariant;
    run->result->figures.checks++;
    return true;
}

#define LOOK(run, when, ...)                                                                      \
    do {                                                                                          \
        for (const struct invariant *i = invariants; i->name; i++)                                \
            if (i->when && begins(run, i))                                                        \
                i->when(__VA_ARGS__);                                                             \
    } while (0)

void check_step(struct run *run, const struct event *event, bool kept)
{
    run->checks->kept = kept;
    words_hear(run, event);
    note_drains(run, event);
    LOOK(run, step, run, event);
    figures_step(run);
    owed_step(run, event);
    follow_step(run, event);
}

void check_world(struct run *run)
{
    LOOK(run, world, run);
}

void check_moment(struct run *run)
{
    if (run->engine)
        LOOK(run, moment, run);
}

void check_minute(struct run *run)
{
    figures_minute(run);
    run->checks->minutes++;
    if (run->engine)
        LOOK(run, minute, run);
}

void check_death(struct run *run)
{
    LOOK(run, death, run);
}

void check_rest(struct run *run)
{
    if (run->engine)
        LOOK(run, rest, run);
    else
        run_broken(run, "the controller is not back when all is calm");
}

/* ------------------------------------------------------------------ room */

void checks_begin(struct run *run)
{
    struct checks *checks = run->checks = memory_new(sizeof *checks);
    uint32_t vms = sim_n_vms(run->sim), hosts = sim_n_hosts(run->sim);
    checks->words = memory_array(vms * hosts + 1, sizeof *checks->words);
    checks->moved_at = memory_array(vms + 1, sizeof *checks->moved_at);
    checks->moved_truly_at = memory_array(vms + 1, sizeof *checks->moved_truly_at);
    checks->unknown = memory_array(vms + 1, sizeof *checks->unknown);
    checks->owed = memory_array(vms + 1, sizeof *checks->owed);
    checks->drains = memory_array(hosts + 1, sizeof *checks->drains);
    checks->checking = invariants;
    checks->quiet_since = sim_now(run->sim);
    for (uint32_t v = 0; v < vms; v++)
        checks->moved_at[v] = checks->owed[v].since = NAN;
    for (uint32_t h = 0; h < hosts; h++)
        checks->drains[h].since = checks->drains[h].idle_since = NAN;
}

void check_birth(struct run *run)
{
    run->checks->controller_since = sim_now(run->sim);
    words_begin(run);
    follows_begin(run);
    drains_begin(run);
}

void checks_end(struct run *run)
{
    free(run->checks->words);
    free(run->checks->moved_at);
    free(run->checks->moved_truly_at);
    free(run->checks->unknown);
    free(run->checks->owed);
    free(run->checks->drains);
    free(run->checks->follows);
    free(run->checks);
}
