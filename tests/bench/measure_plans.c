/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole plans: balancing by `drover`, emptying the fullest host, the death of that host. */
#include "bench/bench.h"

#include "codec/fleet_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COOLDOWN_S 1800

static struct plan *balance(const struct bench *bench)
{
    struct rules rules = bench_rules(bench);
    return plan_balance(bench->columns, &rules, 0, UINT32_MAX, COOLDOWN_S);
}

void measure_balance(uint32_t hosts, uint32_t vms)
{
    struct bench bench = bench_open(hosts, vms, "drover");
    struct bench_state before = bench_state(bench.columns);
    double began = bench_now_s();
    struct plan *plan = balance(&bench);
    double took = bench_now_s() - began, peak = bench_peak_mib();
    struct bench_state after = bench_state(bench.columns);
    struct plan *again = balance(&bench);
    printf("| %u / %u | %.3f | %.0f | %u | %u | %+.1f %% | %u -> %u | %.0f -> %.0f | "
           "%.1f -> %.1f | %.2f -> %.2f | %u |\n",
           hosts, vms, took, peak, plan->moves.n, before.fewest,
           before.fewest ? 100.0 * plan->moves.n / before.fewest - 100 : 0, before.beyond,
           after.beyond, before.memory_pct, after.memory_pct, before.memory_spread,
           after.memory_spread, before.vcpu_spread, after.vcpu_spread, again->moves.n);
    plan_free(plan);
    plan_free(again);
    bench_close(&bench);
}

static uint32_t fullest(const struct columns *columns)
{
    const struct drover_hosts *hosts = &columns->hosts;
    uint32_t best = 0;
    for (uint32_t h = 1; h < hosts->n; h++)
        if (hosts->memory_committed_mib[h] > hosts->memory_committed_mib[best])
            best = h;
    return best;
}

void measure_drain(uint32_t hosts, uint32_t vms)
{
    struct bench bench = bench_open(hosts, vms, "drover");
    struct rules rules = bench_rules(&bench);
    uint32_t host = fullest(bench.columns), n = bench.columns->hosts.vm_count[host];
    double began = bench_now_s();
    struct plan *drain = plan_drain(bench.columns, &rules, host);
    double drained = bench_now_s() - began;
    columns_free(bench.columns);
    bench.columns = columns_new(bench.fleet);
    began = bench_now_s();
    struct plan *fail = plan_fail(bench.columns, &rules, host);
    double failed = bench_now_s() - began;
    printf("| %u / %u | %u | %.3f | %u + %u | %.3f | %u + %u |\n", hosts, vms, n, drained * 1000,
           drain->moves.n, drain->unplaced.n, failed * 1000, fail->starts.n, fail->unplaced.n);
    plan_free(drain);
    plan_free(fail);
    bench_close(&bench);
}

/* From a text to columns that decide: what --fleet FILE does before it answers. */
void measure_load(uint32_t hosts, uint32_t vms)
{
    struct error error = ERROR_INIT;
    struct fleet *made = bench_fleet(hosts, vms, 1, "drover");
    char *text = fleet_file_write(made);
    size_t length = strlen(text);
    fleet_free(made);
    double began = bench_now_s();
    struct fleet *fleet = fleet_file_read("bench", text, length, &error);
    double read = bench_now_s() - began;
    if (!fleet) {
        fprintf(stderr, "bench: %s\n", error.text);
        exit(1);
    }
    began = bench_now_s();
    struct columns *columns = columns_new(fleet);
    double made_columns = bench_now_s() - began;
    printf("| %u / %u | %.1f | %.3f | %.1f | %.3f | %.1f |\n", hosts, vms, (double)length / 1e6,
           read, read * 1e6 / (hosts + vms), made_columns,
           ((double)fleet->arena.bytes + (double)columns->arena.bytes) / 1048576);
    columns_free(columns);
    fleet_free(fleet);
    free(text);
}
