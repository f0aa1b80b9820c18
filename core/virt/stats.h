/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statistics of a host and its VMs: three calls per sample, and none that waits for a VM. */
#ifndef DROVER_VIRT_STATS_H
#define DROVER_VIRT_STATS_H

#include "virt/worker.h"

/* Queue a sample (EVENT_SAMPLE), unless one is queued already. */
void stats_queue(struct worker *worker);

/*
 * On the worker's thread. In percent since it was last asked for; NAN where not known. The first
 * time it waits a moment.
 */
double stats_node_load(struct worker *worker);

/* On the worker's thread. Both in MiB, NAN where not known; what caches hold counts as free. */
void stats_node_memory(struct worker *worker, double *total_mib, double *free_mib);

#endif
