/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A locked list and an idle source of GLib: see outbox.h. */
#include "virt/outbox.h"

#include "base/memory.h"

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct outbox {
    atomic_int refs;
    pthread_mutex_t lock;
    struct note *first, **last;
    bool scheduled;
    bool closed;
};

struct outbox *outbox_new(void)
{
    struct outbox *outbox = memory_new(sizeof *outbox);
    atomic_init(&outbox->refs, 1);
    pthread_mutex_init(&outbox->lock, NULL);
    outbox->last = &outbox->first;
    return outbox;
}

struct outbox *outbox_ref(struct outbox *outbox)
{
    atomic_fetch_add(&outbox->refs, 1);
    return outbox;
}

void outbox_unref(struct outbox *outbox)
{
    if (atomic_fetch_sub(&outbox->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&outbox->lock);
    free(outbox);
}

static struct note *take_first(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    struct note *note = outbox->first;
    if (note)
        outbox->first = note->next;
    if (!outbox->first)
        outbox->last = &outbox->first;
    if (!note)
        outbox->scheduled = false;
    pthread_mutex_unlock(&outbox->lock);
    return note;
}

/* One by one, so that a delivery that closes the outbox stops the rest. */
static gboolean deliver_all(gpointer data)
{
    struct outbox *outbox = data;
    for (struct note *note; (note = take_first(outbox));) {
        note->deliver(note);
        note->free(note);
    }
    return G_SOURCE_REMOVE;
}

static void release(gpointer data)
{
    outbox_unref(data);
}

void outbox_put(struct outbox *outbox, struct note *note)
{
    note->next = NULL;
    pthread_mutex_lock(&outbox->lock);
    bool refused = outbox->closed;
    bool wake = !refused && !outbox->scheduled;
    if (!refused) {
        *outbox->last = note;
        outbox->last = &note->next;
        outbox->scheduled = true;
    }
    pthread_mutex_unlock(&outbox->lock);
    if (refused)
        note->free(note);
    if (wake)
        g_idle_add_full(G_PRIORITY_DEFAULT, deliver_all, outbox_ref(outbox), release);
}

void outbox_close(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    outbox->closed = true;
    pthread_mutex_unlock(&outbox->lock);
    for (struct note *note; (note = take_first(outbox));)
        note->free(note);
}
