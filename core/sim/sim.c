/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The world's clock, its door to the controller, and what others may look at. */
#include "sim/private.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum streams { STREAM_CHANCE, STREAM_LOAD, STREAM_WIRE, STREAM_COLD };

/* ------------------------------------------------------------------ time */

void sim_after(struct sim *sim, double seconds, void (*run)(void *self, const struct timer *timer),
               uint64_t a, uint64_t b)
{
    struct timer timer = {.at = sim->now + seconds, .run = run, .a = a, .b = b};
    timers_add(&sim->timers, &timer);
}

double sim_now(const struct sim *sim)
{
    return sim->now;
}

double sim_clock(const struct sim *sim)
{
    return sim->now + sim->clock_ahead_s;
}

double sim_next(const struct sim *sim)
{
    return timers_next(&sim->timers);
}

void sim_run_next(struct sim *sim)
{
    struct timer timer = timers_take(&sim->timers);
    sim->now = fmax(sim->now, timer.at);
    timer.run(sim, &timer);
}

void sim_pass(struct sim *sim, double at)
{
    sim->now = fmax(sim->now, at);
}

bool sim_is_calm(const struct sim *sim)
{
    return sim->now >= sim->options.faults_until;
}

bool sim_strikes(struct sim *sim, enum fault_kind kind)
{
    if (!(sim->options.faults >> kind & 1) || sim_is_calm(sim) ||
        !random_chance(&sim->chance, faults[kind].probability))
        return false;
    return fault_is_due(sim, kind);
}

void sim_say(struct sim *sim, const char *format, ...)
{
    if (!sim->options.tell)
        return;
    struct arena arena = ARENA_INIT;
    va_list arguments;
    va_start(arguments, format);
    sim->options.tell(sim->options.self, sim->now, arena_vprintf(&arena, format, arguments));
    va_end(arguments);
    arena_free(&arena);
}

/* ------------------------------------------------------------------ events */

struct event *sim_event(struct sim *sim, enum event_kind kind)
{
    return event_like(sim->blank, kind, sim_clock(sim));
}

static void deliver(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct event *event = timer->data;
    if (!sim->controller || timer->a != sim->session) {
        event_free(event);
        return;
    }
    sim->totals.events++;
    if (event->kind == EVENT_HOST_REPORT) /* from now on nobody need believe a device */
        sim->hosts[table_get(&sim->host_index, event->host)].lied_about = false;
    sim->listener.post(sim->listener.self, event);
}

void sim_post(struct sim *sim, struct event *event, double after_s)
{
    struct timer timer = {
        .at = sim->now + after_s, .run = deliver, .a = sim->session, .data = event};
    timers_add(&sim->timers, &timer);
}

/* ------------------------------------------------------------------ the interface */

static void configure(void *self, const struct settings *settings)
{
    struct sim *sim = self;
    sim->settings = settings;
    sim->poll_s = settings->poll_s;
    sim->retry_s = settings->connect_retry_s;
    sim->call_timeout_s = settings->call_timeout_s;
    sim->silence_s = settings->keepalive_s * settings->keepalive_count;
    for (uint32_t h = 0; h < sim->n_hosts; h++)
        link_start(sim, h);
}

static void perform(void *self, const struct effect *effect)
{
    struct sim *sim = self;
    switch (effect->kind) {
    case EFFECT_MEASURE: measure_perform(sim, effect); break;
    case EFFECT_PROBE: probe_perform(sim, effect); break;
    case EFFECT_FENCE: fence_perform(sim, effect); break;
    case EFFECT_START: start_perform(sim, effect); break;
    case EFFECT_UNDEFINE: undefine_perform(sim, effect); break;
    case EFFECT_SHUTDOWN: shutdown_perform(sim, effect); break;
    case EFFECT_CARRY: carry_perform(sim, effect); break;
    default: order_perform(sim, effect); break;
    }
}

static void close_world(void *self)
{
    sim_free(self);
}

struct world sim_world(struct sim *sim)
{
    return (struct world){sim, configure, perform, close_world};
}

void sim_controller_dies(struct sim *sim)
{
    sim->controller = false;
    sim->session++;
    orders_forget(sim);
    for (uint32_t h = 0; h < sim->n_hosts; h++) {
        sim->hosts[h].connected = false;
        sim->hosts[h].epoch++;
    }
    ask_nobody(sim);
}

void sim_controller_returns(struct sim *sim)
{
    sim->controller = true;
    sim->session++;
}

bool sim_wants_controller_dead(struct sim *sim)
{
    bool wanted = sim->controller_must_die;
    sim->controller_must_die = false;
    return wanted;
}

/* ------------------------------------------------------------------ making it */

static void make_host(struct sim *sim, uint32_t i, const struct host *record)
{
    struct sim_host *host = &sim->hosts[i];
    field_copy(host_fields, &host->record, record, &sim->arena);
    if (host->record.threads == 0)
        host->record.threads = 1;
    host->alive = host->daemon = true;
    host->cut_to = SIM_NONE;
    host->told = arena_array(&sim->arena, sim->options.fleet->n_vms, 1);
    host->left = arena_array(&sim->arena, sim->options.fleet->n_vms, 1);
    table_put(&sim->host_index, host->record.name, i);
}

static int by_host_name(const void *a, const void *b)
{
    return strcmp((*(struct host *const *)a)->name, (*(struct host *const *)b)->name);
}

static void make_hosts(struct sim *sim)
{
    const struct fleet *fleet = sim->options.fleet;
    struct host **sorted = memory_array(fleet->n_hosts, sizeof *sorted);
    memcpy(sorted, fleet->hosts, fleet->n_hosts * sizeof *sorted);
    qsort(sorted, fleet->n_hosts, sizeof *sorted, by_host_name);
    sim->n_hosts = fleet->n_hosts;
    sim->hosts = memory_array(fleet->n_hosts, sizeof *sim->hosts);
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        make_host(sim, i, sorted[i]);
    free(sorted);
}

struct sim *sim_new(const struct sim_options *options, const struct world_listener *listener)
{
    struct sim *sim = memory_new(sizeof *sim);
    sim->options = *options;
    sim->listener = *listener;
    sim->now = sim->begun = options->fleet->now;
    sim->chance = random_new(options->seed, STREAM_CHANCE);
    sim->load = random_new(options->seed, STREAM_LOAD);
    sim->wire = random_new(options->seed, STREAM_WIRE);
    sim->cold = random_new(options->seed, STREAM_COLD);
    sim->controller = true;
    sim->blank = event_new(EVENT_TICK, 0);
    sim->last_question = 1000000;
    make_hosts(sim);
    guests_make(sim);
    faults_begin(sim);
    return sim;
}

static void drop_event(void *data)
{
    event_free(data);
}

void sim_free(struct sim *sim)
{
    timers_free(&sim->timers, drop_event);
    for (uint32_t i = 0; i < sim->n_jobs; i++)
        free(sim->jobs[i]);
    event_free(sim->blank);
    free(sim->jobs);
    free(sim->orders);
    free(sim->done);
    free(sim->questions);
    free(sim->errands);
    free(sim->hosts);
    free(sim->vms);
    table_free(&sim->host_index);
    table_free(&sim->vm_index);
    arena_free(&sim->arena);
    free(sim);
}
