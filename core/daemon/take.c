/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The middle of droverd: an event in, its effects out. */
#include "daemon/daemon.h"

#include "codec/json.h"

#include <math.h>
#include <stdlib.h>

double daemon_now(void)
{
    return (double)g_get_real_time() / 1e6;
}

struct event *daemon_event(enum event_kind kind)
{
    return event_new(kind, daemon_now());
}

static void publish_record(struct daemon *daemon, const char *kind, const struct field *table,
                           const void *record)
{
    json_t *json = json_from_record(table, record, NAN, 0);
    char *text = json_text(json);
    ctl_publish(daemon->ctl, kind, text);
    free(text);
    json_decref(json);
}

static void to_world(struct daemon *daemon, const struct effect *effect)
{
    orders_add(daemon->orders, effect);
}

static void to_devices(struct daemon *daemon, const struct effect *effect)
{
    fencer_order(daemon->fencer, effect);
}

static void to_addresses(struct daemon *daemon, const struct effect *effect)
{
    prober_begin(daemon->prober, effect);
}

static void to_asker(struct daemon *daemon, const struct effect *effect)
{
    if (daemon->ctl)
        ctl_answer(daemon->ctl, effect);
}

static void to_hook(struct daemon *daemon, const struct effect *effect)
{
    if (daemon->ctl)
        ctl_hook_answer(daemon->ctl, effect);
}

static void to_log(struct daemon *daemon, const struct effect *effect)
{
    log_notice(effect);
    if (daemon->ctl)
        publish_record(daemon, "notice", effect_fields, effect);
}

static void count_ended(struct daemon *daemon, const struct migration *migration)
{
    if (migration_ended(migration))
        daemon->migrations_ended[migration->state]++;
}

static void to_followers(struct daemon *daemon, const struct effect *effect)
{
    if (effect->kind == EFFECT_MIGRATION)
        count_ended(daemon, effect->migration);
    if (daemon->ctl && effect->kind == EFFECT_MIGRATION)
        publish_record(daemon, "migration", migration_fields, effect->migration);
    if (daemon->ctl && effect->kind == EFFECT_DECISION)
        publish_record(daemon, "decision", decision_fields, effect->decision);
}

/* What is remembered has gone to the store with the other effects. */
static void to_nobody(struct daemon *daemon, const struct effect *effect)
{
    (void)daemon;
    (void)effect;
}

/* Counted, so that a kind of effect that nobody performs does not compile. */
#define WAYS(WAY) \
    WAY(EFFECT_MIGRATE, to_world) \
    WAY(EFFECT_WATCH, to_world) \
    WAY(EFFECT_SET_DOWNTIME, to_world) \
    WAY(EFFECT_POSTCOPY, to_world) \
    WAY(EFFECT_ABORT, to_world) \
    WAY(EFFECT_REFRESH, to_world) \
    WAY(EFFECT_RECOVER, to_world) \
    WAY(EFFECT_PAUSE, to_world) \
    WAY(EFFECT_RESUME, to_world) \
    WAY(EFFECT_CHECK, to_world) \
    WAY(EFFECT_MEASURE, to_world) \
    WAY(EFFECT_PROBE, to_addresses) \
    WAY(EFFECT_FENCE, to_devices) \
    WAY(EFFECT_SHUTDOWN, to_world) \
    WAY(EFFECT_CARRY, to_world) \
    WAY(EFFECT_START, to_world) \
    WAY(EFFECT_UNDEFINE, to_world) \
    WAY(EFFECT_ANSWER, to_asker) \
    WAY(EFFECT_HOOK_ANSWER, to_hook) \
    WAY(EFFECT_REMEMBER, to_nobody) \
    WAY(EFFECT_FORGET, to_nobody) \
    WAY(EFFECT_DECISION, to_followers) \
    WAY(EFFECT_NOTICE, to_log) \
    WAY(EFFECT_MIGRATION, to_followers) \
    WAY(EFFECT_OVERRAN, to_nobody) \
    WAY(EFFECT_SHADOW_AGREED, to_nobody) \
    WAY(EFFECT_SHADOW_DIFFERED, to_nobody) \
    WAY(EFFECT_SET_BANDWIDTH, to_world)
#define ENTRY(kind, way) [kind] = way,
#define ONE(kind, way) +1
_Static_assert(WAYS(ONE) == EFFECT_KINDS, "each kind of effect goes some way");

static void perform(struct daemon *daemon, const struct effect *effect)
{
    static void (*const ways[EFFECT_KINDS])(struct daemon *, const struct effect *) = {
        WAYS(ENTRY)
    };
    ways[effect->kind](daemon, effect);
}

static gboolean on_timer(gpointer data)
{
    struct daemon *daemon = data;
    daemon->timer = 0;
    daemon_take(daemon, daemon_event(EVENT_TICK));
    return G_SOURCE_REMOVE;
}

/* At least a millisecond ahead, and at most an hour: a clock that jumps is noticed then. */
static void arm_timer(struct daemon *daemon)
{
    if (daemon->timer)
        g_source_remove(daemon->timer);
    daemon->timer = 0;
    double wake = engine_next_wake(daemon->engine);
    if (isinf(wake))
        return;
    double ms = ceil((wake - daemon_now()) * 1000);
    daemon->timer = g_timeout_add((guint)fmax(1, fmin(ms, 3600e3)), on_timer, daemon);
}

static void publish_progress(struct daemon *daemon, const struct event *event)
{
    uint32_t n;
    const struct migration *const *migrations = engine_migrations(daemon->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (migrations[i]->id == event->id)
            publish_record(daemon, "migration", migration_fields, migrations[i]);
}

static void take_one(struct daemon *daemon, struct event *event)
{
    daemon->events_taken++;
    event->seq = store_event(daemon->store, event);
    engine_step(daemon->engine, event, &daemon->effects);
    store_effects(daemon->store, event->seq, &daemon->effects);
    for (uint32_t i = 0; i < daemon->effects.n; i++)
        perform(daemon, &daemon->effects.item[i]);
    orders_flush(daemon->orders);
    if (event->kind == EVENT_MIGRATION_PROGRESS && daemon->ctl)
        publish_progress(daemon, event);
    effects_clear(&daemon->effects);
    event_free(event);
}

void daemon_take(struct daemon *daemon, struct event *event)
{
    g_queue_push_tail(daemon->events, event);
    if (daemon->taking)
        return; /* whoever is taking one now takes this one next */
    daemon->taking = true;
    while ((event = g_queue_pop_head(daemon->events)))
        take_one(daemon, event);
    daemon->taking = false;
    arm_timer(daemon);
}
