/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The controller's connection to a host: connecting, reports, samples, VMs read again, and how
 * all that is late, lost or said twice.
 */
#include "sim/private.h"

#include <math.h>
#include <string.h>

#define REPORT_EVERY_S 300.0
#define PAUSE_LIMIT_S 60.0

bool link_works(const struct sim *sim, uint32_t host)
{
    return sim->controller && sim->hosts[host].connected && host_answers(sim, host);
}

bool link_is_one_way(const struct sim *sim, uint32_t index)
{
    const struct sim_host *host = &sim->hosts[index];
    return sim->controller && sim->now < host->open_until && host->mute && !host->deaf &&
           host_works(sim, index);
}

/* ------------------------------------------------------------------ on the wire */

double link_latency(struct sim *sim, uint32_t index)
{
    struct sim_host *host = &sim->hosts[index];
    double seconds = random_between(&sim->wire, 0.0005, 0.03);
    if (sim->now < host->slow_until)
        seconds += random_between(&sim->wire, 0.5, sim->call_timeout_s);
    return seconds;
}


static void arrive(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct event *event = timer->data;
    const struct sim_host *host = &sim->hosts[timer->a];
    if (!sim->controller || host->epoch != timer->b) {
        event_free(event); /* said over a connection that is no more */
        return;
    }
    sim->totals.events++;
    sim->listener.post(sim->listener.self, event);
}

static void send_on(struct sim *sim, uint32_t index, struct event *event, bool in_order)
{
    struct sim_host *host = &sim->hosts[index];
    double at = sim->now + link_latency(sim, index);
    if (in_order)
        at = host->heard_at = fmax(at, host->heard_at);
    else /* what overtakes other events does not overtake the connection it came over */
        at = fmax(at + random_between(&sim->wire, 0, 3), host->opened_at);
    struct timer timer = {
        .at = at, .run = arrive, .a = index, .b = host->epoch, .data = event};
    timers_add(&sim->timers, &timer);
}

static struct event *copy_of(struct sim *sim, const struct event *event)
{
    struct event *copy = sim_event(sim, (enum event_kind)event->kind);
    struct arena arena = copy->arena;
    struct event fresh = *copy;
    field_copy(event_fields, &fresh, event, &arena);
    *copy = fresh;
    copy->arena = arena;
    return copy;
}

/* What a host says of its VMs. */
static void say(struct sim *sim, uint32_t host, struct event *event)
{
    if (sim_strikes(sim, FAULT_DUPLICATE))
        send_on(sim, host, copy_of(sim, event), true);
    send_on(sim, host, event, !sim_strikes(sim, FAULT_REORDER));
}

/* ------------------------------------------------------------------ connecting */

static void try_connect(void *self, const struct timer *timer);

static void retry_later(struct sim *sim, uint32_t index)
{
    struct sim_host *host = &sim->hosts[index];
    if (host->pause_s < sim->retry_s)
        host->pause_s = sim->retry_s;
    sim_after(sim, host->pause_s, try_connect, index, host->epoch);
    host->pause_s = fmin(2 * host->pause_s, PAUSE_LIMIT_S);
}

static void post_lost(struct sim *sim, uint32_t index, const char *reason, const char *text,
                      double after_s)
{
    struct sim_host *host = &sim->hosts[index];
    if (host->told_lost && strcmp(host->told_lost, text) == 0)
        return; /* news once */
    host->told_lost = text;
    struct event *event = sim_event(sim, EVENT_HOST_LOST);
    event_set(event, &event->host, host->record.name);
    event_set(event, &event->name, reason);
    event_set(event, &event->text, text);
    sim_post(sim, event, after_s);
}

static void lost_later(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    if (sim->controller && sim->hosts[timer->a].epoch == timer->b) {
        orders_lost_host(sim, (uint32_t)timer->a);
        post_lost(sim, (uint32_t)timer->a, "keepalive", "it did not answer keepalive messages", 0);
        retry_later(sim, (uint32_t)timer->a);
    }
}

/* after_s: what it takes to notice. Until then there is silence. */
void link_lose(struct sim *sim, uint32_t index, const char *reason, const char *text,
               double after_s)
{
    struct sim_host *host = &sim->hosts[index];
    if (!sim->controller || !host->connected)
        return;
    host->connected = false;
    host->epoch++;
    host->heard_at = sim->now;
    host->open_until = sim->now + after_s;
    if (after_s > 0) {
        sim_after(sim, after_s, lost_later, index, host->epoch);
        return;
    }
    orders_lost_host(sim, index);
    post_lost(sim, index, reason, text, 0.001);
    retry_later(sim, index);
}

