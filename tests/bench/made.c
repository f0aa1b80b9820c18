/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fleets to measure with, and how far they are from their bounds. See made.h. */
#include "bench/made.h"

#include "base/memory.h"
#include "sim/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BEGINS_AT 1767225600.0 /* midnight of 2026-01-01, UTC */
#define STREAM_SIZES 7
#define STREAM_HOSTS 8
#define FULL_PCT 60.0
#define OVER_FULL_PCT 88.0

/* How full host i is to be, in percent: 0, 88, or what is left to make 60 on average. */
static double wanted_pct(uint32_t i, struct random *random)
{
    double middle = (FULL_PCT - 0.2 * OVER_FULL_PCT) / 0.7;
    double noise = random_between(random, -12, 12);
    if (i % 10 == 4)
        return 0;
    return i % 10 == 1 || i % 10 == 7 ? OVER_FULL_PCT : middle + noise;
}

static struct vm any_vm(struct arena *arena, uint32_t i, struct random *random)
{
    static const double gib[] = {2, 2, 4, 4, 8, 8, 8, 16, 16};
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = arena_printf(arena, "vm%06u", i + 1);
    vm.memory_mib = gib[random_below(random, 9)] * 1024;
    vm.vcpus = (uint32_t)fmax(1, floor(vm.memory_mib / 4096 * random_between(random, 0.5, 2)));
    vm.cpu_usage_pct = floor(random_between(random, 2, 45));
    vm.dirty_mib_s = floor(random_between(random, 0, 60));
    vm.priority = 10 * random_below(random, 5);
    vm.ha = random_below(random, 3) > 0;
    return vm;
}

/* Of all hosts, the one that is least full for what it is to be; every fourth is twice as large. */
struct quota {
    double wanted, used;
};

static uint32_t neediest(const struct quota *quotas, uint32_t hosts, struct random *random)
{
    uint32_t best = 0;
    double least = INFINITY;
    for (int tries = 0; tries < 12; tries++) { /* of a few: chance makes hosts uneven, and quick */
        uint32_t h = random_below(random, hosts);
        double share = quotas[h].wanted > 0 ? quotas[h].used / quotas[h].wanted : INFINITY;
        if (share < least) {
            least = share;
            best = h;
        }
    }
    return least < INFINITY ? best : neediest(quotas, hosts, random);
}

static void make_hosts(struct fleet *fleet, uint32_t hosts, double mean_mib, double mean_vcpus,
                       const double *load)
{
    for (uint32_t i = 0; i < hosts; i++) {
        struct arena arena = ARENA_INIT;
        struct host host;
        double size = i % 4 == 3 ? 1.6 : 0.8;
        field_defaults(host_fields, &host);
        host.name = arena_printf(&arena, "kvm%04u", i + 1);
        host.cluster = "default";
        host.memory_mib = ceil(size * mean_mib * 100 / FULL_PCT);
        host.threads = (uint32_t)fmax(2, ceil(size * mean_vcpus / 2));
        host.memory_reserved_mib = 0;
        host.cpu_usage_pct = fmin(100, load[i] / host.threads);
        host.cpu_over_since = host.cpu_usage_pct >= 80 ? BEGINS_AT - 600 : NAN;
        host.link_mbps = 10000;
        fleet_put_host(fleet, &host);
        arena_free(&arena);
    }
}

struct fleet *bench_fleet(uint32_t hosts, uint32_t vms, uint64_t seed, const char *policy)
{
    struct fleet *fleet = fleet_new();
    struct random sizes = random_new(seed, STREAM_SIZES), places = random_new(seed, STREAM_HOSTS);
    struct quota *quotas = memory_array(hosts, sizeof *quotas);
    double *load = memory_array(hosts, sizeof *load);
    double memory = 0, vcpus = 0;
    struct cluster cluster;
    field_defaults(cluster_fields, &cluster);
    cluster.name = "default";
    cluster.policy.text = policy;
    fleet->now = BEGINS_AT;
    fleet_put_cluster(fleet, &cluster);
    for (uint32_t i = 0; i < hosts; i++)
        quotas[i].wanted = wanted_pct(i, &places) * (i % 4 == 3 ? 1.6 : 0.8);
    for (uint32_t i = 0; i < vms; i++) {
        struct arena arena = ARENA_INIT;
        struct vm vm = any_vm(&arena, i, &sizes);
        uint32_t on = neediest(quotas, hosts, &places);
        vm.host = arena_printf(&arena, "kvm%04u", on + 1);
        quotas[on].used += vm.memory_mib + vm_overhead_mib(&vm);
        load[on] += vm.cpu_usage_pct * vm.vcpus;
        memory += vm.memory_mib + vm_overhead_mib(&vm);
        vcpus += vm.vcpus;
        fleet_put_vm(fleet, &vm);
        arena_free(&arena);
    }
    make_hosts(fleet, hosts, memory / hosts, vcpus / hosts, load);
    free(quotas);
    free(load);
    return fleet;
}

