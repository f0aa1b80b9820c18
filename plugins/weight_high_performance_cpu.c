/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `high_performance_cpu`: a VM that is bound to real CPUs goes to a host whose sockets,
 * cores and threads are like those that it sees, and one that has CPUs for itself to where it
 * takes the fewest. RHV's "CPU for high performance VMs". Other VMs do not care.
 */
#include "cpu_load.h"

#include <string.h>

/* CPUs as a machine has them, or a guest sees them. */
struct topology {
    double sockets;
    double cores;   /* per socket */
    double threads; /* per core */
};

static struct topology topology_of_vm(const struct drover_vms *vms, uint32_t vm)
{
    struct topology seen = {vms->cpu_sockets[vm], vms->cpu_cores[vm], vms->cpu_threads[vm]};
    if (seen.sockets + seen.cores + seen.threads <= 0)
        seen.sockets = vms->vcpus[vm]; /* QEMU's: each vCPU a socket */
    return (struct topology){fmax(1, seen.sockets), fmax(1, seen.cores), fmax(1, seen.threads)};
}

static struct topology topology_of_host(const struct drover_hosts *hosts, uint32_t host)
{
    double sockets = fmax(1, hosts->sockets[host]), cores = fmax(1, hosts->cores[host]);
    return (struct topology){sockets, fmax(1, floor(cores / sockets)),
                             fmax(1, floor(hosts->threads[host] / cores))};
}

static bool is_bound_to_nodes(const struct drover_vm_nodes *numa, uint32_t vm)
{
    for (uint32_t node = numa->start[vm]; node < numa->start[vm + 1]; node++)
        if (numa->nodes.start[node + 1] > numa->nodes.start[node])
            return true;
    return false;
}

static bool is_concerned(const struct drover_vms *vms, uint32_t vm)
{
    return strcmp(vms->cpu_mode[vm], "host-passthrough") == 0 || vms->cpu_pins[vm][0] ||
           vms->cpu_dedicated[vm] || is_bound_to_nodes(&vms->numa, vm);
}

/* Sockets come first: CPUs that are spread over more of them are further from their memory. */
static double taken(struct topology host, double vcpus)
{
    double cores = ceil(vcpus / host.threads);
    return WEIGHT_MAX * ceil(cores / host.cores) + cores;
}

static double weight_of(const struct drover_fleet *fleet, uint32_t vm, uint32_t host)
{
    struct topology has = topology_of_host(fleet->hosts, host);
    if (fleet->vms->cpu_dedicated[vm])
        return taken(has, fleet->vms->vcpus[vm]);
    struct topology needs = topology_of_vm(fleet->vms, vm);
    bool alike = needs.sockets <= has.sockets && needs.cores <= has.cores &&
                 needs.threads <= has.threads;
    return alike ? 1 : WEIGHT_MAX;
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    bool concerned = is_concerned(ask->fleet->vms, ask->vm);
    for (uint32_t i = 0; i < n; i++)
        weights[i] = concerned ? weight_of(ask->fleet, ask->vm, hosts[i]) : 1;
    stretch_weights(weights, n);
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "high_performance_cpu",
    .summary = "hosts with CPUs laid out as the VM sees them, for VMs bound to CPUs",
    .weigh = weigh,
};

DROVER_PLUGIN("high_performance_cpu", "1.0", &unit)