static void tick_sample(void *self, const struct timer *timer);
static void tick_report(void *self, const struct timer *timer);

static void connect(struct sim *sim, uint32_t index)
{
    struct sim_host *host = &sim->hosts[index];
    host->connected = true;
    host->epoch++;
    host->pause_s = 0;
    host->told_lost = NULL;
    memset(host->told, 0, sim->n_vms);
    struct event *event = sim_event(sim, EVENT_HOST_CONNECTED);
    event_set(event, &event->host, host->record.name);
    send_on(sim, index, event, true);
    host->opened_at = host->heard_at;
    link_report(sim, index, random_between(&sim->wire, 0.05, 1));
    sim_after(sim, random_between(&sim->wire, 0.05, sim->poll_s), tick_sample, index, host->epoch);
    sim_after(sim, REPORT_EVERY_S, tick_report, index, host->epoch);
}

static void try_connect(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t index = (uint32_t)timer->a;
    struct sim_host *host = &sim->hosts[index];
    if (!sim->controller || host->epoch != timer->b || host->connected)
        return;
    if (host_answers(sim, index)) {
        connect(sim, index);
        return;
    }
    post_lost(sim, index, "connect", "it cannot be reached", 0.01);
    retry_later(sim, index);
}

void link_start(struct sim *sim, uint32_t index)
{
    struct sim_host *host = &sim->hosts[index];
    if (host->connected)
        return;
    host->epoch++;
    host->pause_s = 0;
    host->told_lost = NULL;
    host->heard_at = sim->now;
    sim_after(sim, random_between(&sim->wire, 0.01, 0.5), try_connect, index, host->epoch);
}

static void look_for_hang(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct sim_host *host = &sim->hosts[timer->a];
    if (host->epoch == timer->b && host->connected && sim->now < host->hung_until)
        link_lose(sim, (uint32_t)timer->a, "timeout", "libvirt does not answer", 0);
}

void link_watch_hang(struct sim *sim, uint32_t index)
{
    sim_after(sim, sim->call_timeout_s, look_for_hang, index, sim->hosts[index].epoch);
}

/* ------------------------------------------------------------------ reading */

/*
 * Whether what a timer is about can be done now. Where the host hangs, the same is done as soon
 * as it answers; where the connection is another one, never.
 */
static bool is_due(struct sim *sim, const struct timer *timer, uint32_t index, uint64_t epoch)
{
    const struct sim_host *host = &sim->hosts[index];
    if (!sim->controller || !host->connected || host->epoch != epoch)
        return false;
    if (host_answers(sim, index))
        return true;
    double until = fmax(host->hung_until, host->frozen_until);
    if (until > sim->now)
        sim_after(sim, until - sim->now + 0.001, timer->run, timer->a, timer->b);
    return false;
}

static void add_vm(struct sim *sim, struct event *event, uint32_t index, uint32_t host, int state)
{
    const struct sim_vm *vm = &sim->vms[index];
    struct vm record = vm->record;
    record.host = sim_host_name(sim, host);
    record.state = state;
    record.postcopy_failed = vm->broken;
    if (record.postcopy_failed)
        record.migratable = DROVER_MIGRATABLE_NO;
    record.cpu_usage_pct = NAN;
    record.memory_used_mib = NAN;
    record.moved_at = NAN;
    record.dirty_mib_s = NAN;
    event_add_vm(event, &record);
}

struct event *sim_host_report(struct sim *sim, uint32_t index)
{
    struct event *event = sim_event(sim, EVENT_HOST_REPORT);
    struct host record = sim->hosts[index].record;
    record.state = DROVER_HOST_UP;
    record.cpu_usage_pct = sim_host_cpu_pct(sim, index);
    record.memory_free_mib = record.memory_mib * (1 - sim_host_memory_pct(sim, index) / 100);
    event_set(event, &event->host, record.name);
    event_add_host(event, &record);
    for (uint32_t v = 0; v < sim->n_vms; v++) {
        int state = guest_reported(sim, v, index);
        if (state >= 0)
            add_vm(sim, event, v, index, state);
    }
    return event;
}

static void read_report(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t index = (uint32_t)timer->a;
    if (!is_due(sim, timer, index, timer->b))
        return;
    for (uint32_t v = 0; v < sim->n_vms; v++) {
        int state = guest_reported(sim, v, index);
        sim->hosts[index].told[v] = state >= 0 && state != DROVER_VM_DOWN;
    }
    say(sim, index, sim_host_report(sim, index));
}

void link_report(struct sim *sim, uint32_t host, double after_s)
{
    sim_after(sim, after_s, read_report, host, sim->hosts[host].epoch);
}

