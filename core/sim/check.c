/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold, whatever happens. By the world's truth where there is one, for what the engine
 * believes proves nothing.
 */
#include "sim/run_private.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_PER_SECOND 100
#define HANG_S 1200.0

/* ------------------------------------------------------------------ one step */

static uint32_t count(const struct run *run, enum effect_kind kind, uint64_t request)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->effects.n; i++)
        n += run->effects.item[i].kind == (int)kind && run->effects.item[i].request == request;
    return n;
}

static void check_answers(struct run *run, const struct event *event)
{
    enum effect_kind kind =
        event->kind == EVENT_HOOK_ASK ? EFFECT_HOOK_ANSWER : EFFECT_ANSWER;
    if (event->kind != EVENT_HOOK_ASK && event->kind != EVENT_OPERATOR_REQUEST)
        return;
    uint32_t n = count(run, kind, event->id);
    if (n != 1)
        run_broken(run, "question %llu (%s %s) was answered %u times, not once",
                   (unsigned long long)event->id, event_kind_names[event->kind],
                   event->kind == EVENT_HOOK_ASK ? event->hook.operation : event->name, n);
}

static const struct migration *migration_of(const struct run *run, uint64_t id)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->id == id)
            return all[i];
    return NULL;
}

static const struct ruleset *rules_for(const struct run *run, const char *cluster)
{
    for (uint32_t i = 0; i < run->simulation->n_rules; i++)
        if (strcmp(run->simulation->rules[i].cluster, cluster) == 0)
            return run->simulation->rules[i].ruleset;
    return NULL;
}

/* The fleet as it was when this move was decided: it and those after it had promised nothing. */
static struct fleet *fleet_before(const struct run *run, uint32_t nth)
{
    struct fleet *fleet = fleet_copy(engine_fleet(run->engine));
    fleet->now = engine_fleet(run->engine)->now;
    for (uint32_t i = nth; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        struct vm *vm = effect->kind == EFFECT_MIGRATE ? fleet_vm(fleet, effect->vm) : NULL;
        if (vm)
            vm->to = NULL;
    }
    return fleet;
}

static bool filters_allow(const struct run *run, uint32_t nth, int purpose)
{
    const struct effect *effect = &run->effects.item[nth];
    struct fleet *fleet = fleet_before(run, nth);
    struct columns *columns = columns_new(fleet);
    struct arena arena = ARENA_INIT;
    const struct host *host = fleet_host(fleet, effect->to);
    const struct ruleset *rules = host ? rules_for(run, host->cluster) : NULL;
    uint32_t vm = columns_vm(columns, effect->vm), to = columns_host(columns, effect->to);
    bool allows = rules && vm != DROVER_NONE && to != DROVER_NONE &&
                  decide_allows(columns, rules, vm, to, (enum drover_purpose)purpose, &arena);
    arena_free(&arena);
    columns_free(columns);
    fleet_free(fleet);
    return allows;
}

static void check_cooldown(struct run *run, const struct effect *effect,
                           const struct migration *migration)
{
    uint32_t vm = sim_find_vm(run->sim, effect->vm);
    if (vm == UINT32_MAX || migration->purpose != DROVER_TO_BALANCE)
        return;
    double since = engine_fleet(run->engine)->now - run->checks.vms[vm].moved_at;
    if (since < run->settings.limits.cooldown_s)
        run_broken(run, "VM %s is balanced to host %s %.0f s after its last move; it rests for "
                   "%.0f s", effect->vm, effect->to, since, run->settings.limits.cooldown_s);
}

