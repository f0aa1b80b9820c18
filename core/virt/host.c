/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host's connection over time, and what it said last: see host.h. */
#include "virt/host.h"

#include "base/memory.h"
#include "virt/move.h"
#include "virt/report.h"
#include "virt/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_LIMIT_S 60.0
/* Everything is read again so often, should an event have been lost. */
#define REPORT_EVERY_S 300.0

static void free_vm(void *data)
{
    struct host_vm *vm = data;
    free(vm->name);
    free(vm);
}

struct virt_host *host_new(struct virt *virt, const char *name, const char *uri)
{
    struct virt_host *host = memory_new(sizeof *host);
    host->virt = virt;
    host->name = memory_copy_text(name);
    host->uri = memory_copy_text(uri);
    host->tally = tally_new();
    host->vms = g_hash_table_new_full(g_str_hash, g_str_equal, free, free_vm);
    return host;
}

void host_free(struct virt_host *host)
{
    if (host->worker)
        worker_let_go(host->worker);
    tally_unref(host->tally);
    g_hash_table_unref(host->vms);
    free(host->lost);
    free(host->name);
    free(host->uri);
    free(host);
}

struct dial host_dial(const struct virt_host *host)
{
    return (struct dial){.uri = host->uri, .keep_all = host->virt->keep_all,
                         .keepalive_s = host->virt->keepalive_s,
                         .keepalive_count = host->virt->keepalive_count};
}

struct virt_host *virt_host(const struct virt *virt, const char *name)
{
    return name ? g_hash_table_lookup(virt->hosts, name) : NULL;
}

struct virt_host *virt_where(const struct virt *virt, const char *key,
                             const struct virt_host *except)
{
    GHashTableIter each;
    gpointer value;
    g_hash_table_iter_init(&each, virt->hosts);
    while (g_hash_table_iter_next(&each, NULL, &value)) {
        struct virt_host *host = value;
        const struct host_vm *vm = g_hash_table_lookup(host->vms, key);
        if (host != except && vm && vm->state != DROVER_VM_DOWN)
            return host;
    }
    return NULL;
}

const char *virt_vm_name(const struct virt *virt, const char *key)
{
    GHashTableIter each;
    gpointer value;
    g_hash_table_iter_init(&each, virt->hosts);
    while (g_hash_table_iter_next(&each, NULL, &value)) {
        const struct host_vm *vm = g_hash_table_lookup(((struct virt_host *)value)->vms, key);
        if (vm)
            return vm->name;
    }
    return key;
}

/* ------------------------------------------------------------------ the connection */

static void host_connect(struct virt_host *host, double now)
{
    struct dial dial = host_dial(host);
    if (atomic_load(&host->tally->alive) > HOST_STUCK_MAX)
        return;
    host->worker = worker_start(host, host->name, &dial, host->virt->outbox, host->tally);
    host->connected = false;
    if (host->pause_s < host->virt->connect_retry_s)
        host->pause_s = host->virt->connect_retry_s;
    if (!host->worker)
        host->retry_at = now + host->pause_s;
}

/* A host that stays away is news once, and again only when the reason changes. */
static void post_lost(struct virt_host *host, const char *reason, const char *text)
{
    char line[1200];
    snprintf(line, sizeof line, "%s: %s", reason, text);
    if (host->lost && strcmp(host->lost, line) == 0)
        return;
    free(host->lost);
    host->lost = memory_copy_text(line);
    struct event *event = event_new(EVENT_HOST_LOST, clock_now());
    event_set(event, &event->host, host->name);
    event_set(event, &event->name, reason);
    event_set(event, &event->text, text);
    virt_post(host->virt, event);
}

void host_lost(struct virt_host *host, const char *reason, const char *text)
{
    worker_let_go(host->worker);
    host->worker = NULL;
    host->connected = false;
    host->retry_at = clock_monotonic() + host->pause_s;
    host->pause_s = MIN(host->pause_s * 2, PAUSE_LIMIT_S);
    moves_lost_host(host->virt, host->name);
    post_lost(host, reason, text);
}

