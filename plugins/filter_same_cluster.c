/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `same_cluster`: a VM stays within its cluster. drover looks for hosts in the VM's cluster
 * anyway; this holds whoever else proposes one, a balancer or another tool that asks the hook.
 */
#include <drover/plugin.h>

#include <stdio.h>

enum { OTHER = 1 };

static const struct drover_reason reasons[] = {
    {"same_cluster.other", "it is of another cluster: {subject}", "as a host of the VM's cluster"},
    {NULL, NULL, NULL},
};

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    const uint32_t *cluster = ask->fleet->hosts->cluster;
    uint32_t own = ask->fleet->vms->cluster[ask->vm];
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = cluster[hosts[i]] == own ? 0 : OTHER;
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    (void)verdict;
    uint32_t cluster = ask->fleet->hosts->cluster[host];
    if (cluster < ask->fleet->clusters->n)
        snprintf(because->subject, sizeof because->subject, "%s",
                 ask->fleet->clusters->name[cluster]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "same_cluster",
    .summary = "hosts of the VM's cluster",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("same_cluster", "1.0", &unit)
