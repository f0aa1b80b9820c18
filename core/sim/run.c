/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver: what droverd is to the engine in the real world (daemon/take.c, orders.c, main.c),
 * with a made world, a journal in memory, and a controller that can be killed between two effects.
 */
#include "sim/check.h"

#include "base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMER_LIMIT_S 3600.0
#define TIMER_LEAST_S 0.001
#define MOMENT_S 5.0

void run_broken(struct run *run, const char *format, ...)
{
    struct simulation_result *result = run->result;
    if (result->broken)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->what, sizeof result->what, format, arguments);
    va_end(arguments);
    result->broken = true;
    result->rule = run->checks->checking->name;
    result->broken_at = sim_now(run->sim) - run->begun;
}

static void tell(struct run *run, const char *who, enum notice_level level, const char *text)
{
    if (run->simulation->tell)
        run->simulation->tell(run->simulation->self, sim_now(run->sim) - run->begun, who, level,
                              text);
}

static void tell_world(void *self, double at, const char *text)
{
    struct run *run = self;
    (void)at;
    tell(run, "world", NOTICE_INFO, text);
}

static void keep_move(void *self, const struct sim_move *move)
{
    const struct run *run = self;
    if (run->simulation->history)
        history_move(run->simulation->history, move, run->begun);
}

/* ------------------------------------------------------------------ effects */

static void perform(struct run *run, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_MIGRATE:
    case EFFECT_WATCH:
    case EFFECT_SET_DOWNTIME:
    case EFFECT_SET_BANDWIDTH:
    case EFFECT_POSTCOPY:
    case EFFECT_ABORT:
    case EFFECT_RECOVER:
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
    case EFFECT_CHECK:
    case EFFECT_REFRESH:
    case EFFECT_PROBE:
    case EFFECT_FENCE:
    case EFFECT_START:
    case EFFECT_UNDEFINE:
    case EFFECT_SHUTDOWN:
    case EFFECT_CARRY:
        run->world.perform(run->world.self, effect);
        break;
    case EFFECT_HOOK_ANSWER:
        sim_hook_answered(run->sim, effect->request, effect->ok);
        break;
    case EFFECT_ANSWER:
        if (effect->status != ERROR_NONE)
            tell(run, "drover", NOTICE_INFO, effect->text);
        break;
    case EFFECT_NOTICE:
        tell(run, "drover", (enum notice_level)effect->level, effect->text);
        break;
    default: /* for the journal and for followers */
        break;
    }
}

/* Orders to migrate and to start go out when what is remembered is on disk, after all else: see orders.c. */
static uint32_t perform_some(struct run *run, bool orders, uint32_t most)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->effects.n && n < most; i++) {
        const struct effect *effect = &run->effects.item[i];
        bool order = effect->kind == EFFECT_MIGRATE || effect->kind == EFFECT_START ||
                     effect->kind == EFFECT_RECOVER || effect->kind == EFFECT_SHUTDOWN ||
                     effect->kind == EFFECT_CARRY;
        if (order == orders) {
            perform(run, effect);
            n++;
        }
    }
    return n;
}

/* ------------------------------------------------------------------ life and death */

static void die(struct run *run)
{
    run->dying = false;
    engine_free(run->engine);
    run->engine = NULL;
    run->tick_at = INFINITY;
    run->back_at = sim_now(run->sim) + random_between(&run->chance, 1, 60);
    run->result->figures.controllers_killed++;
    tell(run, "world", NOTICE_INFO, "the controller is killed");
    sim_controller_dies(run->sim);
}

/* At any place among the effects: before or after they were journalled, and some carried out. */
static void perform_and_die(struct run *run, bool kept)
{
    if (kept)
        check_death(run);
    uint32_t most = random_below(&run->chance, run->effects.n + 1);
    if (!kept) {
        perform_some(run, false, most);
    } else {
        perform_some(run, false, UINT32_MAX);
        perform_some(run, true, most);
    }
    die(run);
}

static void arm(struct run *run)
{
    double wake = engine_next_wake(run->engine);
    double in_s = fmax(TIMER_LEAST_S, fmin(wake - sim_clock(run->sim), TIMER_LIMIT_S));
    run->tick_at = isinf(wake) ? INFINITY : sim_now(run->sim) + in_s;
}

static void take(struct run *run, struct event *event)
{
    if (!run->engine) {
        event_free(event);
        return;
    }
    bool dying = run->dying;
    bool kept = !dying || random_chance(&run->chance, 0.5);
    const struct simulation_journal *journal = run->simulation->journal;
    run->result->figures.steps++;
    if (journal)
        event->seq = journal->event(journal->self, event);
    engine_step(run->engine, event, &run->effects);
    if (kept)
        memory_keep(&run->store, &run->effects);
    if (kept && journal)
        journal->effects(journal->self, event->seq, &run->effects);
    check_step(run, event, kept);
    if (dying) {
        perform_and_die(run, kept);
    } else {
        perform_some(run, false, UINT32_MAX);
        perform_some(run, true, UINT32_MAX);
    }
    effects_clear(&run->effects);
    event_free(event);
    if (run->engine)
        arm(run);
}

