/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Orders to fence devices: see daemon.h. Units block, so each order has a thread; what it is about
 * is kept alive by a reference to the set's devices, which outlives droverd's main loop if need be.
 *
 * A device is never told two things at once. An order that finds its device busy waits, but not
 * beyond its own time: one that came minutes late might switch off a host that is back by then.
 */
#include "daemon/daemon.h"

#include "base/memory.h"
#include "virt/outbox.h"
#include "virt/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE_S 2.0  /* beyond its timeout a unit is not waited for longer */
#define LEAST_S 1.0 /* with less time left it is too late to begin */

/* One device, for as long as there are orders for it. */
struct slot {
    struct order *running;
    GQueue waiting; /* struct order */
};

struct fencer {
    struct daemon *daemon;
    struct outbox *outbox;
    GHashTable *slots; /* by "INDEX HOST" */
};

struct order {
    struct note note; /* first: the thread's way back */
    struct fencer *fencer;
    struct slot *slot;
    struct outbox *outbox;
    struct fences *fences;
    const struct fence_device *device;
    struct drover_fence fence;
    int outcome; /* of the unit's callback */
    uint64_t effect;
    const char *host;
    gint64 until_us; /* by the monotonic clock: the unit is to be back */
    guint timer;
    bool told; /* that it did not come back */
    struct arena arena;
};

static void post(struct daemon *daemon, uint64_t effect, const char *host, uint32_t result,
                 const char *text)
{
    struct event *event = daemon_event(EVENT_FENCED);
    event->id = effect;
    event_set(event, &event->host, host);
    event_set(event, &event->name,
              fence_result_names[result <= DROVER_FENCE_FAILED ? result : DROVER_FENCE_UNKNOWN]);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_strdelimit(valid, "\n\r\t\033", ' ');
    event_set(event, &event->text, valid);
    daemon_take(daemon, event);
}

static void order_free(struct note *note)
{
    struct order *order = (struct order *)note;
    struct outbox *outbox = order->outbox;
    fences_unref(order->fences);
    arena_free(&order->arena);
    free(order);
    outbox_unref(outbox);
}

/* ------------------------------------------------------------------ in the thread */

static void *order_main(void *data)
{
    struct order *order = data;
    const struct bound_unit *bound = order->device->unit;
    order->outcome = bound->unit->fence(bound->self, &order->fence);
    outbox_put(order->outbox, &order->note);
    return NULL;
}

/* ------------------------------------------------------------------ on the main loop */

static void stop_timer(struct order *order)
{
    if (order->timer)
        g_source_remove(order->timer);
    order->timer = 0;
}

static double time_left_s(const struct order *order)
{
    return (double)(order->until_us - g_get_monotonic_time()) / 1e6;
}

static void give_up(struct order *order, const char *why)
{
    post(order->fencer->daemon, order->effect, order->host, DROVER_FENCE_UNKNOWN, why);
    stop_timer(order);
    order_free(&order->note);
}

/* The next order of a device that is free. */
static void pump(struct slot *slot)
{
    while (!slot->running && !g_queue_is_empty(&slot->waiting)) {
        struct order *order = g_queue_pop_head(&slot->waiting);
        order->fence.timeout_s = time_left_s(order);
        if (order->fence.timeout_s < LEAST_S) {
            give_up(order, "the device was busy with an earlier order until now");
            continue;
        }
        slot->running = order;
        if (thread_begin(order_main, order) == 0)
            return;
        slot->running = NULL;
        give_up(order, "there is no thread to be had for it");
    }
}