static void check_order(struct run *run, uint32_t nth)
{
    const struct effect *effect = &run->effects.item[nth];
    const struct migration *migration = migration_of(run, effect->move);
    const struct host *host = fleet_host(engine_fleet(run->engine), effect->to);
    run->result->figures.ordered++;
    if (!migration || !host || strcmp(effect->to, effect->host) == 0) {
        run_broken(run, "VM %s was ordered from host %s to host %s: move %llu makes no sense",
                   effect->vm, effect->host, effect->to, (unsigned long long)effect->move);
        return;
    }
    if (host->state != DROVER_HOST_UP)
        run_broken(run, "VM %s was ordered to host %s, which is %s", effect->vm, effect->to,
                   host_state_names[host->state]);
    if (!filters_allow(run, nth, migration->purpose))
        run_broken(run, "VM %s was ordered to host %s, which a filter refuses", effect->vm,
                   effect->to);
    for (uint32_t i = 0; i < nth; i++)
        if (run->effects.item[i].kind == EFFECT_MIGRATE &&
            strcmp(run->effects.item[i].vm, effect->vm) == 0)
            run_broken(run, "VM %s was ordered twice in one step", effect->vm);
    run->result->figures.balanced += migration->purpose == DROVER_TO_BALANCE;
    check_cooldown(run, effect, migration);
}

static void note_ended(struct run *run, const struct migration *migration, bool kept)
{
    struct figures *figures = &run->result->figures;
    uint64_t *const counters[] = {
        [MIGRATION_COMPLETED] = &figures->completed, [MIGRATION_FAILED] = &figures->failed,
        [MIGRATION_ABORTED] = &figures->aborted, [MIGRATION_CANCELLED] = &figures->cancelled,
    };
    uint32_t vm = sim_find_vm(run->sim, migration->vm);
    if (!migration_ended(migration))
        return;
    ++*counters[migration->state];
    if (kept && vm != UINT32_MAX && migration->state == MIGRATION_COMPLETED)
        run->checks.vms[vm].moved_at = migration->ended_at;
}

/* From the wish to the empty host. */
static void note_drains(struct run *run)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(run->engine, &n);
    struct figures *figures = &run->result->figures;
    for (uint32_t i = 0; i < n; i++) {
        struct drain_watch *watch = &run->checks.drains[i]; /* both by name */
        if (status[i].maintenance_wanted && isnan(watch->since)) {
            watch->since = sim_now(run->sim);
            watch->wanted = true;
            figures->drains++;
        } else if (!status[i].maintenance_wanted) {
            watch->since = NAN;
        }
        if (watch->wanted && status[i].state == DROVER_HOST_MAINTENANCE) {
            double took = sim_now(run->sim) - watch->since;
            figures->drains_done++;
            figures->drain_s += took;
            figures->longest_drain_s = fmax(figures->longest_drain_s, took);
        }
        if (!status[i].maintenance_wanted || status[i].state == DROVER_HOST_MAINTENANCE)
            watch->wanted = false;
    }
}

/* Whose name it is; UINT32_MAX: nobody's. */
static uint32_t vm_called(const struct run *run, const char *name)
{
    const struct vm *vm = fleet_find_vm(run->simulation->fleet, name, NULL);
    return vm ? sim_find_vm(run->sim, vm_key(vm)) : UINT32_MAX;
}

static void check_notice(struct run *run, const struct effect *effect)
{
    struct figures *figures = &run->result->figures;
    figures->adopted += strcmp(effect->name, "migration.adopted") == 0;
    figures->retried += strcmp(effect->name, "migration.retry") == 0;
    figures->alarms += strcmp(effect->name, "vm.twice") == 0;
    if (strcmp(effect->name, "vm.lost") != 0)
        return;
    uint32_t vm = vm_called(run, effect->vm);
    if (vm == UINT32_MAX)
        return;
    struct sim_truth truth = sim_vm_truth(run->sim, vm);
    if (truth.executing > 0)
        run_broken(run, "VM %s is said to be lost, and it runs on host %s", effect->vm,
                   truth.host);
}

/* What an operator last asked for; not known where the controller died before it was kept. */
static void note_wish(struct run *run, const struct event *event, bool kept)
{
    bool on = strcmp(event->name, "maintenance_on") == 0;
    if (event->kind != EVENT_OPERATOR_REQUEST ||
        (!on && strcmp(event->name, "maintenance_off") != 0))
        return;
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++)
        if (strcmp(sim_host_name(run->sim, h), event->host) == 0)
            run->checks.drains[h].asked = !kept ? WISH_UNKNOWN : on ? WISH_ON : WISH_OFF;
}

