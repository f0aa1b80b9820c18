/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Candidates of a question. */
#include "decide/candidates.h"

#include "base/memory.h"

#include <stdlib.h>

#define WANTED 1
#define UNWANTED 2

static bool may_go(const struct columns *columns, const struct question *question, uint32_t host)
{
    return columns->hosts.cluster[host] == columns->vms.cluster[question->vm] &&
           (host != columns->vms.host[question->vm] || question->stay_allowed ||
            columns->vms.state[question->vm] == DROVER_VM_DOWN);
}

/* A question about one host, which plans ask by the thousand, does not look at all of them. */
static uint32_t the_only_one(const struct columns *columns, const struct question *question,
                             uint32_t *hosts)
{
    hosts[0] = question->hosts[0];
    return hosts[0] < columns->hosts.n && may_go(columns, question, hosts[0]);
}

/* Nobody is named: its cluster's. */
static uint32_t all_of_cluster(const struct columns *columns, const struct question *question,
                               uint32_t *hosts)
{
    uint32_t n = 0, own = columns->vms.host[question->vm];
    uint32_t cluster = columns->vms.cluster[question->vm];
    const uint32_t *of = columns->hosts.cluster;
    if (own != DROVER_NONE && may_go(columns, question, own))
        own = DROVER_NONE; /* is one like all others */
    for (uint32_t h = 0; h < columns->hosts.n; h++) {
        hosts[n] = h;
        n += of[h] == cluster && h != own;
    }
    return n;
}

uint32_t candidates_list(const struct columns *columns, const struct question *question,
                         uint32_t *hosts)
{
    uint32_t n = 0;
    if (question->n_hosts == 0 && question->n_without == 0)
        return all_of_cluster(columns, question, hosts);
    if (question->n_hosts == 1 && question->n_without == 0)
        return the_only_one(columns, question, hosts);
    uint8_t *named = memory_array(columns->hosts.n, 1);
    for (uint32_t i = 0; i < question->n_hosts; i++)
        if (question->hosts[i] < columns->hosts.n) /* one that was asked for may have gone */
            named[question->hosts[i]] |= WANTED;
    for (uint32_t i = 0; i < question->n_without; i++)
        named[question->without[i]] |= UNWANTED;
    for (uint32_t h = 0; h < columns->hosts.n; h++)
        if (named[h] == (question->n_hosts > 0 ? WANTED : 0) && may_go(columns, question, h))
            hosts[n++] = h;
    free(named);
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
