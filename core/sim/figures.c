/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a simulation, as a record. */
#include "sim/run.h"

#define FIGURE(member) offsetof(struct figures, member)
#define COUNT(member) {.key = #member, .type = FIELD_U64, .offset = FIGURE(member)}
#define NUMBER(member) {.key = #member, .type = FIELD_NUMBER, .offset = FIGURE(member)}
#define SMALL(member) {.key = #member, .type = FIELD_U32, .offset = FIGURE(member)}

const struct field figures_fields[] = {
    COUNT(seed),
    NUMBER(virtual_s),
    COUNT(events),
    COUNT(steps),
    COUNT(checks),
    COUNT(ordered),
    COUNT(balanced),
    COUNT(completed),
    COUNT(failed),
    COUNT(aborted),
    COUNT(cancelled),
    COUNT(adopted),
    COUNT(retried),
    NUMBER(carried_mib),
    NUMBER(downtime_s),
    NUMBER(longest_downtime_ms),
    SMALL(drains),
    SMALL(drains_done),
    NUMBER(drain_s),
    NUMBER(longest_drain_s),
    NUMBER(mean_drain_s),
    NUMBER(cpu_imbalance_pct),
    NUMBER(memory_imbalance_pct),
    NUMBER(cpu_imbalance_end_pct),
    NUMBER(memory_imbalance_end_pct),
    NUMBER(vm_seconds_lost),
    COUNT(restarts),
    COUNT(fences),
    COUNT(lied_into),
    COUNT(controllers_killed),
    COUNT(faults_struck),
    {0},
};
