/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt tells by itself. Its callbacks run on the main loop (the close callback on any
 * thread), so they only put a job on the worker's queue; the worker then looks at what is so.
 */
#ifndef DROVER_VIRT_EVENTS_H
#define DROVER_VIRT_EVENTS_H

#include "base/error.h"
#include "virt/worker.h"

/* On the worker's thread. */
int events_register(struct worker *worker, struct error *error);
void events_unregister(struct worker *worker);

#endif
