/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the writer has to say to the loop: barriers passed, trouble begun or over. The list is
 * under the store's lock; an eventfd wakes the main loop, so that the writer's thread needs
 * nothing of GLib.
 */
#include "base/memory.h"
#include "store/store_private.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

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

static gboolean on_main_context(int fd, GIOCondition condition, gpointer data)
{
    struct store *store = data;
    eventfd_t count;
    (void)condition;
    eventfd_read(fd, &count);
    pthread_mutex_lock(&store->lock);
    struct store_delivery *first = take_all(store);
    pthread_mutex_unlock(&store->lock);
    deliver(store, first);
    return G_SOURCE_CONTINUE;
}

int delivery_open(struct store *store, struct error *error)
{
    store->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (store->wake_fd < 0)
        return error_set(error, ERROR_FAILED, "no eventfd for the journal: %s", strerror(errno));
    store->source = g_unix_fd_add(store->wake_fd, G_IO_IN, on_main_context, store);
    return 0;
}

static void add(struct store *store, struct store_delivery *delivery)
{
    *store->last_delivery = delivery;
    store->last_delivery = &delivery->next;
    eventfd_write(store->wake_fd, 1);
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

void delivery_close(struct store *store)
{
    if (store->wake_fd < 0)
        return;
    g_source_remove(store->source);
    deliver(store, take_all(store));
    close(store->wake_fd);
}
