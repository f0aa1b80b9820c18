/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bench for tests of decide/ and model/: a source of chance that is the same on every machine,
 * fleets made by hand and by chance, and small units made here, bound by hand.
 */
#ifndef TESTS_DECIDE_BENCH_H
#define TESTS_DECIDE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decide/decide.h"

/* ----------------------------------------------------------------- chance */

struct chance {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 .. n - 1; of nothing: 0 */
static inline uint32_t chance_below(struct chance *chance, uint32_t n)
{
    return n > 0 ? (uint32_t)(chance_next(chance) % n) : 0;
}

static inline bool chance_one_in(struct chance *chance, uint32_t n)
{
    return chance_below(chance, n) == 0;
}

/* ----------------------------------------------------------------- fleets */

static inline struct host bench_host(const char *name)
{
    struct host host;
    field_defaults(host_fields, &host);
    host.name = name;
    host.threads = 8;
    host.memory_mib = 16384;
    host.memory_reserved_mib = 0;
    return host;
}

static inline struct vm bench_vm(const char *name, const char *host)
{
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = name;
    vm.host = host;
    vm.memory_overhead_mib = 0;
    return vm;
}

static inline void bench_put_cluster(struct fleet *fleet, const char *name)
{
    struct cluster cluster;
    field_defaults(cluster_fields, &cluster);
    cluster.name = name;
    fleet_put_cluster(fleet, &cluster);
}

/* ------------------------------------------------------------------ units */

/* 1: not up; 2: no room. A VM costs nothing where it is. */
static inline int bench_room(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                             uint32_t n, uint8_t *verdicts)
{
    (void)self;
    const struct drover_hosts *column = ask->fleet->hosts;
    double need = ask->fleet->vms->memory_mib[ask->vm];
    for (uint32_t i = 0; i < n; i++) {
        bool small = hosts[i] != ask->from && column->memory_schedulable_mib[hosts[i]] < need;
        verdicts[i] = column->state[hosts[i]] != DROVER_HOST_UP ? 1 : small ? 2 : 0;
    }
    return 0;
}

static inline int bench_room_why(void *self, const struct drover_ask *ask, uint32_t host,
                                 uint8_t verdict, struct drover_why *why)
{
    (void)self;
    (void)verdict;
    why->need = ask->fleet->vms->memory_mib[ask->vm];
    why->have = ask->fleet->hosts->memory_schedulable_mib[host];
    return 0;
}

static inline int bench_networks(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                                 uint32_t n, uint8_t *verdicts)
{
    (void)self;
    const struct drover_sets *offered = &ask->fleet->hosts->networks;
    const struct drover_lists *wanted = &ask->fleet->vms->networks;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t w = wanted->start[ask->vm]; w < wanted->start[ask->vm + 1]; w++)
            verdicts[i] |= offered->known[hosts[i]] &&
                           !drover_sets_has(offered, hosts[i], wanted->item[w]);
    return 0;
}

static inline int bench_count(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                              uint32_t n, double *weights)
{
    (void)self;
    const struct drover_hosts *column = ask->fleet->hosts;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = column->vm_count[hosts[i]] + column->vm_pending[hosts[i]];
    return 0;
}

static inline int bench_full(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                             uint32_t n, double *weights)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = -ask->fleet->hosts->memory_schedulable_mib[hosts[i]];
    return 0;
}

/* A unit that does what it is told: its answer for all hosts, and what it returns. */
struct told {
    int result;
    uint8_t verdict;
    double weight;
    const char *words; /* of its failure */
    uint32_t every;    /* fails for each VM whose index divides; 0: as `result` says */
    uint32_t calls;
};

static inline int told_result(struct told *told, const struct drover_ask *ask)
{
    told->calls++;
    if (told->every)
        return ask->vm % told->every == 0 ? DROVER_FAILED : 0;
    return told->result;
}

static inline int bench_told_filter(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                                    uint32_t n, uint8_t *verdicts)
{
    struct told *told = self;
    (void)hosts;
    memset(verdicts, told->verdict, n);
    return told_result(told, ask);
}

static inline int bench_told_weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts,
                                   uint32_t n, double *weights)
{
    struct told *told = self;
    (void)hosts;
    for (uint32_t i = 0; i < n; i++)
        weights[i] = told->weight;
    return told_result(told, ask);
}