void check_step(struct run *run, const struct event *event, bool kept)
{
    bool told = false;
    note_wish(run, event, kept);
    run->result->figures.checks++;
    check_answers(run, event);
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        if (effect->kind == EFFECT_MIGRATE)
            check_order(run, i);
        else if (effect->kind == EFFECT_MIGRATION)
            note_ended(run, effect->migration, kept);
        else if (effect->kind == EFFECT_NOTICE) {
            told = true;
            check_notice(run, effect);
        }
    }
    if (told)
        note_drains(run);
}

void check_tick(struct run *run)
{
    struct checks *checks = &run->checks;
    if (sim_now(run->sim) >= checks->second + 1) {
        checks->second = sim_now(run->sim);
        checks->ticks = 0;
    }
    if (++checks->ticks > TICKS_PER_SECOND)
        run_broken(run, "the engine wakes up more than %d times within one second: its wake time "
                   "(%.3f) does not advance", TICKS_PER_SECOND, engine_next_wake(run->engine));
}

/* ------------------------------------------------------------------ the world */

static void check_limits(struct run *run)
{
    const struct limits *limits = &run->settings.limits;
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

void check_world(struct run *run)
{
    const struct sim_totals *totals = sim_totals(run->sim);
    if (totals->executing_twice)
        run_broken(run, "VM %s runs on two hosts", totals->executing_twice);
    if (totals->jobs == run->checks.jobs_seen)
        return;
    run->checks.jobs_seen = totals->jobs;
    check_limits(run);
}

/* ------------------------------------------------------------------ every minute */

static double deviation(const double *values, uint32_t n)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += values[i];
    for (uint32_t i = 0; i < n; i++)
        squares += (values[i] - sum / n) * (values[i] - sum / n);
    return n ? sqrt(squares / n) : 0;
}

static void sample_imbalance(struct run *run)
{
    struct figures *figures = &run->result->figures;
    uint32_t n = 0;
    double *cpu = memory_array(sim_n_hosts(run->sim), sizeof *cpu);
    double *memory = memory_array(sim_n_hosts(run->sim), sizeof *memory);
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++) {
        if (!sim_host_alive(run->sim, h))
            continue;
        cpu[n] = sim_host_cpu_pct(run->sim, h);
        memory[n++] = sim_host_memory_pct(run->sim, h);
    }
    figures->cpu_imbalance_end_pct = deviation(cpu, n);
    figures->memory_imbalance_end_pct = deviation(memory, n);
    run->checks.cpu_sum += figures->cpu_imbalance_end_pct;
    run->checks.memory_sum += figures->memory_imbalance_end_pct;
    run->checks.samples++;
    figures->cpu_imbalance_pct = run->checks.cpu_sum / run->checks.samples;
    figures->memory_imbalance_pct = run->checks.memory_sum / run->checks.samples;
    free(cpu);
    free(memory);
}

static bool answers(const struct run *run, const char *name)
{
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++)
        if (strcmp(sim_host_name(run->sim, h), name) == 0)
            return sim_host_answers(run->sim, h);
    return false;
}

/* Since when a move is said to be under way that is not, while both its hosts could tell. */
static double *hang_since(struct checks *checks, uint64_t id, double now)
{
    for (uint32_t i = 0; i < checks->n_hangs; i++)
        if (checks->hangs[i].id == id)
            return &checks->hangs[i].since;
    checks->hangs = memory_grow(checks->hangs, &checks->hang_room, checks->n_hangs + 1,
                                sizeof *checks->hangs);
    checks->hangs[checks->n_hangs] = (struct hang_watch){id, now};
    return &checks->hangs[checks->n_hangs++].since;
}

static void check_hangs(struct run *run)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(run->engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (migration_ended(all[i]) || all[i]->state == MIGRATION_QUEUED)
            continue;
        uint32_t vm = sim_find_vm(run->sim, all[i]->vm);
        double *since = hang_since(&run->checks, all[i]->id, sim_now(run->sim));
        if (sim_vm_truth(run->sim, vm).moving || !answers(run, all[i]->from) ||
            !answers(run, all[i]->to))
            *since = sim_now(run->sim);
        if (sim_now(run->sim) - *since > HANG_S)
            run_broken(run, "move %llu of VM %s from host %s to host %s is %s for ever: libvirt "
                       "has not been moving it for %.0f s", (unsigned long long)all[i]->id,
                       all[i]->name, all[i]->from, all[i]->to,
                       migration_state_names[all[i]->state], sim_now(run->sim) - *since);
    }
}

