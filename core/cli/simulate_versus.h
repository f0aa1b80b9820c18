/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two policies in the same world: drover simulate --versus. */
#ifndef DROVER_CLI_SIMULATE_VERSUS_H
#define DROVER_CLI_SIMULATE_VERSUS_H

#include "command.h"
#include "sim/run.h"
#include "simulate_load.h"

/*
 * Runs each seed with the rules of `simulation` and with those of input->versus, and prints both
 * with the difference; with more than one seed, the means. With --plot, panels of the first seed.
 * The exit status: 1 where a rule was broken; -1 with the error set.
 */
int simulate_versus(struct cli *cli, const struct simulation *simulation,
                    const struct simulate_input *input, uint64_t seeds, struct error *error);

#endif
