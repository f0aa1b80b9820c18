/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by what measures: a fleet with a policy bound to the built units, and a stopwatch. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "bench/made.h"
#include "decide/decide.h"
#include "plug/plug.h"

struct bench {
    uint32_t hosts, vms;
    struct fleet *fleet;
    struct policies *policies;
    struct plug *plug;
    struct ruleset *set;
    struct columns *columns;
};

/* Ends the program where something cannot be loaded. */
struct bench bench_open(uint32_t hosts, uint32_t vms, const char *policy);
void bench_close(struct bench *bench);

static inline struct rules bench_rules(const struct bench *bench)
{
    return (struct rules){.by_cluster = (const struct ruleset *const *)&bench->set, .n = 1};
}

double bench_now_s(void);   /* of this program's CPU time: others on the machine do not count */
double bench_peak_mib(void); /* resident, since the program began */

/* What is measured: each prints one row of its table. */
void measure_decision(uint32_t hosts, uint32_t vms);
void measure_balance(uint32_t hosts, uint32_t vms);
void measure_drain(uint32_t hosts, uint32_t vms);
void measure_load(uint32_t hosts, uint32_t vms);
void measure_engine(uint32_t hosts, uint32_t vms);
/* PATH OPERATION, n times: a row for each, p50 and p99 and their ratios to the first. */
void measure_spawn(uint32_t runs, char **programs, uint32_t n);

#endif
