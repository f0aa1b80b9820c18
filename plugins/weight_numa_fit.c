/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `numa_fit`: hosts where the VM fits one NUMA node, so that all its memory is near all its
 * CPUs. RHV's "Fit VM to single host NUMA node". A VM that is shown nodes of its own can deal with
 * several, and does not care. It says yes or no: how many nodes fit would draw all VMs to the hosts
 * with most nodes.
 */
#include <drover/plugin.h>

#define FITS 1.0
#define FITS_NOT 1000.0

static double weight_of(const struct drover_host_nodes *numa, uint32_t host, double memory_mib,
                        double vcpus)
{
    uint32_t first = numa->start[host], end = numa->start[host + 1];
    for (uint32_t node = first; node < end; node++)
        if (numa->memory_mib[node] >= memory_mib && numa->cpus[node] >= vcpus)
            return FITS;
    return first == end ? FITS : FITS_NOT; /* no nodes: its memory is all the same */
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    const struct drover_vms *vms = ask->fleet->vms;
    bool has_nodes = vms->numa.start[ask->vm + 1] > vms->numa.start[ask->vm];
    for (uint32_t i = 0; i < n; i++)
        weights[i] = has_nodes ? FITS
                               : weight_of(&ask->fleet->hosts->numa, hosts[i],
                                           vms->memory_mib[ask->vm], vms->vcpus[ask->vm]);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "numa_fit",
    .summary = "hosts where the VM fits one NUMA node",
    .weigh = weigh,
};

DROVER_PLUGIN("numa_fit", "1.0", &unit)
