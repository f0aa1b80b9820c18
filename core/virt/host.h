/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One host, as the main loop sees it: whether it is connected, when to try again, which of
 * its answers are due, and which VMs it last said it has.
 */
#ifndef DROVER_VIRT_HOST_H
#define DROVER_VIRT_HOST_H

#include "virt/state.h"
#include "virt/worker.h"

/* Stuck threads of one host that are borne before no new one is made until one of them ends. */
#define HOST_STUCK_MAX 4

struct virt_host {
    struct virt *virt;
    char *name;
    char *uri;
    struct worker *worker; /* NULL: not connected, and not trying */
    struct tally *tally;
    bool connected;
    char *lost;            /* why, as last posted; NULL: nothing posted since it was connected */
    double retry_at, pause_s;
    double sample_at, report_at; /* when the next is due; monotonic */
    GHashTable *vms;       /* key -> struct host_vm */
};

/* A VM that the host reported. */
struct host_vm {
    char *name;
    int state; /* enum drover_vm_state */
};

struct virt_host *host_new(struct virt *virt, const char *name, const char *uri);
void host_free(struct virt_host *host);

/* Do what is due. */
void host_tick(struct virt_host *host, double now);

/* From the worker: an event to hand on (taken over); the end of the connection. */
void host_deliver(struct virt_host *host, struct event *event);
void host_lost(struct virt_host *host, const char *reason, const char *text);

/* Any thread: a migrating VM began another pass over its memory. */
void host_iteration_note(struct worker *worker, const char *uuid);

struct dial host_dial(const struct virt_host *host);

struct virt_host *virt_host(const struct virt *virt, const char *name);

/* The host, other than `except`, that reported the VM as being there and not down; or NULL. */
struct virt_host *virt_where(const struct virt *virt, const char *key,
                             const struct virt_host *except);

/* The VM's name, where some host reported it; else the key itself. */
const char *virt_vm_name(const struct virt *virt, const char *key);

#endif
