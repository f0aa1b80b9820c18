/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host with everything that it has: what is read after connecting, and again now and then. */
#ifndef DROVER_VIRT_REPORT_H
#define DROVER_VIRT_REPORT_H

#include "virt/worker.h"

/* A job. Posts EVENT_HOST_REPORT; or, where its VMs cannot be listed, gives the connection up. */
void report_run(struct worker *worker, struct job *job);

/* Any thread: queue a report, unless one is queued already. */
void report_queue(struct worker *worker);

#endif
