/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM where its migration has ended: what it is like there, what libvirt kept of the job (the
 * pause as it was measured, say), and a guest that drover had paused and that stands still yet.
 */
#ifndef DROVER_VIRT_ARRIVAL_H
#define DROVER_VIRT_ARRIVAL_H

#include "virt/state.h"

/*
 * Effects. The check is answered by EVENT_MIGRATION_CHECKED where the host is connected, and not
 * at all where it is not: then there is nothing to be told. Both go over the connection that is
 * never busy with a migration.
 */
void arrival_check(struct virt *virt, const struct effect *effect);
void arrival_resume(struct virt *virt, const struct effect *effect);

#endif
