/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of drover simulate, told as it happens; and results as text and as JSON. */
#ifndef DROVER_CLI_SIMULATE_STORY_H
#define DROVER_CLI_SIMULATE_STORY_H

#include "command.h"
#include "sim/run.h"

/*
 * Prints the story and the figures, and with --plot draws it; `policy` is its title. The exit
 * status: 1 where a rule was broken; -1 with the error set.
 */
int simulate_story(struct cli *cli, const struct simulation *simulation, const char *policy,
                   struct error *error);

json_t *simulate_result_json(const struct simulation_result *result);

/* Says so where a rule was broken. */
void simulate_print_broken(struct cli *cli, const struct simulation_result *result);

#endif
