/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine: taking events, going round, and what others may look at. See internal.h. */
#include "engine/internal.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The fleet's arena is compacted when it has grown so much since the last time. */
#define COMPACT_FACTOR 4
#define COMPACT_AT_LEAST (4u << 20)

struct engine *engine_new(void)
{
    struct engine *engine = memory_new(sizeof *engine);
    engine->fleet = fleet_new();
    field_defaults(settings_fields, &engine->settings);
    engine->wake_at = INFINITY;
    engine->round_at = INFINITY;
    return engine;
}

static void free_status(struct engine *engine)
{
    arena_free(&engine->status_arena);
    engine->status_view = NULL;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    for (uint32_t i = 0; i < engine->n_watches; i++)
        watch_free(engine->watches[i]);
    for (uint32_t i = 0; i < engine->n_moves; i++)
        move_free(engine->moves[i]);
    shadows_free(engine);
    breakers_free(&engine->breakers);
    for (uint32_t i = 0; i < engine->n_rests; i++)
        free(engine->rests[i].vm);
    for (uint32_t i = 0; i < engine->n_doubts; i++)
        doubt_free(&engine->doubts[i]);
    free(engine->doubts);
    for (uint32_t i = 0; i < engine->n_bookings; i++)
        booking_free(&engine->bookings[i]);
    free(engine->bookings);
    for (uint32_t i = 0; i < engine->n_kept; i++)
        keep_free(&engine->kept[i]);
    free(engine->kept);
    for (uint32_t i = 0; i < engine->n_leftovers; i++)
        leftover_free(&engine->leftovers[i]);
    free(engine->leftovers);
    for (uint32_t i = 0; i < engine->n_homes; i++)
        home_free(&engine->homes[i]);
    free(engine->homes);
    links_free(&engine->links);
    for (uint32_t i = 0; i < engine->n_measuring; i++)
        measuring_free(&engine->measuring[i]);
    free(engine->measuring);
    for (uint32_t i = 0; i < engine->n_rested; i++)
        free(engine->rested[i].vm);
    free(engine->rested);
    for (uint32_t i = 0; i < engine->n_rulesets; i++)
        free(engine->cluster_names[i]);
    free(engine->cluster_names);
    free(engine->rulesets);
    free(engine->watches);
    free(engine->moves);
    free(engine->move_view);
    free(engine->rests);
    group_problems_free(engine);
    free_status(engine);
    calls_free(&engine->calls);
    arena_free(&engine->settings.arena);
    fleet_free(engine->fleet);
    free(engine);
}

void wake_at(struct engine *engine, double at)
{
    if (at < engine->wake_at)
        engine->wake_at = at;
}

struct columns *engine_columns(struct engine *engine)
{
    engine->fleet->now = engine->now;
    struct columns *columns = columns_new(engine->fleet);
    columns->calls = engine->out ? &engine->calls : NULL;
    columns->asking = !engine->out;
    return columns;
}

static void on_tick(struct engine *engine, const struct event *event)
{
    (void)event; /* its time is all it brings */
    engine->dirty = true;
}

static void compact(struct engine *engine)
{
    size_t bytes = engine->fleet->arena.bytes;
    if (bytes < COMPACT_AT_LEAST || bytes < COMPACT_FACTOR * engine->fleet_bytes)
        return;
    struct fleet *copy = fleet_copy(engine->fleet);
    fleet_free(engine->fleet);
    engine->fleet = copy;
    engine->fleet_bytes = copy->arena.bytes;
}

/* Go round once. Later stages see what earlier ones did. */
static void pump(struct engine *engine)
{
    engine->wake_at = INFINITY;
    if (!engine->started || !engine->configured)
        return;
    bookings_pump(engine);
    outcome_pump(engine);
    schedules_pump(engine);
    failure_pump(engine);
    power_pump(engine);
    hosts_pump(engine);
    restarts_pump(engine);
    breakers_pump(engine);
    drains_pump(engine);
    homes_pump(engine);
    rounds_pump(engine);
    measure_pump(engine);
    queue_pump(engine);
    channel_pump(engine);
    hosts_pump(engine); /* a host that has just become empty */
    power_pump(engine); /* and may be switched off, or is needed */
    moves_prune(engine);
    forget_rested(engine);
    compact(engine);
    fleet_order_vms(engine->fleet);
    engine->dirty = false;
}

/* The one thing about units that a replay could not see for itself. */
static void tell_overruns(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->calls.n_seen; i++) {
        const struct overrun *overrun = &engine->calls.seen[i];
        struct effect *effect = emit_aside(engine, EFFECT_OVERRAN);
        effect->name = emit_text(engine, overrun->unit);
        effect->text = emit_text(engine, overrun->error);
        effect->number = overrun->call;
        effect->status = (int)overrun->within;
    }
}

/* Counted, so that a kind of event without a handler does not compile. */
#define HANDLERS(HANDLER) \
    HANDLER(EVENT_TICK, on_tick) \
    HANDLER(EVENT_SET_CHANGED, on_set_changed) \
    HANDLER(EVENT_RECALLED, on_recalled) \
    HANDLER(EVENT_STARTED, on_started) \
    HANDLER(EVENT_HOST_CONNECTED, on_host_connected) \
    HANDLER(EVENT_HOST_LOST, on_host_lost) \
    HANDLER(EVENT_HOST_REPORT, on_host_report) \
    HANDLER(EVENT_SAMPLE, on_sample) \
    HANDLER(EVENT_VM_CHANGED, on_vm_changed) \
    HANDLER(EVENT_VM_GONE, on_vm_gone) \
    HANDLER(EVENT_MIGRATION_PROGRESS, on_progress) \
    HANDLER(EVENT_MIGRATION_DONE, on_migration_done) \
    HANDLER(EVENT_MIGRATION_CHECKED, on_migration_checked) \
    HANDLER(EVENT_OPERATOR_REQUEST, on_request) \
    HANDLER(EVENT_HOOK_ASK, on_hook_ask) \
    HANDLER(EVENT_MAINTENANCE_FILE, on_maintenance_file) \
    HANDLER(EVENT_EFFECT_FAILED, on_effect_failed) \
    HANDLER(EVENT_MEASURED, on_measured) \
    HANDLER(EVENT_PROBED, on_probed) \
    HANDLER(EVENT_FENCED, on_fenced) \
    HANDLER(EVENT_STEP_DONE, on_step_done) \
    HANDLER(EVENT_START_DONE, on_start_done) \
    HANDLER(EVENT_HOST_ALARM, on_host_alarm)
