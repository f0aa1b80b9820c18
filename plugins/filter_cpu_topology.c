/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `cpu_topology`: the host's cores are shaped as the VM's dedicated CPUs need them. Threads
 * that the guest takes for siblings must be siblings, so a core there has at least as many. A VM
 * that is resized to its host (label `cpu_policy: resize_and_pin_numa`) needs sockets of several
 * cores, each a NUMA node. RHV's rule; mandatory. VMs that share CPUs are not concerned.
 */
#include <drover/plugin.h>

enum { UNKNOWN = 1, FEW_THREADS, ONE_CORE, SOCKETS };

static const struct drover_reason reasons[] = {
    {"cpu_topology.unknown", "its number of cores is not known", "once libvirt has told it"},
    {"cpu_topology.threads", "the VM has {need} threads to a core, its cores have {have}",
     "with cores of {need} threads, or fewer threads to a core of the VM"},
    {"cpu_topology.one_core", "its sockets have one core each, and the VM is to be sized by them",
     NULL},
    {"cpu_topology.sockets",
     "it has {need} sockets and {have} NUMA nodes, and the VM is to be sized by sockets that are "
     "nodes",
     NULL},
    {NULL, NULL, NULL},
};

static bool is_resized(const struct drover_ask *ask)
{
    const char *policy = drover_label(&ask->fleet->vms->labels, ask->vm, "cpu_policy");
    return policy && strcmp(policy, "resize_and_pin_numa") == 0;
}

static uint32_t nodes_of(const struct drover_hosts *hosts, uint32_t host)
{
    return hosts->numa.start[host + 1] - hosts->numa.start[host];
}

static uint8_t judge(const struct drover_hosts *hosts, uint32_t host, bool resized,
                     uint32_t threads)
{
    uint32_t cores = hosts->cores[host];
    if (cores == 0 || hosts->sockets[host] == 0)
        return UNKNOWN;
    if (resized && cores / hosts->sockets[host] <= 1)
        return ONE_CORE;
    if (resized && hosts->sockets[host] != nodes_of(hosts, host))
        return SOCKETS;
    return hosts->threads[host] / cores < threads ? FEW_THREADS : 0;
}

static int filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    (void)self;
    const struct drover_vms *vms = ask->fleet->vms;
    bool resized = is_resized(ask), dedicated = vms->cpu_dedicated[ask->vm];
    uint32_t threads = dedicated ? vms->cpu_threads[ask->vm] : 0;
    memset(verdicts, 0, n);
    if (!resized && !dedicated)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        verdicts[i] = hosts[i] == ask->from
                          ? 0
                          : judge(ask->fleet->hosts, hosts[i], resized, threads);
    return 0;
}

static int why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    (void)self;
    const struct drover_hosts *hosts = ask->fleet->hosts;
    if (verdict == FEW_THREADS) {
        because->need = ask->fleet->vms->cpu_threads[ask->vm];
        uint32_t threads_per_core = hosts->threads[host] / hosts->cores[host];
        because->have = threads_per_core;
    } else if (verdict == SOCKETS) {
        because->need = hosts->sockets[host];
        because->have = nodes_of(hosts, host);
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .flags = DROVER_MANDATORY,
    .name = "cpu_topology",
    .summary = "hosts whose cores are shaped as the VM's dedicated CPUs need them",
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("cpu_topology", "1.0", &unit)
