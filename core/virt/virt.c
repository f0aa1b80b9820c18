/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The world of real hosts: see virt.h. This file hands settings and effects to hosts and moves,
 * and lets time pass for them; what they do stands in theirs.
 */
#include "virt/virt.h"

#include "base/memory.h"
#include "virt/arrival.h"
#include "virt/connect.h"
#include "virt/errand.h"
#include "virt/host.h"
#include "virt/move.h"
#include "virt/report.h"
#include "virt/state.h"

#include <libvirt/virterror.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Between two looks at what is due: the grain of every period in this room. */
#define TICK_MS 250
/* How long close() waits for workers that are in the middle of a call. */
#define CLOSE_S 2.0

/* libvirt would print every error to stderr; here they are carried as texts. */
static void stay_silent(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

int virt_initialise(struct error *error)
{
    virSetErrorFunc(NULL, stay_silent);
    if (virInitialize() == 0 && virEventRegisterDefaultImpl() == 0)
        return 0;
    char text[512];
    connect_error_text(text, sizeof text);
    return error_set(error, ERROR_FAILED, "libvirt does not start up: %s", text);
}

static void free_host(void *data)
{
    host_free(data);
}

static gboolean on_tick(gpointer data)
{
    struct virt *virt = data;
    double now = clock_monotonic();
    GHashTableIter each;
    gpointer host;
    g_hash_table_iter_init(&each, virt->hosts);
    while (g_hash_table_iter_next(&each, NULL, &host))
        host_tick(host, now);
    moves_tick(virt, now);
    return G_SOURCE_CONTINUE;
}

struct virt *virt_new(const struct world_listener *listener,
                      const struct definition_keeper *definitions)
{
    struct virt *virt = memory_new(sizeof *virt);
    virt->listener = *listener;
    if (definitions)
        virt->definitions = *definitions;
    virt->outbox = outbox_new();
    virt->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_host);
    moves_init(virt);
    virt->tick = g_timeout_add(TICK_MS, on_tick, virt);
    return virt;
}

/* ------------------------------------------------------------------ settings */

/* A host with another URI is another host. */
static gboolean is_leaving(gpointer key, gpointer value, gpointer data)
{
    const struct virt_host *host = value;
    const struct host_setting *setting = g_hash_table_lookup(data, key);
    return !setting || strcmp(setting->uri, host->uri) != 0;
}

static void configure(void *self, const struct settings *settings)
{
    struct virt *virt = self;
    virt->poll_s = settings->poll_s;
    virt->connect_retry_s = settings->connect_retry_s;
    virt->call_timeout_s = settings->call_timeout_s;
    virt->keepalive_s = settings->keepalive_s;
    virt->keepalive_count = settings->keepalive_count;
    virt->keep_all = settings->restarts.keep_all;
    struct host_setting *hosts = settings->hosts.item;
    GHashTable *wanted = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < settings->hosts.n; i++)
        g_hash_table_insert(wanted, (gpointer)hosts[i].name, &hosts[i]);
    g_hash_table_foreach_remove(virt->hosts, is_leaving, wanted);
    g_hash_table_unref(wanted);
    for (uint32_t i = 0; i < settings->hosts.n; i++) {
        if (virt_host(virt, hosts[i].name))
            continue;
        struct virt_host *host = host_new(virt, hosts[i].name, hosts[i].uri);
        g_hash_table_insert(virt->hosts, host->name, host);
        host_tick(host, clock_monotonic());
    }
}

/* ------------------------------------------------------------------ events of our own */

struct own_note {
    struct note note;
    struct virt *virt;
    struct event *event;
};

static void deliver_own(struct note *note)
{
    struct own_note *own = (struct own_note *)note;
    struct event *event = own->event;
    own->event = NULL;
    own->virt->listener.post(own->virt->listener.self, event);
}

static void free_own(struct note *note)
{
    event_free(((struct own_note *)note)->event);
    free(note);
}

