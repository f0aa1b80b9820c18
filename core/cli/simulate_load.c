/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See simulate_load.h. */
#include "simulate_load.h"

#include "base/memory.h"
#include "codec/fleet_file.h"
#include "codec/trace_file.h"
#include "offline.h"
#include "plug/plug.h"
#include "policy/policy_file.h"
#include "policy/settings_file.h"
#include "sim/made.h"

#include <stdlib.h>

static int bind(struct simulate_input *input, const struct cluster *cluster, const char *instead,
                struct error *error)
{
    const char *name = instead ? instead : cluster->policy.text;
    const struct policy *policy =
        name ? policies_resolve(input->policies, name, error)
             : policies_resolve_inline(input->policies, cluster->policy.record, error);
    struct ruleset *ruleset = policy ? plug_bind(input->plug, policy, error) : NULL;
    if (!ruleset)
        return -1;
    input->rules[input->n_rules++] = (struct cluster_rules){
        .cluster = cluster->name, .ruleset = ruleset, .policy = policy,
    };
    return 0;
}

static int bind_all(struct simulate_input *input, const char *policy, struct error *error)
{
    const char *instead = policy ? offline_policy_name(input->policies, policy, error) : NULL;
    if (policy && !instead)
        return -1;
    input->rules = memory_array(input->fleet->n_clusters, sizeof *input->rules);
    for (uint32_t i = 0; i < input->fleet->n_clusters; i++) {
        const struct cluster *cluster = input->fleet->clusters[i];
        if (bind(input, cluster, instead, error) < 0)
            return instead ? -1 : error_prefix(error, "cluster %s", cluster->name);
    }
    return 0;
}

int simulate_load(struct simulate_input *input, const struct options *options, uint32_t hosts,
                  uint32_t vms, struct error *error)
{
    const char *file = option_text(options, "--fleet");
    *input = (struct simulate_input){0};
    input->settings = offline_settings(options, error);
    if (!input->settings)
        return -1;
    input->fleet = file ? fleet_file_load(file, error) : made_fleet(hosts, vms, 1);
    if (!input->fleet)
        return -1;
    const char *trace = option_text(options, "--trace");
    input->trace = trace ? trace_file_load(trace, input->fleet, error) : NULL;
    if (trace && !input->trace)
        return -1;
    input->policies = offline_policies(input->settings, error);
    if (!input->policies)
        return -1;
    input->plug = offline_plug(input->settings, options, error);
    if (!input->plug)
        return -1;
    const char *policy = option_text(options, "--policy");
    return bind_all(input, policy || file ? policy : "evenly_distributed", error);
}

void simulate_free(struct simulate_input *input)
{
    for (uint32_t i = 0; i < input->n_rules; i++)
        ruleset_free(input->rules[i].ruleset);
    free(input->rules);
    if (input->plug)
        plug_unref(input->plug);
    if (input->policies)
        policies_free(input->policies);
    if (input->trace)
        trace_free(input->trace);
    if (input->fleet)
        fleet_free(input->fleet);
    if (input->settings)
        settings_free(input->settings);
}