static void post(void *self, struct event *event)
{
    take(self, event);
}

static void reset_units(struct bound_unit *units, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        units[i].open = false;
        answers_clear(units[i].last_good);
    }
}

/* A process that starts binds its units anew. */
static void reset_rules(struct ruleset *rules)
{
    if (!rules)
        return;
    reset_units(rules->filters, rules->n_filters);
    reset_units(rules->weights, rules->n_weights);
    reset_units(rules->admits, rules->n_admits);
    reset_units(&rules->balance, 1);
    reset_units(&rules->resilience, 1);
    reset_units(&rules->migrate, 1);
}

struct event *run_set_changed(struct run *run)
{
    struct event *event = event_new(EVENT_SET_CHANGED, sim_clock(run->sim));
    struct settings *copy = arena_new(&event->arena, sizeof *copy);
    field_copy(settings_fields, copy, &run->settings, &event->arena);
    event->settings = (struct rows){.item = copy, .n = 1};
    event->rules = run->simulation->rules;
    event->n_rules = run->simulation->n_rules;
    event->ok = true;
    event_set(event, &event->text, run->simulation->set ? run->simulation->set : "simulated");
    return event;
}

struct event *run_recalled(struct run *run, const struct memo *memo)
{
    struct event *event = event_new(EVENT_RECALLED, sim_clock(run->sim));
    event_set(event, &event->name, memo->name);
    event_set(event, &event->text, memo->value);
    return event;
}

static void recall_all(struct run *run)
{
    uint32_t n = run->store.n; /* a copy: taking them changes the store */
    struct event **recalled = memory_array(n, sizeof *recalled);
    for (uint32_t i = 0; i < n; i++)
        recalled[i] = run_recalled(run, &run->store.item[i]);
    for (uint32_t i = 0; i < n; i++)
        take(run, recalled[i]);
    free(recalled);
}

static void start_controller(struct run *run)
{
    run->back_at = INFINITY;
    run->dying = false;
    for (uint32_t i = 0; i < run->simulation->n_rules; i++) {
        reset_rules(run->simulation->rules[i].ruleset);
        reset_rules(run->simulation->rules[i].shadow);
    }
    sim_controller_returns(run->sim);
    run->engine = engine_new();
    check_birth(run);
    take(run, run_set_changed(run));
    recall_all(run);
    struct event *started = event_new(EVENT_STARTED, sim_clock(run->sim));
    started->id = run->store.last_id;
    take(run, started);
    sim_tell_files(run->sim);
    run->world.configure(run->world.self, &run->settings);
}

/* ------------------------------------------------------------------ the loop */

static void tick(struct run *run)
{
    sim_pass(run->sim, run->tick_at);
    run->tick_at = INFINITY;
    take(run, event_new(EVENT_TICK, sim_clock(run->sim)));
}

static void ask_for_drains(struct run *run)
{
    const struct simulation *simulation = run->simulation;
    for (uint32_t i = 0; i < simulation->n_drains; i++) {
        const struct simulation_drain *drain = &simulation->drains[i];
        sim_ask_at(run->sim, run->begun + drain->at_s, "maintenance_on", drain->host);
    }
}

static void look_around(struct run *run)
{
    if (run->next_moment <= run->next_minute) {
        sim_pass(run->sim, run->next_moment);
        run->next_moment += MOMENT_S;
        check_moment(run);
    } else {
        sim_pass(run->sim, run->next_minute);
        run->next_minute += 60;
        check_minute(run);
        if (run->simulation->history)
            history_minute(run->simulation->history, run->sim,
                           run->result->figures.cpu_imbalance_end_pct,
                           run->result->figures.memory_imbalance_end_pct);
    }
}

/* Where two things are due at once, the world comes first. */
static void go_on(struct run *run)
{
    double next = sim_next(run->sim);
    double look = fmin(run->next_moment, run->next_minute);
    double own = fmin(fmin(run->tick_at, run->back_at), look);
    if (next <= own) {
        sim_run_next(run->sim);
        if (sim_wants_controller_dead(run->sim) && run->engine)
            run->dying = true;
        check_world(run);
    } else if (look <= own) {
        look_around(run);
    } else if (run->tick_at <= own) {
        tick(run);
    } else {
        sim_pass(run->sim, run->back_at);
        start_controller(run);
    }
}

static double next_time(const struct run *run)
{
    double look = fmin(run->next_moment, run->next_minute);
    return fmin(fmin(sim_next(run->sim), run->tick_at), fmin(run->back_at, look));
}

/* ------------------------------------------------------------------ beginning and end */