#define ENTRY(kind, handler) [kind] = handler,
#define ONE(kind, handler) +1
_Static_assert(HANDLERS(ONE) == EVENT_KINDS, "each kind of event has a handler");

void engine_step(struct engine *engine, const struct event *event, struct effects *effects)
{
    static void (*const handlers[EVENT_KINDS])(struct engine *, const struct event *) = {
        HANDLERS(ENTRY)
    };
    if (event->at > engine->now)
        engine->now = event->at;
    engine->step++;
    engine->fleet->now = engine->now;
    engine->out = effects;
    free_status(engine);
    calls_begin(&engine->calls, event->overruns.item, event->overruns.n);
    handlers[event->kind](engine, event);
    if (engine->dirty || engine->now >= engine->wake_at)
        pump(engine);
    tell_overruns(engine);
    engine->out = NULL;
}

double engine_next_wake(const struct engine *engine)
{
    return engine->wake_at;
}

const struct fleet *engine_fleet(const struct engine *engine)
{
    return engine->fleet;
}

const struct migration *const *engine_migrations(const struct engine *engine, uint32_t *n)
{
    /* The view is a cache beside the state: building it changes nothing that a step could see. */
    struct engine *cache = (struct engine *)engine;
    cache->move_view = memory_grow(cache->move_view, &cache->move_view_room, engine->n_moves + 1,
                                   sizeof(struct migration *));
    for (uint32_t i = 0; i < engine->n_moves; i++)
        cache->move_view[i] = &engine->moves[i]->record;
    *n = engine->n_moves;
    return engine->move_view;
}

/* One walk over the VMs, whatever the number of hosts. */
static void count_vms(const struct engine *engine, struct host_status *status)
{
    struct table index = TABLE_INIT;
    for (uint32_t i = 0; i < engine->n_watches; i++)
        table_put(&index, engine->watches[i]->name, i);
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        const struct vm *vm = engine->fleet->vms[i];
        uint32_t host = vm->host && vm_occupies(vm) ? table_get(&index, vm->host) : TABLE_NONE;
        if (host != TABLE_NONE)
            status[host].vms++;
    }
    table_free(&index);
}

static void fill_status(const struct engine *engine, const struct watch *watch,
                        struct host_status *status)
{
    const struct host *host = fleet_host(engine->fleet, watch->name);
    const struct host_setting *setting = host_setting(engine, watch->name);
    *status = (struct host_status){
        .name = watch->name,
        .state = host ? host->state : DROVER_HOST_CONNECTING,
        .state_since = host ? host->state_since : engine->now,
        .state_reason = watch->state_reason ? watch->state_reason : "",
        .maintenance_wanted = watch_wants_maintenance(watch),
        .maintenance_by = watch->maintenance.by_operator && watch->maintenance.who
                              ? watch->maintenance.who
                              : watch->maintenance.by_file     ? "file"
                              : watch->maintenance.by_policy ? "policy"
                                                             : "",
        .connected = watch->connected && watch->reported,
        .uri = setting ? setting->uri : "",
        .held = watch->held ? watch->held->unplaced : (struct rows){0},
        .would_not_fit = watch->spare.unfit,
    };
}

const struct host_status *engine_host_status(const struct engine *engine, uint32_t *n)
{
    struct engine *cache = (struct engine *)engine; /* as in engine_migrations */
    free_status(cache);
    cache->status_view =
        arena_array(&cache->status_arena, engine->n_watches, sizeof *cache->status_view);
    for (uint32_t i = 0; i < engine->n_watches; i++)
        fill_status(engine, engine->watches[i], &cache->status_view[i]);
    count_vms(engine, cache->status_view);
    *n = engine->n_watches;
    return cache->status_view;
}

#define STATUS(member) offsetof(struct host_status, member)
const struct field host_status_fields[] = {
    {.key = "name", .type = FIELD_TEXT, .offset = STATUS(name)},
    {.key = "state", .type = FIELD_CHOICE, .offset = STATUS(state), .choices = host_state_names},
    {.key = "state_since", .type = FIELD_NUMBER, .offset = STATUS(state_since)},
    {.key = "state_reason", .type = FIELD_TEXT, .offset = STATUS(state_reason)},
    {.key = "vms", .type = FIELD_U32, .offset = STATUS(vms)},
    {.key = "maintenance_wanted", .type = FIELD_BOOL, .offset = STATUS(maintenance_wanted)},
    {.key = "maintenance_by", .type = FIELD_TEXT, .offset = STATUS(maintenance_by)},
    {.key = "connected", .type = FIELD_BOOL, .offset = STATUS(connected)},
    {.key = "uri", .type = FIELD_TEXT, .offset = STATUS(uri)},
    {.key = "held", .type = FIELD_ROWS, .offset = STATUS(held), .rows = unplaced_fields,
     .row_size = sizeof(struct unplaced)},
    {.key = "would_not_fit", .type = FIELD_TEXTS, .offset = STATUS(would_not_fit)},
    {0},
};
