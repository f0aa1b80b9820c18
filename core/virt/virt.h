/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The real world: libvirt. The only room that includes libvirt's headers.
 *
 * libvirt calls block, so they run in workers, never on the loop: each host has a connection
 * and a worker of its own for questions and control, and a second connection for migrations,
 * each of which holds a thread while it runs. A host that hangs costs its own workers and
 * nobody else's.
 */
#ifndef DROVER_VIRT_VIRT_H
#define DROVER_VIRT_VIRT_H

#include "base/error.h"
#include "model/world.h"

/* Once per process, before anything else of this room, on the main thread. */
int virt_initialise(struct error *error);

struct virt;

/* Events are posted to listener on the thread that runs GLib's default main context. */
struct virt *virt_new(const struct world_listener *listener);
struct world virt_world(struct virt *virt);

#endif
