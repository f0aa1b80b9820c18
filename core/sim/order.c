/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Orders: what virt/ makes of effects. A move is carried (a call waits for it) or watched (its
 * job runs already, or the connection of the call broke); it ends with one EVENT_MIGRATION_DONE.
 */
#include "sim/private.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_S 1.0
#define ARRIVAL_S 60.0

static const char *host_text(const struct sim *sim, uint32_t host)
{
    return host == SIM_NONE ? "" : sim_host_name(sim, host);
}

static struct event *event_about(struct sim *sim, const struct order *order, enum event_kind kind)
{
    struct event *event = sim_event(sim, kind);
    event->id = order->move;
    event_set(event, &event->vm, sim->vms[order->vm].key);
    event_set(event, &event->host, host_text(sim, order->from));
    event_set(event, &event->to, host_text(sim, order->to));
    return event;
}

/* The order is gone after this: others have moved up. */
static void end(struct sim *sim, struct order *order, bool ok, const char *text)
{
    struct event *event = event_about(sim, order, EVENT_MIGRATION_DONE);
    event->ok = ok;
    event_set(event, &event->text, text);
    if (sim_strikes(sim, FAULT_DUPLICATE)) {
        struct event *twin = event_about(sim, order, EVENT_MIGRATION_DONE);
        twin->ok = ok;
        event_set(twin, &twin->text, text);
        sim_post(sim, twin, 0.5);
    }
    sim_post(sim, event, random_between(&sim->wire, 0.001, 0.17) + link_latency(sim, order->from));
    uint32_t vm = order->vm, from = order->from, to = order->to;
    uint32_t i = (uint32_t)(order - sim->orders);
    memmove(order, order + 1, (sim->n_orders - i - 1) * sizeof *order);
    sim->n_orders--;
    link_vm(sim, from, vm, NULL); /* virt/ reads it again */
    if (to != SIM_NONE)
        link_vm(sim, to, vm, NULL);
}

void orders_forget(struct sim *sim)
{
    sim->n_orders = sim->n_done = 0;
}

/* A call that was broken off: the job, peer to peer, does not need it. */
void orders_lost_host(struct sim *sim, uint32_t host)
{
    for (uint32_t i = 0; i < sim->n_orders; i++)
        if (sim->orders[i].from == host && sim->orders[i].opened)
            sim->orders[i].carried = false;
}

void order_job_ended(struct sim *sim, uint64_t job, bool ok, const char *text)
{
    for (uint32_t i = sim->n_orders; i-- > 0;) { /* an earlier order may still be watching it, too */
        struct order *order = &sim->orders[i];
        if (order->job != job)
            continue;
        order->job = 0;
        if (order->carried && link_works(sim, order->from))
            end(sim, order, ok, text);
        else
            order->carried = false; /* nobody heard the call's answer */
    }
}

/* ------------------------------------------------------------------ looking */

static void fail_effect(struct sim *sim, uint64_t effect, const char *text)
{
    struct event *event = sim_event(sim, EVENT_EFFECT_FAILED);
    event->id = effect;
    event_set(event, &event->text, text);
    sim_post(sim, event, 0.01);
}

/* True where the job ended by it. */
static bool control(struct sim *sim, struct order *order, struct job *job)
{
    if (!isnan(order->downtime_ms)) {
        job->copy.downtime_ms = order->downtime_ms;
        order->downtime_ms = NAN;
    }
    for (int phase = PHASE_PRECOPY; phase <= PHASE_POSTCOPY; phase++) {
        if (!isnan(order->bandwidth_mib_s[phase]))
            job->bandwidth_mib_s[phase] = order->bandwidth_mib_s[phase];
        order->bandwidth_mib_s[phase] = NAN;
    }
    if (order->postcopy) {
        order->postcopy = false;
        if (job_switch_to_postcopy(sim, job) < 0)
            fail_effect(sim, order->postcopy_effect, "post-copy was not enabled at the start");
    }
    if (order->pause)
        job_pause_guest(sim, job);
    order->pause = false;
    if (order->abort) {
        order->abort = false;
        uint64_t effect = order->abort_effect;
        if (job_cancel(sim, job) == 0)
            return true;
        fail_effect(sim, effect, "the job cannot be aborted any more");
    }
    return false;
}

static void post_progress(struct sim *sim, const struct order *order, const struct job *job)
{
    const struct copy *copy = &job->copy;
    if (copy->total_mib <= 0 || copy->iteration == 0 || sim_strikes(sim, FAULT_LOST))
        return;
    struct event *event = event_about(sim, order, EVENT_MIGRATION_PROGRESS);
    event->progress = (struct progress){
        .memory_total_mib = copy->total_mib, .memory_processed_mib = copy->sent_mib,
        .memory_remaining_mib = copy->remaining_mib, .dirty_mib_s = copy->dirty_mib_s,
        .throughput_mib_s = copy->rate_mib_s, .downtime_ms = copy->downtime_ms,
        .elapsed_s = copy->elapsed_s, .iteration = copy->iteration,
        .throttle_pct = copy->throttle_pct, .postcopy = copy->postcopy,
    };
    sim_post(sim, event, random_between(&sim->wire, 0.001, 0.05));
}

