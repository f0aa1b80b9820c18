/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this room keeps: the hosts and the moves. The main loop's thread alone touches it. */
#ifndef DROVER_VIRT_STATE_H
#define DROVER_VIRT_STATE_H

#include "model/world.h"
#include "virt/outbox.h"

#include <glib.h>

struct virt {
    struct world_listener listener;
    struct definition_keeper definitions; /* keep NULL: none are kept */
    struct outbox *outbox;
    GHashTable *hosts; /* name -> struct virt_host */
    GHashTable *moves; /* id -> struct move: those that have not ended */
    GHashTable *ended; /* ids of the effects that asked for those that have */
    unsigned tick;     /* GLib's source */
    /* From the settings. */
    double poll_s, connect_retry_s, call_timeout_s, keepalive_s;
    uint32_t keepalive_count;
    bool keep_all; /* definitions of all VMs, not only of those with ha */
};

/*
 * Post an event, a little later: whoever hears it may at once perform effects, and these must
 * not change what the poster is just walking through. Takes the event over.
 */
void virt_post(struct virt *virt, struct event *event);

/* Post an event about an effect that could not be performed. */
void virt_effect_failed(struct virt *virt, uint64_t effect, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