static void deliver(struct note *note)
{
    struct order *order = (struct order *)note;
    struct slot *slot = order->slot;
    const struct bound_unit *bound = order->device->unit;
    const char *why = order->outcome != 0 && bound->unit->failure ?
                          bound->unit->failure(bound->self) : NULL;
    order->fence.text[sizeof order->fence.text - 1] = '\0';
    g_autofree char *text =
        g_strdup_printf("%s%s", order->told ? "too late: " : "",
                        order->outcome == 0 ? order->fence.text
                                            : why ? why : "the unit failed, and does not say why");
    uint32_t result = order->outcome == 0 ? order->fence.result : DROVER_FENCE_UNKNOWN;
    slot->running = NULL;
    post(order->fencer->daemon, order->effect, order->host, result, text);
    stop_timer(order); /* the order itself is freed by the outbox */
    pump(slot);
}

/* Its time is over: it runs, and is heard later or never, or its turn has not come. */
static gboolean on_overrun(gpointer data)
{
    struct order *order = data;
    order->timer = 0;
    if (order->slot->running != order) {
        g_queue_remove(&order->slot->waiting, order);
        give_up(order, "the device is still busy with an earlier order");
        return G_SOURCE_REMOVE;
    }
    order->told = true;
    post(order->fencer->daemon, order->effect, order->host, DROVER_FENCE_UNKNOWN,
         "the device did not answer in time");
    return G_SOURCE_REMOVE;
}

static struct slot *slot_of(struct fencer *fencer, const struct fence_device *device)
{
    g_autofree char *key = g_strdup_printf("%u %s", device->index, device->host);
    struct slot *slot = g_hash_table_lookup(fencer->slots, key);
    if (slot)
        return slot;
    slot = memory_new(sizeof *slot);
    g_queue_init(&slot->waiting);
    g_hash_table_insert(fencer->slots, g_steal_pointer(&key), slot);
    return slot;
}

static struct order *order_new(struct fencer *fencer, const struct effect *effect,
                               const struct fence_device *device)
{
    struct order *order = memory_new(sizeof *order);
    order->note.deliver = deliver;
    order->note.free = order_free;
    order->fencer = fencer;
    order->slot = slot_of(fencer, device);
    order->outbox = outbox_ref(fencer->outbox);
    order->fences = fences_ref(fencer->daemon->set->fences);
    order->device = device;
    order->effect = effect->id;
    order->host = arena_text(&order->arena, effect->host);
    order->until_us = g_get_monotonic_time() + (gint64)(device->timeout_s * 1e6);
    order->timer =
        g_timeout_add((guint)((device->timeout_s + LATE_S) * 1000), on_overrun, order);
    order->fence.size = sizeof order->fence;
    order->fence.host = device->host;
    order->fence.uri = device->uri;
    order->fence.action = (uint32_t)field_choice(fence_action_names, effect->name);
    return order;
}

void fencer_order(struct fencer *fencer, const struct effect *effect)
{
    const struct fence_device *device =
        fences_find(fencer->daemon->set->fences, effect->host, (uint32_t)effect->number);
    if (!device) {
        post(fencer->daemon, effect->id, effect->host, DROVER_FENCE_UNKNOWN,
             "the host has no such fence device any more");
        return;
    }
    struct order *order = order_new(fencer, effect, device);
    g_queue_push_tail(&order->slot->waiting, order);
    pump(order->slot);
}

struct fencer *fencer_new(struct daemon *daemon)
{
    struct fencer *fencer = memory_new(sizeof *fencer);
    fencer->daemon = daemon;
    fencer->outbox = outbox_new();
    fencer->slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free);
    return fencer;
}

static void leave_slot(gpointer key, gpointer value, gpointer data)
{
    struct slot *slot = value;
    (void)key;
    (void)data;
    for (struct order *order; (order = g_queue_pop_head(&slot->waiting));) {
        stop_timer(order);
        order_free(&order->note);
    }
    if (slot->running)
        stop_timer(slot->running);
}

void fencer_free(struct fencer *fencer)
{
    if (!fencer)
        return;
    g_hash_table_foreach(fencer->slots, leave_slot, NULL);
    outbox_close(fencer->outbox); /* after that, threads free the orders that run */
    g_hash_table_unref(fencer->slots);
    outbox_unref(fencer->outbox);
    free(fencer);
}