void check_minute(struct run *run)
{
    sample_imbalance(run);
    if (run->engine)
        check_hangs(run);
}

/* ------------------------------------------------------------------ at the end */

/* The engine's picture is the truth. A move that is under way right now is left out. */
static void check_vm(struct run *run, uint32_t index)
{
    struct sim_truth truth = sim_vm_truth(run->sim, index);
    const char *key = sim_vm_key(run->sim, index);
    const struct vm *known = fleet_vm(engine_fleet(run->engine), key);
    if (truth.place == SIM_MOVES || truth.place == SIM_BROKEN || !answers(run, truth.host))
        return;
    bool runs = truth.place == SIM_RUNS;
    bool known_to_run = known && known->state != DROVER_VM_DOWN;
    if (runs != known_to_run)
        run_broken(run, "VM %s %s on host %s, and drover thinks that it %s", key,
                   runs ? "runs" : "is off", truth.host,
                   known_to_run ? "runs" : known ? "is off" : "is nowhere");
    else if (runs && strcmp(known->host, truth.host) != 0)
        run_broken(run, "VM %s runs on host %s, and drover thinks that it is on host %s", key,
                   truth.host, known->host);
}

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

static void check_wish(struct run *run, uint32_t host, const struct host_status *status)
{
    enum wish_asked asked = run->checks.drains[host].asked;
    bool wanted = asked == WISH_ON || sim_host_file(run->sim, host);
    if (asked != WISH_UNKNOWN && wanted != status->maintenance_wanted)
        run_broken(run, "maintenance of host %s was %s, and drover thinks otherwise",
                   status->name, wanted ? "asked for" : "taken back");
}

static void check_host(struct run *run, const struct host_status *status)
{
    struct arena arena = ARENA_INIT;
    if (!answers(run, status->name))
        run_broken(run, "host %s is well, and the controller has no connection to it",
                   status->name);
    else if (status->maintenance_wanted && status->state != DROVER_HOST_MAINTENANCE &&
             status->held.n == 0 && !has_moves(run, status->name))
        run_broken(run, "host %s is to be emptied, is %s with %u VMs on it (%s), nothing moves "
                   "and nothing is said to hold it", status->name,
                   host_state_names[status->state], status->vms,
                   vm_on(run, status->name, &arena));
    else if (!status->maintenance_wanted && status->state != DROVER_HOST_UP &&
             status->state != DROVER_HOST_NON_OPERATIONAL) /* virsh asks no filter */
        run_broken(run, "host %s is well, and is %s (%s)", status->name,
                   host_state_names[status->state], status->state_reason);
    arena_free(&arena);
}

void check_rest(struct run *run)
{
    uint32_t n;
    if (!run->engine) {
        run_broken(run, "the controller is not back when all is calm");
        return;
    }
    const struct host_status *status = engine_host_status(run->engine, &n);
    for (uint32_t i = 0; i < n; i++) { /* by name, as the world's */
        check_host(run, &status[i]);
        check_wish(run, i, &status[i]);
    }
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++)
        check_vm(run, v);
    const struct fleet *fleet = engine_fleet(run->engine);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        if (sim_find_vm(run->sim, vm_key(fleet->vms[i])) == UINT32_MAX)
            run_broken(run, "drover knows a VM %s, which there is not", fleet->vms[i]->name);
}

/* ------------------------------------------------------------------ room */

void checks_begin(struct run *run)
{
    run->checks.vms = memory_array(sim_n_vms(run->sim) + 1, sizeof *run->checks.vms);
    run->checks.drains = memory_array(sim_n_hosts(run->sim) + 1, sizeof *run->checks.drains);
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++)
        run->checks.vms[v].moved_at = NAN;
    for (uint32_t h = 0; h < sim_n_hosts(run->sim); h++)
        run->checks.drains[h].since = NAN;
}

void checks_end(struct run *run)
{
    free(run->checks.vms);
    free(run->checks.drains);
    free(run->checks.hangs);
}
