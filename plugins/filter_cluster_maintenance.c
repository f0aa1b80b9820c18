/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `cluster_maintenance`: while a cluster is worked on nothing new is started but what must
 * be up. VMs that run may move: that is what maintenance is about. RHV's ClusterInMaintenance.
 */
#include <drover/plugin.h>

enum { NOT_HA = 1 };

static const struct drover_reason reasons[] = {
    {"cluster_maintenance.not_ha",
     "the cluster is in maintenance, and the VM is not highly available",
     "once maintenance of the cluster is over, or with ha: yes"},
    {NULL, NULL, NULL},
};

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts)
{
    (void)self;
    (void)hosts;
    bool runs = ask->from != DROVER_NONE, ha = ask->fleet->vms->ha[ask->vm];
    memset(verdicts, runs || ha ? 0 : NOT_HA, n);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "cluster_maintenance",
    .summary = "while a cluster is worked on only highly available VMs are started",
    .reasons = reasons,
    .filter = filter,
};

DROVER_PLUGIN("cluster_maintenance", "1.0", &unit)
