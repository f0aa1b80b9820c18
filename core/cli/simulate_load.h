/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulation works with, from files: a fleet, settings, and a bound policy per cluster. */
#ifndef DROVER_CLI_SIMULATE_LOAD_H
#define DROVER_CLI_SIMULATE_LOAD_H

#include "base/error.h"
#include "model/event.h"
#include "option.h"

struct simulate_input {
    struct fleet *fleet;
    struct settings *settings;
    struct trace *trace; /* NULL: none */
    struct policies *policies;
    struct plug *plug;
    struct cluster_rules *rules; /* of each cluster */
    uint32_t n_rules;
    const char *policy;           /* its name, or words for that of several */
    struct cluster_rules *versus; /* of each cluster, for --versus; NULL: none */
    const char *versus_policy;
};

/*
 * By --fleet, or where that was not given a fleet of so many hosts and VMs; with --trace, --policy,
 * --versus, --plugin, --plugin-dir, --config. -1 with the error set; free what there is in either case.
 */
int simulate_load(struct simulate_input *input, const struct options *options, uint32_t hosts,
                  uint32_t vms, struct error *error);
void simulate_free(struct simulate_input *input);

#endif
