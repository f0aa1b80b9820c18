/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What guests did once, sample by sample, so that a made world can let them do it again. What a
 * sample says holds until the next of the same VM; the first one holds before its time, too.
 */
#ifndef DROVER_MODEL_TRACE_H
#define DROVER_MODEL_TRACE_H

#include "base/arena.h"

#include <stdint.h>

struct trace_sample {
    const char *vm;     /* its key (vm_key()), in the trace's arena */
    double at_s;        /* after the beginning */
    double cpu_pct;     /* of its vCPUs */
    double dirty_mib_s; /* memory written; NAN: as it is without a trace */
    uint32_t line;      /* where it stood, for messages */
};

struct trace {
    struct trace_sample *samples; /* by VM, then by time; no two are of the same VM and time */
    uint32_t n, capacity;
    struct arena arena;
};

/* Sorts the samples. NULL, or one that is of the same VM and time as the one before it. */
const struct trace_sample *trace_sort(struct trace *trace);

void trace_free(struct trace *trace);

#endif