static void add_host_settings(struct run *run)
{
    const struct fleet *fleet = run->simulation->fleet;
    struct arena *arena = &run->settings.arena;
    struct host_setting *hosts = arena_array(arena, fleet->n_hosts, sizeof *hosts);
    for (uint32_t i = 0; i < fleet->n_hosts; i++) {
        const struct host *host = fleet->hosts[i];
        field_defaults(host_setting_fields, &hosts[i]);
        hosts[i].name = arena_text(arena, host->name);
        hosts[i].uri = arena_printf(arena, "sim://%s", host->name);
        hosts[i].cluster = arena_text(arena, host->cluster);
        hosts[i].memory_reserved_mib = host->memory_reserved_mib;
        hosts[i].link_mbps = host->link_mbps;
        hosts[i].fence = sim_made_devices(run->simulation->seed, i, arena);
        hosts[i].power_management = host->power_managed;
        run->settings.maintenance.power_off |= host->power_managed; /* people save power, too */
        run->settings.maintenance.move_home |= host->power_managed;
        hosts[i].roles = host->roles;
        hosts[i].labels = host->labels;
    }
    run->settings.hosts = (struct rows){.item = hosts, .n = fleet->n_hosts};
}

static void make_settings(struct run *run)
{
    const struct fleet *fleet = run->simulation->fleet;
    struct arena arena = ARENA_INIT;
    field_copy(settings_fields, &run->settings, run->simulation->settings, &arena);
    struct cluster *clusters = arena_array(&arena, fleet->n_clusters, sizeof *clusters);
    struct group *groups = arena_array(&arena, fleet->n_groups, sizeof *groups);
    for (uint32_t i = 0; i < fleet->n_clusters; i++)
        clusters[i] = *fleet->clusters[i];
    for (uint32_t i = 0; i < fleet->n_groups; i++)
        groups[i] = *fleet->groups[i];
    run->settings.arena = arena;
    run->settings.clusters = (struct rows){.item = clusters, .n = fleet->n_clusters};
    run->settings.groups = (struct rows){.item = groups, .n = fleet->n_groups};
    add_host_settings(run);
}

static void sum_up(struct run *run)
{
    struct figures *figures = &run->result->figures;
    const struct sim_totals *totals = sim_totals(run->sim);
    figures->seed = run->simulation->seed;
    figures->virtual_s = sim_now(run->sim) - run->begun;
    figures->events = totals->events;
    figures->carried_mib = totals->carried_mib;
    figures->downtime_s = totals->pause_ms / 1000;
    figures->fences = totals->fenced;
    figures->lied_into = totals->lied_into;
    figures->mean_drain_s = figures->drains_done ? figures->drain_s / figures->drains_done : 0;
    figures->longest_downtime_ms = totals->longest_pause_ms;
    for (uint32_t v = 0; v < sim_n_vms(run->sim); v++)
        figures->vm_seconds_lost += sim_vm_truth(run->sim, v).lost_s;
    for (uint32_t i = 0; i < FAULTS; i++) {
        run->result->struck[i] = totals->struck[i];
        figures->faults_struck += totals->struck[i];
    }
}

static int is_possible(const struct simulation *simulation, struct error *error)
{
    if (simulation->fleet->n_hosts == 0)
        return error_set(error, ERROR_INPUT, "a fleet without hosts cannot be simulated");
    for (uint32_t i = 0; i < simulation->n_drains; i++)
        if (!fleet_find_host(simulation->fleet, simulation->drains[i].host, error))
            return -1;
    return 0;
}

int simulation_run(const struct simulation *simulation, struct simulation_result *result,
                   struct error *error)
{
    memset(result, 0, sizeof *result);
    if (is_possible(simulation, error) < 0)
        return -1;
    struct run run = {.simulation = simulation, .result = result, .tick_at = INFINITY,
                      .back_at = INFINITY, .begun = simulation->fleet->now};
    struct sim_options options = {
        .fleet = simulation->fleet, .seed = simulation->seed, .faults = simulation->faults,
        .strikes = simulation->strikes, .n_strikes = simulation->n_strikes,
        .strikes_known = simulation->strikes_known,
        .faults_until = run.begun + simulation->duration_s, .steady = simulation->steady,
        .trace = simulation->trace, .tell = tell_world, .tell_move = keep_move,
        .self = &run,
    };
    struct world_listener listener = {.self = &run, .post = post};
    run.sim = sim_new(&options, &listener);
    run.world = sim_world(run.sim);
    run.chance = random_new(simulation->seed, 17);
    run.end = run.begun + simulation->duration_s + (simulation->faults ? simulation->settle_s : 0);
    run.next_minute = run.begun + 60;
    run.next_moment = run.begun + MOMENT_S;
    if (simulation->history)
        history_begin(simulation->history, run.sim);
    make_settings(&run);
    checks_begin(&run);
    ask_for_drains(&run);
    start_controller(&run);
    while (!result->broken && next_time(&run) <= run.end)
        go_on(&run);
    if (!result->broken && simulation->faults)
        check_rest(&run);
    sum_up(&run);
    if (simulation->journal)
        simulation->journal->end(simulation->journal->self, run.engine);
    checks_end(&run);
    engine_free(run.engine);
    effects_free(&run.effects);
    memory_free(&run.store);
    run.world.close(run.world.self);
    arena_free(&run.settings.arena);
    return 0;
}