static void tick_report(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    if (!sim->controller || sim->hosts[timer->a].epoch != timer->b)
        return;
    read_report(sim, timer);
    sim_after(sim, REPORT_EVERY_S, tick_report, timer->a, timer->b);
}

static void fill_sample(struct sim *sim, uint32_t index, struct event *event)
{
    struct sample *sample = &event->sample;
    const struct host *record = &sim->hosts[index].record;
    uint32_t n = 0;
    double load = 0;
    for (uint32_t v = 0; v < sim->n_vms; v++)
        n += guest_touches(&sim->vms[v], index);
    sample->vms.item = arena_array(&event->arena, n, sizeof *sample->vms.item);
    sample->vm_cpu_usage_pct.item = arena_array(&event->arena, n, sizeof(double));
    sample->vm_memory_used_mib.item = arena_array(&event->arena, n, sizeof(double));
    n = 0;
    for (uint32_t v = 0; v < sim->n_vms; v++) {
        struct sim_vm *vm = &sim->vms[v];
        if (!guest_touches(vm, index) || guest_executes_at(vm) != index)
            continue;
        double cpu_pct = guest_cpu_pct(sim, vm);
        load += cpu_pct * vm->record.vcpus;
        sample->vms.item[n] = vm->key; /* outlives the event */
        sample->vm_cpu_usage_pct.item[n] = cpu_pct;
        sample->vm_memory_used_mib.item[n++] = guest_used_mib(vm);
    }
    sample->vms.known = true;
    sample->vms.n = sample->vm_cpu_usage_pct.n = sample->vm_memory_used_mib.n = n;
    sample->cpu_usage_pct = host_cpu_pct(sim, index, load);
    sample->memory_free_mib = record->memory_mib * (1 - sim_host_memory_pct(sim, index) / 100);
    sample->swap_free_mib = record->swap_free_mib;
}

static void tick_sample(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t index = (uint32_t)timer->a;
    if (!sim->controller || sim->hosts[index].epoch != timer->b)
        return;
    if (link_works(sim, index)) {
        struct event *event = sim_event(sim, EVENT_SAMPLE);
        event_set(event, &event->host, sim_host_name(sim, index));
        fill_sample(sim, index, event);
        send_on(sim, index, event, true);
    }
    sim_after(sim, sim->poll_s, tick_sample, index, timer->b);
}

/* ------------------------------------------------------------------ one VM */

/* Why a VM stopped: as libvirt's details. Their index travels with the timer. */
static const char *const ends[] = {"", "shutdown", "destroyed", "crashed", "migrated", "saved",
                                   "failed", "undefined", NULL};
#define END_SHIFT 32

static void post_gone(struct sim *sim, uint32_t host, uint32_t vm, const char *why)
{
    struct event *event = sim_event(sim, EVENT_VM_GONE);
    event_set(event, &event->host, sim_host_name(sim, host));
    event_set(event, &event->vm, sim->vms[vm].key);
    event_set(event, &event->name, why);
    say(sim, host, event);
}

static void read_vm(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    uint32_t vm = (uint32_t)(timer->a & UINT32_MAX), host = (uint32_t)(timer->a >> 32);
    const char *why = ends[timer->b >> END_SHIFT];
    if (!is_due(sim, timer, host, timer->b & UINT32_MAX))
        return;
    int state = guest_reported(sim, vm, host);
    bool was_told = sim->hosts[host].told[vm];
    if (state == GUEST_SILENT || (state == GUEST_GONE && !why[0]))
        return;
    if ((was_told || strcmp(why, "undefined") == 0) && (state == GUEST_GONE || state == DROVER_VM_DOWN)) {
        sim->hosts[host].told[vm] = 0;
        post_gone(sim, host, vm, why[0] ? why : "shutdown");
    }
    if (state == GUEST_GONE)
        return;
    struct event *event = sim_event(sim, EVENT_VM_CHANGED);
    event_set(event, &event->host, sim_host_name(sim, host));
    event_set(event, &event->vm, sim->vms[vm].key);
    add_vm(sim, event, vm, host, state);
    sim->hosts[host].told[vm] = state != DROVER_VM_DOWN;
    say(sim, host, event);
}

void link_vm(struct sim *sim, uint32_t host, uint32_t vm, const char *why)
{
    if (!sim->controller || !sim->hosts[host].connected || sim_strikes(sim, FAULT_LOST))
        return;
    uint64_t end = why ? (uint64_t)field_choice(ends, why) : 0;
    sim_after(sim, random_between(&sim->wire, 0.001, 0.05), read_vm, (uint64_t)host << 32 | vm,
              end << END_SHIFT | sim->hosts[host].epoch);
}
