/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulation in a few numbers: what stands on its command line. Many are drawn for a soak, and
 * one that fails is made smaller number by number.
 */
#ifndef DROVER_SIM_TRIAL_H
#define DROVER_SIM_TRIAL_H

#include "base/arena.h"
#include "sim/run.h"

struct trial {
    uint64_t seed;
    uint32_t hosts, vms; /* of a made fleet; hosts 0: the fleet comes from a file */
    double duration_s;   /* in whole seconds */
    uint64_t faults;
    const uint32_t *strikes; /* only these faults strike, by their number; not known: all do */
    uint32_t n_strikes;
    bool strikes_known;
};

/* What a seed has drawn: 2 to 24 hosts, 1 to 22 hours, all kinds of faults or about half of them. */
struct trial trial_draw(uint64_t seed);

/* A simulation's own numbers, but for its fleet. */
struct trial trial_of(const struct simulation *simulation);

/* The options of drover simulate that are this trial; in the arena. */
const char *trial_options(const struct trial *trial, struct arena *arena);

/* Copies of texts, with what is the trial's own in place of the simulation's. */
struct simulation trial_simulation(const struct trial *trial, const struct simulation *of,
                                   const struct fleet *fleet);

/* "3,7,9", ascending. -1 with the error set. */
int strikes_parse(const char *text, struct trial *trial, struct arena *arena, struct error *error);

/*
 * Make a trial that fails smaller: a shorter time, fewer kinds of faults, hosts and VMs, and fault
 * by fault. Every smaller one breaks the same rule. It tries at most as often as it is told.
 */
typedef bool trial_run(void *self, const struct trial *trial, struct simulation_result *result);

/* In: `result` of the trial; out: of the smaller one, that is returned. Lists are in the arena. */
struct trial trial_shrink(const struct trial *trial, struct simulation_result *result,
                          uint32_t tries, trial_run *run, void *self, struct arena *arena);

#endif
