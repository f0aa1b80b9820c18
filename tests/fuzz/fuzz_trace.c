/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces, as CSV and as YAML. What is read is in order, and in bounds. */
#include "fuzz/fuzz.h"

#include "codec/trace_file.h"

static struct fleet *fleet_of_three(void)
{
    struct fleet *fleet = fleet_new();
    for (int i = 0; i < 3; i++) {
        char name[] = {(char)('a' + i), '\0'};
        struct vm vm;
        field_defaults(vm_fields, &vm);
        vm.name = name;
        fleet_put_vm(fleet, &vm);
    }
    return fleet;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    struct fleet *fleet = fleet_of_three();
    struct trace *trace = trace_file_read("input", (const char *)bytes, length, fleet, &error);
    if (!trace)
        fuzz_must(error.kind == ERROR_INPUT, "refused without a word", error.text, NULL);
    for (uint32_t i = 0; trace && i < trace->n; i++) {
        const struct trace_sample *sample = &trace->samples[i];
        fuzz_must(sample->at_s >= 0 && sample->cpu_pct >= 0 && sample->cpu_pct <= 100,
                  "out of bounds", sample->vm, NULL);
        fuzz_must(i == 0 || strcmp(sample[-1].vm, sample->vm) < 0 ||
                      sample[-1].at_s < sample->at_s, "out of order", sample->vm, NULL);
    }
    if (trace)
        trace_free(trace);
    fleet_free(fleet);
    return 0;
}
