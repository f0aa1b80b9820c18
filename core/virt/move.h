/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The moves that the engine asked for, from effect to EVENT_MIGRATION_DONE. The main loop's.
 *
 * A move is carried (an attempt's thread waits for libvirt's call) or watched: it runs already,
 * or the connection of its attempt broke. A watched move has ended when another host
 * reports the VM (well), or when its source twice says that it has it and no migration (not).
 *
 * What is to be changed about a move is wanted until it was done: an abort that comes before
 * libvirt knows of the migration is done as soon as it does.
 */
#ifndef DROVER_VIRT_MOVE_H
#define DROVER_VIRT_MOVE_H

#include "virt/control.h"
#include "virt/migrate.h"
#include "virt/state.h"

void moves_init(struct virt *virt);
void moves_free(struct virt *virt);

/* Effects. One that was performed before, or for a move on its way already, changes nothing. */
void moves_migrate(struct virt *virt, const struct effect *effect);
void moves_watch(struct virt *virt, const struct effect *effect);
void moves_control(struct virt *virt, const struct effect *effect);

void moves_tick(struct virt *virt, double now);

/* What came of it. */
void moves_attempted(struct virt *virt, uint64_t id, enum attempt_outcome outcome,
                     const char *text);
void moves_detoured(struct virt *virt, uint64_t id, const char *code, const char *text);
void moves_looked(struct virt *virt, const struct look *look);

/* The host's worker is gone, and all that it was asked with it. */
void moves_lost_host(struct virt *virt, const char *host);

/* The VM began another pass over its memory: look at its move now. */
void moves_look_now(struct virt *virt, const char *host, const char *vm);

#endif
