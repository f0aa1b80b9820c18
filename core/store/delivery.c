/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the writer has to say to the loop: barriers passed, trouble begun or over. The list is
 * under the store's lock; GLib is only asked to call us on its default main context.
 */
#include "base/memory.h"
#include "store/store_private.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct store_delivery *take_all(struct store *store)
{
    struct store_delivery *first = store->deliveries;
    store->deliveries = NULL;
    store->last_delivery = &store->deliveries;
    return first;
}

static void deliver(struct store *store, struct store_delivery *delivery)
{
    while (delivery) {
        struct store_delivery *next = delivery->next;
        if (delivery->done)
            delivery->done(delivery->self, delivery->flag);
        else if (store->notice)
            store->notice(store->notice_self, delivery->flag, delivery->text);
        free(delivery);
        delivery = next;
    }
}

static gboolean on_main_context(gpointer data)
{
    struct store *store = data;
    pthread_mutex_lock(&store->lock);
    store->source = 0;
    struct store_delivery *first = take_all(store);
    pthread_mutex_unlock(&store->lock);
    deliver(store, first);
    return G_SOURCE_REMOVE;
}

static void add(struct store *store, struct store_delivery *delivery)
{
    *store->last_delivery = delivery;
    store->last_delivery = &delivery->next;
    if (!store->source)
        store->source = g_idle_add_full(G_PRIORITY_DEFAULT, on_main_context, store, NULL);
}

void delivery_barrier(struct store *store, const struct store_entry *entry, bool on_disk)
{
    struct store_delivery *delivery = memory_new(sizeof *delivery);
    delivery->done = entry->done;
    delivery->self = entry->self;
    delivery->flag = on_disk;
    add(store, delivery);
}

void delivery_notice(struct store *store, bool failing, const char *format, ...)
{
    struct store_delivery *delivery = memory_new(sizeof *delivery);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(delivery->text, sizeof delivery->text, format, arguments);
    va_end(arguments);
    delivery->flag = failing;
    add(store, delivery);
}

void delivery_flush(struct store *store)
{
    if (store->source)
        g_source_remove(store->source);
    store->source = 0;
    deliver(store, take_all(store));
}
