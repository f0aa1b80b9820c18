/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The real world: libvirt. The only room that includes libvirt's headers.
 *
 * libvirt calls block, so they run in workers, never on the loop: each host has a connection
 * and a worker of its own for questions and control, and each migration has a connection and
 * a thread of its own while it runs. A host that hangs costs its own workers and nobody else's.
 *
 * By which of two hosts a migrating VM is reported stands in domain.h.
 */
#ifndef DROVER_VIRT_VIRT_H
#define DROVER_VIRT_VIRT_H

#include "base/error.h"
#include "model/world.h"

/* Once per process, before anything else of this room, on the main thread. */
int virt_initialise(struct error *error);

struct virt;

/*
 * Events are posted to listener on the thread that runs GLib's default main context; it must not
 * close the world from within. The world's close() frees everything and takes two seconds at
 * most: migrations go on without it, and a thread that hangs in a call is left to itself.
 */
struct virt *virt_new(const struct world_listener *listener,
                      const struct definition_keeper *definitions); /* NULL: none are kept */
struct world virt_world(struct virt *virt);

#endif
