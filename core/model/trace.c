/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces in order. */
#include "model/trace.h"

#include <stdlib.h>
#include <string.h>

static int by_vm_and_time(const void *a, const void *b)
{
    const struct trace_sample *one = a, *other = b;
    int vm = strcmp(one->vm, other->vm);
    if (vm != 0)
        return vm;
    if (one->at_s < other->at_s || one->at_s > other->at_s)
        return one->at_s < other->at_s ? -1 : 1;
    return one->line < other->line ? -1 : 1; /* so that the later line is the one too many */
}

const struct trace_sample *trace_sort(struct trace *trace)
{
    if (trace->n > 0)
        qsort(trace->samples, trace->n, sizeof *trace->samples, by_vm_and_time);
    for (uint32_t i = 1; i < trace->n; i++) {
        const struct trace_sample *sample = &trace->samples[i];
        if (strcmp(sample[-1].vm, sample->vm) == 0 && sample[-1].at_s >= sample->at_s)
            return sample;
    }
    return NULL;
}

void trace_free(struct trace *trace)
{
    free(trace->samples);
    arena_free(&trace->arena);
    free(trace);
}