static void look_at_job(struct sim *sim, struct order *order, struct job *job)
{
    order->idle = 0;
    if (job->phase < JOB_COPYING)
        return;
    if (!control(sim, order, job))
        post_progress(sim, order, job);
}

/* A watched move: what its hosts show decides. */
static void look_at_hosts(struct sim *sim, struct order *order)
{
    const struct sim_vm *vm = &sim->vms[order->vm];
    struct job *job = job_find(sim, vm->job);
    uint32_t at = guest_executes_at(vm);
    if (!job && at != SIM_NONE && at != order->from && link_works(sim, at)) {
        bool meant = order->to == SIM_NONE || order->to == at;
        end(sim, order, meant, meant ? "" : "it is on another host now");
    } else if (!link_works(sim, order->from)) {
        return;
    } else if (job && job->from == order->from) {
        order->job = job->id;
        look_at_job(sim, order, job);
    } else if (at == order->from) {
        if (++order->idle >= 2)
            end(sim, order, false, "its migration ended without success");
    } else if (isnan(order->away_since)) {
        order->away_since = sim->now;
    } else if (sim->now - order->away_since > ARRIVAL_S) {
        end(sim, order, false, "it left its host and was not seen since");
    }
}

static void look(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    (void)timer;
    for (uint32_t i = sim->n_orders; i-- > 0;) {
        if (i >= sim->n_orders || !sim->orders[i].opened)
            continue;
        struct order *order = &sim->orders[i];
        struct job *job = job_find(sim, order->job);
        if (!order->carried)
            look_at_hosts(sim, order);
        else if (job && link_works(sim, order->from))
            look_at_job(sim, order, job);
    }
    sim->looking = sim->n_orders > 0;
    if (sim->looking)
        sim_after(sim, LOOK_S, look, 0, 0);
}

/* ------------------------------------------------------------------ beginning */

static struct order *order_find(struct sim *sim, uint64_t move)
{
    for (uint32_t i = 0; i < sim->n_orders; i++)
        if (sim->orders[i].move == move)
            return &sim->orders[i];
    return NULL;
}

/* Why libvirt refuses the call at once, or NULL. */
static const char *refusal(const struct sim *sim, const struct order *order)
{
    const struct sim_vm *vm = &sim->vms[order->vm];
    if (!link_works(sim, order->from) && !link_is_one_way(sim, order->from))
        return "the source is not connected";
    if (guest_executes_at(vm) != order->from)
        return "Domain not found, or not running";
    if (vm->job)
        return "another migration job is already running for the domain";
    if (!host_works(sim, order->to) || !hosts_reach(sim, order->from, order->to))
        return "unable to connect to the destination's libvirtd";
    return NULL;
}

/* The call fails, the job goes on. */
static void break_call(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct order *order = order_find(sim, timer->a);
    if (timer->b != sim->session || !order || !order->carried || !link_works(sim, order->from))
        return;
    order->job = 0;
    end(sim, order, false, "the call failed; what becomes of the migration is not known");
}

static void open_call(void *self, const struct timer *timer)
{
    struct sim *sim = self;
    struct order *order = order_find(sim, timer->a);
    if (!sim->controller || timer->b != sim->session || !order || order->opened)
        return;
    const char *why = refusal(sim, order);
    if (order->abort)
        why = "it was aborted before it began";
    if (why) {
        end(sim, order, false, why);
        return;
    }
    order->opened = true;
    uint64_t move = order->move;
    struct job *job = job_begin(sim, order->vm, order->from, order->to, &order->how, true);
    order = order_find(sim, move);
    if (job && order && !link_works(sim, order->from)) /* nobody hears what the call brings */
        order->carried = false;
    if (job && order)
        order->job = job->id;
    else if (order) /* refused by the hook on the spot */
        end(sim, order, false, "Hook script execution failed: refused");
    if (job && order && sim_strikes(sim, FAULT_CALL_FAILS))
        sim_after(sim, random_between(&sim->chance, 0.5, 20), break_call, move, sim->session);
}

static bool is_repetition(const struct sim *sim, const struct effect *effect)
{
    for (uint32_t i = 0; i < sim->n_done; i++)
        if (sim->done[i] == effect->id)
            return true;
    return false;
}

