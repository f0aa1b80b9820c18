/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errands: to start a VM on a host from its last known definition, or from the one that is there;
 * to remove a definition that was left behind; to have a guest shut down; to take a definition
 * to another host (carry.h); and to measure how fast a VM dirties its memory. Each has a thread and a
 * connection of its own for as long as libvirt takes, since a start waits for storage and for hooks.
 *
 * None can make a second copy by itself: libvirt starts no domain twice on one host, and that
 * it runs on no other the engine has proven. A definition is removed only while it is off.
 */
#ifndef DROVER_VIRT_ERRAND_H
#define DROVER_VIRT_ERRAND_H

#include "virt/state.h"

/* Effects. What comes of a start is EVENT_START_DONE; a start that is ordered again is done once. */
void errand_start(struct virt *virt, const struct effect *effect);
void errand_undefine(struct virt *virt, const struct effect *effect);
void errand_measure(struct virt *virt, const struct effect *effect); /* EVENT_MEASURED answers */

/* What comes of these is EVENT_STEP_DONE. */
void errand_shutdown(struct virt *virt, const struct effect *effect);
void errand_carry(struct virt *virt, const struct effect *effect);

#endif
