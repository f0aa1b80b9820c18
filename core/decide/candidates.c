/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Candidates of a question. */
#include "decide/candidates.h"

static bool among(uint32_t host, const uint32_t *hosts, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (hosts[i] == host)
            return true;
    return false;
}

static bool is_candidate(const struct columns *columns, const struct question *question,
                         uint32_t host)
{
    if (columns->hosts.cluster[host] != columns->vms.cluster[question->vm])
        return false;
    if (host == columns->vms.host[question->vm] && !question->stay_allowed &&
        columns->vms.state[question->vm] != DROVER_VM_DOWN)
        return false;
    if (question->n_hosts > 0 && !among(host, question->hosts, question->n_hosts))
        return false;
    return !among(host, question->without, question->n_without);
}

uint32_t candidates_list(const struct columns *columns, const struct question *question,
                         uint32_t *hosts)
{
    uint32_t n = 0;
    for (uint32_t h = 0; h < columns->hosts.n; h++)
        if (is_candidate(columns, question, h))
            hosts[n++] = h;
    return n;
}

const struct ruleset *rules_of(const struct rules *rules, const struct columns *columns,
                               uint32_t vm)
{
    uint32_t cluster = columns->vms.cluster[vm];
    return cluster < rules->n ? rules->by_cluster[cluster] : NULL;
}

bool load_is_out_of_band(const struct ruleset *rules, double cpu_usage_pct)
{
    double load = ceil(cpu_usage_pct); /* RHV rounds the effective load up */
    return load >= rules->parameters.high_utilization || load <= rules->parameters.low_utilization;
}
