/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fleets to measure with: seeded, of any size, 60 % full. Of ten hosts one is empty, two have
 * 88 % of their memory spoken for, the others lie about the middle. VMs are of 2 to 16 GiB.
 */
#ifndef TESTS_BENCH_MADE_H
#define TESTS_BENCH_MADE_H

#include "model/columns.h"
#include "model/fleet.h"

struct fleet *bench_fleet(uint32_t hosts, uint32_t vms, uint64_t seed, const char *policy);

/* What must hold on every host: the bounds that plans are measured by. */
#define BENCH_MEMORY_PCT 70.0
#define BENCH_SPREAD 1.1 /* vCPUs per CPU, times their mean */

struct bench_state {
    uint32_t beyond;             /* hosts out of bounds */
    uint32_t fewest;             /* VMs that must leave them, whatever is done: a lower bound */
    double memory_pct, vcpu_ratio; /* the highest of a host */
    double memory_spread, vcpu_spread; /* standard deviations over hosts: %, vCPUs per CPU */
};

struct bench_state bench_state(const struct columns *columns);

#endif
