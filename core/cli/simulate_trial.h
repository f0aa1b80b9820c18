/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trials of drover simulate: each with its own fleet, many over several processes, made smaller. */
#ifndef DROVER_CLI_SIMULATE_TRIAL_H
#define DROVER_CLI_SIMULATE_TRIAL_H

#include "command.h"
#include "sim/trial.h"
#include "simulate_load.h"

/* What all trials have in common. */
struct trials {
    struct cli *cli;
    const struct simulation *simulation; /* its fleet, where a trial has no hosts of its own */
    const struct simulate_input *input;
};

/* A trial_run: false where it could not even begin. */
bool trials_run(void *trials, const struct trial *trial, struct simulation_result *result);

/* The command that runs it alone; in the arena. */
const char *trials_command(const struct trials *trials, const struct trial *trial,
                           struct arena *arena);

/*
 * Make a trial that broke a rule smaller, print it as a command, and keep its journal: in the
 * file of --journal, or in one that is named after its seed. -1 with the error set.
 */
int trials_shrink(struct trials *trials, const struct trial *trial,
                  const struct simulation_result *result, struct error *error);

/*
 * So many seeds, each with what it draws, over so many processes; no new one is begun after
 * within_s. Prints what it comes to. The exit status; -1 with the error set.
 */
int trials_soak(struct trials *trials, uint64_t seeds, uint32_t jobs, double within_s,
                struct error *error);

#endif