static bool watchdog_bites(struct virt_host *host)
{
    const char *what = "";
    char text[300];
    double in_call_s = worker_overdue_s(host->worker, host->virt->call_timeout_s, &what);
    if (in_call_s <= 0)
        return false;
    snprintf(text, sizeof text, "libvirt on %s does not answer: %s has taken %.1f s", host->name,
             what, in_call_s);
    if (!host->connected) /* the same words at every try: see post_lost */
        snprintf(text, sizeof text, "%s does not answer within %g s", host->uri,
                 host->virt->call_timeout_s);
    host_lost(host, host->connected ? "timeout" : "connect", text);
    return true;
}

void host_tick(struct virt_host *host, double now)
{
    if (!host->worker) {
        if (now >= host->retry_at)
            host_connect(host, now);
        return;
    }
    if (watchdog_bites(host) || !host->connected)
        return;
    if (now >= host->sample_at) {
        host->sample_at = now + host->virt->poll_s;
        stats_queue(host->worker);
    }
    if (now >= host->report_at) {
        host->report_at = now + REPORT_EVERY_S;
        report_queue(host->worker);
    }
}

/* ------------------------------------------------------------------ its VMs */

static void keep_vm(struct virt_host *host, const struct vm *vm)
{
    struct host_vm *kept = memory_new(sizeof *kept);
    kept->name = memory_copy_text(vm->name);
    kept->state = vm->state;
    g_hash_table_replace(host->vms, memory_copy_text(vm_key(vm)), kept);
}

static void keep_vms(struct virt_host *host, const struct event *event)
{
    const struct vm *vms = event->vms.item;
    for (uint32_t i = 0; i < event->vms.n; i++)
        keep_vm(host, &vms[i]);
}

static bool take_connected(struct virt_host *host, struct event *event)
{
    (void)event;
    double now = clock_monotonic();
    host->connected = true;
    free(host->lost);
    host->lost = NULL;
    host->sample_at = now;
    host->report_at = now + REPORT_EVERY_S;
    return true;
}

static bool take_report(struct virt_host *host, struct event *event)
{
    host->pause_s = host->virt->connect_retry_s;
    g_hash_table_remove_all(host->vms);
    keep_vms(host, event);
    return true;
}

static bool take_changed(struct virt_host *host, struct event *event)
{
    keep_vms(host, event);
    return true;
}

/* Gone is only what was there: an incoming migration that failed was never reported. */
static bool take_gone(struct virt_host *host, struct event *event)
{
    return g_hash_table_remove(host->vms, event->vm);
}

/* Whether the event is to be handed on. */
static bool take(struct virt_host *host, struct event *event)
{
    static const struct {
        int kind;
        bool (*take)(struct virt_host *host, struct event *event);
    } takers[] = {
        {EVENT_HOST_CONNECTED, take_connected},
        {EVENT_HOST_REPORT, take_report},
        {EVENT_VM_CHANGED, take_changed},
        {EVENT_VM_GONE, take_gone},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(takers); i++) {
        if (takers[i].kind == event->kind)
            return takers[i].take(host, event);
    }
    return true;
}

void host_deliver(struct virt_host *host, struct event *event)
{
    if (take(host, event))
        host->virt->listener.post(host->virt->listener.self, event);
    else
        event_free(event);
}

/* ------------------------------------------------------------------ passes of a migration */

struct iteration_note {
    struct note note;
    struct worker *worker;
    char uuid[64];
};

static void deliver_iteration(struct note *note)
{
    struct iteration_note *iteration = (struct iteration_note *)note;
    struct virt_host *host = iteration->worker->owner;
    if (host)
        moves_look_now(host->virt, host->name, iteration->uuid);
}

static void free_iteration(struct note *note)
{
    worker_unref(((struct iteration_note *)note)->worker);
    free(note);
}

void host_iteration_note(struct worker *worker, const char *uuid)
{
    struct iteration_note *note = memory_new(sizeof *note);
    note->note.deliver = deliver_iteration;
    note->note.free = free_iteration;
    note->worker = worker_ref(worker);
    snprintf(note->uuid, sizeof note->uuid, "%s", uuid);
    outbox_put(worker->outbox, &note->note);
}
