/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One warm decision: where does this VM go, among all hosts. Beside it a plain loop in C that asks
 * the same of each host (up, memory, CPUs, load, networks, storage) and keeps the emptiest: what
 * it would cost without units, ranks and reasons. Then with all units of the policy drover, and with
 * two units in Lua beside those.
 */
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>

#define DECISIONS 4000000 /* hosts looked at, in all */

static bool takes(const struct columns *columns, uint32_t vm, uint32_t h, double need_mib)
{
    const struct drover_hosts *hosts = &columns->hosts;
    if (hosts->state[h] != DROVER_HOST_UP || hosts->cluster[h] != columns->vms.cluster[vm] ||
        hosts->memory_schedulable_mib[h] < need_mib || hosts->cpus[h] < columns->vms.vcpus[vm] ||
        hosts->cpu_usage_pct[h] >= 80)
        return false;
    const struct drover_lists *networks = &columns->vms.networks, *storage = &columns->vms.storage;
    for (uint32_t i = networks->start[vm]; i < networks->start[vm + 1]; i++)
        if (hosts->networks.known[h] && !drover_sets_has(&hosts->networks, h, networks->item[i]))
            return false;
    for (uint32_t i = storage->start[vm]; i < storage->start[vm + 1]; i++)
        if (hosts->storage.known[h] && !drover_sets_has(&hosts->storage, h, storage->item[i]))
            return false;
    return true;
}

static uint32_t plain_scan(const struct columns *columns, uint32_t vm)
{
    const struct drover_hosts *hosts = &columns->hosts;
    double need = columns->vms.memory_mib[vm] + columns->vms.memory_overhead_mib[vm];
    double best = INFINITY;
    uint32_t chosen = DROVER_NONE;
    for (uint32_t h = 0; h < hosts->n; h++) {
        if (!takes(columns, vm, h, need))
            continue;
        double load = hosts->cpu_usage_pct[h] + hosts->cpu_pending[h] / hosts->cpus[h];
        double score = 2 * load / 100 - hosts->memory_schedulable_mib[h] / hosts->memory_mib[h];
        if (score < best) {
            best = score;
            chosen = h;
        }
    }
    return chosen;
}

static uint32_t decide(const struct bench *bench, uint32_t vm, struct arena *scratch)
{
    struct question question = {.vm = vm, .purpose = DROVER_TO_MIGRATE};
    uint32_t host = decide_host(bench->columns, bench->set, &question, scratch);
    arena_clear(scratch);
    return host;
}

/* Nanoseconds for each host. `found` keeps the compiler from leaving the work out. */
static double measure(const struct bench *bench, bool plain, uint32_t times, uint32_t *found)
{
    struct arena scratch = ARENA_INIT;
    uint32_t vms = bench->columns->vms.n;
    *found += decide(bench, 0, &scratch) != DROVER_NONE; /* warm */
    double began = bench_now_s();
    for (uint32_t i = 0; i < times; i++) {
        uint32_t vm = i * 7919 % vms;
        uint32_t host = plain ? plain_scan(bench->columns, vm) : decide(bench, vm, &scratch);
        *found += host != DROVER_NONE;
    }
    double took = bench_now_s() - began;
    arena_free(&scratch);
    return took * 1e9 / times / bench->columns->hosts.n;
}

static uint32_t units_of(const struct bench *bench)
{
    return bench->set->n_filters + bench->set->n_weights;
}

void measure_decision(uint32_t hosts, uint32_t vms)
{
    uint32_t found = 0, times = DECISIONS / hosts;
    struct bench fourteen = bench_open(hosts, vms, "bench_14");
    struct bench bench = bench_open(hosts, vms, "bench_c");
    struct bench lua = bench_open(hosts, vms, "bench_lua");
    double plain = measure(&fourteen, true, times, &found);
    double few = measure(&fourteen, false, times, &found);
    double units = measure(&bench, false, times, &found);
    double with_lua = measure(&lua, false, times / 500 + 1, &found);
    printf("| %u / %u | %.2f | %u | %.1f | %.1f | %u | %.1f | %.1f | %.0f | %.1f |\n", hosts, vms,
           plain, units_of(&fourteen), few * hosts / 1000, few / plain, units_of(&bench),
           units * hosts / 1000, units / plain, with_lua, with_lua / units);
    if (found == 0)
        printf("(nobody found a host)\n");
    bench_close(&lua);
    bench_close(&bench);
    bench_close(&fourteen);
}
