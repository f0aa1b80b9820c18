/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the workers to the main loop: notes, delivered in the order in which they were put, on
 * the thread that runs GLib's default main context.
 *
 * The lock is a pthread mutex and not one of GLib's, as in all of this room: the thread
 * sanitizer sees through the one and not through the other.
 */
#ifndef DROVER_VIRT_OUTBOX_H
#define DROVER_VIRT_OUTBOX_H

struct note {
    struct note *next;
    void (*deliver)(struct note *note); /* on the main loop */
    void (*free)(struct note *note);    /* always called once, delivered or not; on any thread */
};

struct outbox;

struct outbox *outbox_new(void);
struct outbox *outbox_ref(struct outbox *outbox);
void outbox_unref(struct outbox *outbox);

/* Any thread. Takes the note over. */
void outbox_put(struct outbox *outbox, struct note *note);

/* Main loop: what is still in it, and all that is put from now on, is freed undelivered. */
void outbox_close(struct outbox *outbox);

#endif