/* --- how far from the bounds ------------------------------------------------------------------ */

struct bounds {
    double memory_share, vcpu_ratio, mean_share, mean_ratio;
};

static struct bounds bounds_of(const struct columns *columns)
{
    const struct drover_hosts *hosts = &columns->hosts;
    double memory = 0, committed = 0, vcpus = 0, cpus = 0;
    for (uint32_t h = 0; h < hosts->n; h++) {
        memory += hosts->memory_mib[h];
        committed += hosts->memory_committed_mib[h];
        vcpus += hosts->vcpus[h];
        cpus += hosts->cpus[h];
    }
    return (struct bounds){BENCH_MEMORY_PCT / 100, BENCH_SPREAD * vcpus / cpus,
                           committed / memory, vcpus / cpus};
}

/*
 * The fewest VMs that must leave a host for it to be within bounds: of all sets of k VMs that take
 * v vCPUs along, the one with the most memory is kept (v counts up to what is needed).
 */
static uint32_t fewest_to_leave(const struct columns *columns, uint32_t host,
                                const struct bounds *bounds)
{
    const struct drover_hosts *hosts = &columns->hosts;
    uint32_t first = hosts->vms.start[host], n = hosts->vms.start[host + 1] - first;
    double memory = hosts->memory_committed_mib[host] -
                    bounds->memory_share * hosts->memory_mib[host];
    double over = hosts->vcpus[host] - bounds->vcpu_ratio * hosts->cpus[host];
    uint32_t need = over > 1e-9 ? (uint32_t)ceil(over - 1e-9) : 0, fewest = 0;
    if (memory <= 1e-6 && need == 0)
        return 0;
    double *most = memory_array((size_t)(n + 1) * (need + 1), sizeof *most);
    for (size_t i = 0; i < (size_t)(n + 1) * (need + 1); i++)
        most[i] = i == 0 ? 0 : -INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t vm = hosts->vms.item[first + i], vcpus = columns->vms.vcpus[vm];
        double mib = columns->vms.memory_mib[vm] + columns->vms.memory_overhead_mib[vm];
        for (uint32_t k = i + 1; k-- > 0;)
            for (uint32_t v = need + 1; v-- > 0;) {
                uint32_t with = v + vcpus < need ? v + vcpus : need;
                double *place = &most[(size_t)(k + 1) * (need + 1) + with];
                *place = fmax(*place, most[(size_t)k * (need + 1) + v] + mib);
            }
    }
    while (fewest < n && most[(size_t)fewest * (need + 1) + need] < memory - 1e-6)
        fewest++;
    free(most);
    return fewest;
}

struct bench_state bench_state(const struct columns *columns)
{
    const struct drover_hosts *hosts = &columns->hosts;
    struct bounds bounds = bounds_of(columns);
    struct bench_state state = {0};
    for (uint32_t h = 0; h < hosts->n; h++) {
        double share = hosts->memory_committed_mib[h] / hosts->memory_mib[h];
        double ratio = hosts->vcpus[h] / hosts->cpus[h];
        state.beyond += share > bounds.memory_share + 1e-9 || ratio > bounds.vcpu_ratio + 1e-9;
        state.fewest += fewest_to_leave(columns, h, &bounds);
        state.memory_pct = fmax(state.memory_pct, 100 * share);
        state.vcpu_ratio = fmax(state.vcpu_ratio, ratio);
        state.memory_spread += pow(100 * (share - bounds.mean_share), 2) / hosts->n;
        state.vcpu_spread += pow(ratio - bounds.mean_ratio, 2) / hosts->n;
    }
    state.memory_spread = sqrt(state.memory_spread);
    state.vcpu_spread = sqrt(state.vcpu_spread);
    return state;
}