void virt_post(struct virt *virt, struct event *event)
{
    struct own_note *own = memory_new(sizeof *own);
    own->note.deliver = deliver_own;
    own->note.free = free_own;
    own->virt = virt;
    own->event = event;
    outbox_put(virt->outbox, &own->note);
}

void virt_effect_failed(struct virt *virt, uint64_t effect, const char *format, ...)
{
    struct event *event = event_new(EVENT_EFFECT_FAILED, clock_now());
    va_list arguments;
    va_start(arguments, format);
    event->text = arena_vprintf(&event->arena, format, arguments);
    va_end(arguments);
    event->id = effect;
    virt_post(virt, event);
}

/* ------------------------------------------------------------------ effects */

static void refresh(struct virt *virt, const struct effect *effect)
{
    struct virt_host *host = virt_host(virt, effect->host);
    if (!host)
        virt_effect_failed(virt, effect->id, "cannot read %s again: no such host is configured",
                           effect->host ? effect->host : "a host without a name");
    else if (host->connected)
        report_queue(host->worker);
    /* Else everything is read when it is connected. */
}

static void perform(void *self, const struct effect *effect)
{
    static const struct {
        int kind;
        void (*perform)(struct virt *virt, const struct effect *effect);
    } performers[] = {
        {EFFECT_MIGRATE, moves_migrate},      {EFFECT_WATCH, moves_watch},
        {EFFECT_SET_DOWNTIME, moves_control}, {EFFECT_POSTCOPY, moves_control},
        {EFFECT_ABORT, moves_control},        {EFFECT_REFRESH, refresh},
        {EFFECT_RECOVER, moves_migrate},
        {EFFECT_PAUSE, moves_control},        {EFFECT_CHECK, arrival_check},
        {EFFECT_RESUME, arrival_resume},
        {EFFECT_SET_BANDWIDTH, moves_control},
        {EFFECT_SHUTDOWN, errand_shutdown},   {EFFECT_CARRY, errand_carry},
        {EFFECT_MEASURE, errand_measure},
        {EFFECT_START, errand_start},         {EFFECT_UNDEFINE, errand_undefine},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(performers); i++) {
        if (performers[i].kind == effect->kind) {
            performers[i].perform(self, effect);
            return;
        }
    }
    virt_effect_failed(self, effect->id, "libvirt has nothing to do with effect %d",
                       effect->kind);
}

/* ------------------------------------------------------------------ the end */

/* Workers that end use libvirt's timers and handles, whose end is on the main loop. */
static void wait_for_workers(GPtrArray *tallies)
{
    double deadline = clock_monotonic() + CLOSE_S;
    for (bool alive = true; alive && clock_monotonic() < deadline;) {
        alive = false;
        for (guint i = 0; i < tallies->len; i++) {
            struct tally *tally = g_ptr_array_index(tallies, i);
            alive |= atomic_load(&tally->alive) > 0;
        }
        while (g_main_context_iteration(NULL, FALSE))
            continue;
        if (alive)
            g_usleep(5000);
    }
}

static void unref_tally(void *tally)
{
    tally_unref(tally);
}

static void virt_close(void *self)
{
    struct virt *virt = self;
    GPtrArray *tallies = g_ptr_array_new_with_free_func(unref_tally);
    GHashTableIter each;
    gpointer value;
    g_source_remove(virt->tick);
    outbox_close(virt->outbox);
    g_hash_table_iter_init(&each, virt->hosts);
    while (g_hash_table_iter_next(&each, NULL, &value))
        g_ptr_array_add(tallies, tally_ref(((struct virt_host *)value)->tally));
    moves_free(virt);
    g_hash_table_unref(virt->hosts);
    wait_for_workers(tallies);
    g_ptr_array_unref(tallies);
    outbox_unref(virt->outbox);
    free(virt);
}

struct world virt_world(struct virt *virt)
{
    return (struct world){virt, configure, perform, virt_close};
}