static inline const char *bench_told_words(void *self)
{
    return ((struct told *)self)->words;
}

static const struct drover_reason bench_room_reasons[] = {
    {"room.not_up", "is not up", NULL},
    {"room.short", "needs {need} MiB, has {have}; {short} short", "with {short} MiB more"},
    {NULL, NULL, NULL},
};
static const struct drover_reason bench_network_reasons[] = {
    {"networks.missing", "lacks a network", NULL},
    {NULL, NULL, NULL},
};
static const struct drover_unit bench_room_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_FILTER, .name = "room",
    .reasons = bench_room_reasons, .filter = bench_room, .why = bench_room_why,
};
static const struct drover_unit bench_networks_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_FILTER, .name = "networks",
    .reasons = bench_network_reasons, .filter = bench_networks,
};
static const struct drover_unit bench_count_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_WEIGHT, .name = "count",
    .weigh = bench_count,
};
static const struct drover_unit bench_full_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_WEIGHT, .name = "full",
    .weigh = bench_full,
};
static const struct drover_unit bench_told_filter_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_FILTER, .name = "told_filter",
    .filter = bench_told_filter, .failure = bench_told_words,
};
static const struct drover_unit bench_told_weight_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_WEIGHT, .name = "told_weight",
    .weigh = bench_told_weigh, .failure = bench_told_words,
};

/* --------------------------------------------------------------- rulesets */

#define BENCH_UNITS_MAX 8

struct bench_rules {
    struct ruleset set;
    struct bound_unit filters[BENCH_UNITS_MAX];
    struct bound_unit weights[BENCH_UNITS_MAX];
    const struct ruleset *by_cluster[2]; /* the same for the first two clusters */
    struct rules all;
};

static inline struct bench_rules *bench_rules_new(void)
{
    struct bench_rules *rules = calloc(1, sizeof *rules);
    assert_non_null(rules);
    rules->set.name = "bench";
    rules->set.hash = "0";
    rules->set.filters = rules->filters;
    rules->set.weights = rules->weights;
    rules->by_cluster[0] = rules->by_cluster[1] = &rules->set;
    rules->all = (struct rules){.by_cluster = rules->by_cluster, .n = 2};
    return rules;
}

/* Returns the bound unit, to set on_error and the like. */
static inline struct bound_unit *bench_add_filter(struct bench_rules *rules,
                                                  const struct drover_unit *unit, void *self)
{
    assert_true(rules->set.n_filters < BENCH_UNITS_MAX);
    struct bound_unit *bound = &rules->filters[rules->set.n_filters++];
    *bound = (struct bound_unit){.unit = unit, .self = self, .name = unit->name, .factor = 1};
    return bound;
}

static inline struct bound_unit *bench_add_weight(struct bench_rules *rules,
                                                  const struct drover_unit *unit, void *self,
                                                  double factor)
{
    assert_true(rules->set.n_weights < BENCH_UNITS_MAX);
    struct bound_unit *bound = &rules->weights[rules->set.n_weights++];
    *bound = (struct bound_unit){
        .unit = unit, .self = self, .name = unit->name, .factor = factor,
        .on_error = ON_ERROR_NEUTRAL,
    };
    return bound;
}

/* ------------------------------------------------------------- shorthands */

static inline const struct host_verdict *bench_verdict(const struct decision *decision,
                                                       const char *host)
{
    const struct host_verdict *verdicts = decision->hosts.item;
    for (uint32_t i = 0; i < decision->hosts.n; i++)
        if (strcmp(verdicts[i].name, host) == 0)
            return &verdicts[i];
    fail_msg("host %s is not in the decision", host);
    return NULL;
}

static inline const struct planned_move *bench_move(const struct plan *plan, uint32_t i)
{
    assert_true(i < plan->moves.n);
    return &((const struct planned_move *)plan->moves.item)[i];
}

static inline const struct unplaced *bench_unplaced(const struct plan *plan, uint32_t i)
{
    assert_true(i < plan->unplaced.n);
    return &((const struct unplaced *)plan->unplaced.item)[i];
}

static inline const struct unit_failure *bench_failure(const struct rows *failures, uint32_t i)
{
    assert_true(i < failures->n);
    return &((const struct unit_failure *)failures->item)[i];
}

#endif