static void begin(struct sim *sim, const struct effect *effect, bool carried)
{
    uint32_t vm = table_get(&sim->vm_index, effect->vm);
    uint32_t from = table_get(&sim->host_index, effect->host);
    uint32_t to = effect->to ? table_get(&sim->host_index, effect->to) : SIM_NONE;
    if (order_find(sim, effect->move) || is_repetition(sim, effect))
        return;
    if (vm == TABLE_NONE || from == TABLE_NONE || (carried && to == SIM_NONE)) {
        fail_effect(sim, effect->id, "there is no such VM or host");
        return;
    }
    sim->done = memory_grow(sim->done, &sim->done_room, sim->n_done + 1, sizeof *sim->done);
    sim->done[sim->n_done++] = effect->id;
    sim->orders =
        memory_grow(sim->orders, &sim->order_room, sim->n_orders + 1, sizeof *sim->orders);
    struct order *order = &sim->orders[sim->n_orders++];
    *order = (struct order){
        .move = effect->move, .effect = effect->id, .vm = vm, .from = from, .to = to,
        .carried = carried, .opened = !carried, .begun = sim->now, .away_since = NAN,
        .downtime_ms = NAN, .bandwidth_mib_s = {NAN, NAN}, .how = effect->how,
    };
    order->how.stalls = (struct rows){0};
    order->how.peer_uri = order->how.migration_address = order->how.tls_destination = "";
    if (carried)
        sim_after(sim, random_between(&sim->wire, 0.02, 0.3), open_call, order->move,
                  sim->session);
    if (!sim->looking)
        sim_after(sim, LOOK_S, look, 0, 0);
    sim->looking = true;
}

static void control_later(struct sim *sim, const struct effect *effect)
{
    struct order *order = order_find(sim, effect->move);
    if (!order)
        return; /* it has ended, and that was told */
    if (effect->kind == EFFECT_SET_DOWNTIME) {
        order->downtime_ms = effect->number;
    } else if (effect->kind == EFFECT_SET_BANDWIDTH) {
        bool postcopy = strcmp(effect->name, migration_phase_names[PHASE_POSTCOPY]) == 0;
        order->bandwidth_mib_s[postcopy ? PHASE_POSTCOPY : PHASE_PRECOPY] = effect->number;
    } else if (effect->kind == EFFECT_POSTCOPY) {
        order->postcopy = true;
        order->postcopy_effect = effect->id;
    } else if (effect->kind == EFFECT_PAUSE) {
        order->pause = true;
    } else {
        order->abort = true;
        order->abort_effect = effect->id;
    }
}

static void recover(struct sim *sim, const struct effect *effect)
{
    uint32_t vm = table_get(&sim->vm_index, effect->vm);
    uint32_t from = table_get(&sim->host_index, effect->host);
    uint32_t to = table_get(&sim->host_index, effect->to);
    bool known = vm != TABLE_NONE && from != TABLE_NONE && to != TABLE_NONE;
    bool ok = known && link_works(sim, from) && job_recover(sim, vm, from, to);
    struct event *event = sim_event(sim, EVENT_MIGRATION_DONE);
    event->id = effect->move;
    event->ok = ok;
    event_set(event, &event->vm, effect->vm);
    event_set(event, &event->host, effect->host);
    event_set(event, &event->to, effect->to);
    event_set(event, &event->text, ok ? "" : "the hosts do not reach each other");
    sim_post(sim, event, random_between(&sim->wire, 0.1, 1));
}

/* What libvirt there kept of the job: asked over the controller's connection, and answered. */
static void check_arrived(struct sim *sim, const struct effect *effect, uint32_t host)
{
    if (!sim->hosts[host].connected || !link_works(sim, host))
        return;
    struct event *event = sim_event(sim, EVENT_MIGRATION_CHECKED);
    event->id = effect->move;
    event->ok = true;
    event_set(event, &event->vm, effect->vm);
    event_set(event, &event->host, effect->host);
    sim_post(sim, event, random_between(&sim->wire, 0.01, 0.2));
}

void order_perform(struct sim *sim, const struct effect *effect)
{
    uint32_t host = effect->host ? table_get(&sim->host_index, effect->host) : TABLE_NONE;
    if (effect->kind == EFFECT_MIGRATE || effect->kind == EFFECT_WATCH)
        begin(sim, effect, effect->kind == EFFECT_MIGRATE);
    else if (effect->kind == EFFECT_RECOVER)
        recover(sim, effect);
    else if (effect->kind == EFFECT_RESUME)
        return; /* guests here always run on when their job is over */
    else if (effect->kind == EFFECT_CHECK && host != TABLE_NONE)
        check_arrived(sim, effect, host);
    else if (effect->kind == EFFECT_CHECK)
        fail_effect(sim, effect->id, "there is no such host");
    else if (effect->kind != EFFECT_REFRESH)
        control_later(sim, effect);
    else if (host == TABLE_NONE)
        fail_effect(sim, effect->id, "there is no such host");
    else if (sim->hosts[host].connected)
        link_report(sim, host, random_between(&sim->wire, 0.01, 0.2));
}
