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
#include <string.h>

static int bind_shadow(struct simulate_input *input, const struct cluster *cluster,
                       struct cluster_rules *rules, struct error *error)
{
    if (!cluster->shadow)
        return 0;
    rules->shadow_policy = policies_resolve(input->policies, cluster->shadow, error);
    if (rules->shadow_policy)
        rules->shadow = plug_bind(input->plug, rules->shadow_policy, error);
    return rules->shadow ? 0 : error_prefix(error, "shadow");
}

static int bind(struct simulate_input *input, const struct cluster *cluster, const char *instead,
                struct cluster_rules *rules, struct error *error)
{
    const char *name = instead ? instead : cluster->policy.text;
    const struct policy *policy =
        name ? policies_resolve(input->policies, name, error)
             : policies_resolve_inline(input->policies, cluster->policy.record, error);
    struct ruleset *ruleset = policy ? plug_bind(input->plug, policy, error) : NULL;
    if (!ruleset)
        return -1;
    *rules = (struct cluster_rules){
        .cluster = cluster->name, .ruleset = ruleset, .policy = policy,
    };
    return bind_shadow(input, cluster, rules, error);
}

/* instead: for every cluster; NULL: what it says itself. *rules is the caller's in any case. */
static int bind_all(struct simulate_input *input, const char *instead,
                    struct cluster_rules **rules, struct error *error)
{
    *rules = memory_array(input->fleet->n_clusters, sizeof **rules);
    for (uint32_t i = 0; i < input->fleet->n_clusters; i++) {
        const struct cluster *cluster = input->fleet->clusters[i];
        if (bind(input, cluster, instead, &(*rules)[i], error) < 0)
            return instead ? -1 : error_prefix(error, "cluster %s", cluster->name);
    }
    return 0;
}

static const char *name_in_fleet(const struct fleet *fleet)
{
    const char *name = fleet->n_clusters ? fleet->clusters[0]->policy.text : NULL;
    for (uint32_t i = 1; name && i < fleet->n_clusters; i++)
        if (!fleet->clusters[i]->policy.text || strcmp(fleet->clusters[i]->policy.text, name) != 0)
            name = NULL;
    return name ? name : "the fleet's policies";
}

static int bind_policies(struct simulate_input *input, const char *policy, const char *versus,
                         struct error *error)
{
    const char *instead = policy ? offline_policy_name(input->policies, policy, error) : NULL;
    if (policy && !instead)
        return -1;
    input->policy = instead ? instead : name_in_fleet(input->fleet);
    if (bind_all(input, instead, &input->rules, error) < 0)
        return -1;
    input->n_rules = input->fleet->n_clusters;
    if (!versus)
        return 0;
    input->versus_policy = offline_policy_name(input->policies, versus, error);
    return input->versus_policy
               ? bind_all(input, input->versus_policy, &input->versus, error) : -1;
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
    return bind_policies(input, policy || file ? policy : "evenly_distributed",
                         option_text(options, "--versus"), error);
}

static void free_rules(const struct simulate_input *input, struct cluster_rules *rules)
{
    for (uint32_t i = 0; rules && i < input->fleet->n_clusters; i++) {
        ruleset_free(rules[i].ruleset);
        ruleset_free(rules[i].shadow);
    }
    free(rules);
}

void simulate_free(struct simulate_input *input)
{
    free_rules(input, input->rules);
    free_rules(input, input->versus);
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
