/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resilience `migrate`: a host that answers but has become non-operational (it lacks a network or
 * a storage) is left by all its running VMs, the most important first. RHV's "migrate virtual
 * machines". VMs that move only when asked for by name, and pinned ones, stay.
 */
#include <drover/plugin.h>

#include <stdlib.h>

struct entry {
    uint32_t vm;
    double priority;
};

/* Higher priority first, then by name, which is the order of indices. */
static int by_priority(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->priority > b->priority || a->priority < b->priority)
        return a->priority > b->priority ? -1 : 1;
    return a->vm < b->vm ? -1 : a->vm > b->vm;
}

static uint32_t leaving(const struct drover_fleet *fleet, uint32_t host, struct entry *list)
{
    const struct drover_vms *vms = fleet->vms;
    const struct drover_lists *here = &fleet->hosts->vms;
    uint32_t n = 0;
    for (uint32_t i = here->start[host]; i < here->start[host + 1]; i++) {
        uint32_t vm = here->item[i];
        if (vms->host[vm] == host && vms->state[vm] == DROVER_VM_RUNNING &&
            vms->to[vm] == DROVER_NONE && vms->migratable[vm] == DROVER_MIGRATABLE_YES)
            list[n++] = (struct entry){vm, vms->priority[vm]};
    }
    qsort(list, n, sizeof *list, by_priority);
    return n;
}

/* The host itself is no candidate, though it would win: the VM is there, and costs nothing. */
static uint32_t others(const struct drover_hosts *hosts, uint32_t host, uint32_t *list)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < hosts->n; i++)
        if (i != host && hosts->cluster[i] == hosts->cluster[host] &&
            hosts->state[i] == DROVER_HOST_UP)
            list[n++] = i;
    return n;
}

static int resilience(void *self, const struct drover_fleet *fleet,
                      const struct drover_trouble *trouble, struct drover_plan *plan)
{
    (void)self;
    if (trouble->kind != DROVER_TROUBLE_NON_OPERATIONAL)
        return 0;
    struct entry *list = calloc((size_t)fleet->vms->n + 1, sizeof *list);
    uint32_t *hosts = calloc((size_t)fleet->hosts->n + 1, sizeof *hosts);
    int result = list && hosts ? 0 : -1;
    if (result == 0) {
        uint32_t n = leaving(fleet, trouble->host, list);
        uint32_t n_hosts = others(fleet->hosts, trouble->host, hosts);
        for (uint32_t i = 0; i < n && n_hosts > 0; i++)
            plan->propose(plan, &(struct drover_step){
                                    .size = sizeof(struct drover_step),
                                    .kind = DROVER_STEP_MOVE,
                                    .vm = list[i].vm,
                                    .hosts = hosts,
                                    .n_hosts = n_hosts,
                                    .code = "host.non_operational",
                                    .reason = "its host has become non-operational",
                                });
        if (n == 0)
            plan->idle(plan, "no running VM on the host may be moved without being asked for");
        else if (n_hosts == 0)
            plan->idle(plan, "no other host of the cluster is up");
    }
    free(hosts);
    free(list);
    return result;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_RESILIENCE,
    .name = "migrate",
    .summary = "all running VMs leave a host that is non-operational",
    .resilience = resilience,
};

DROVER_PLUGIN("migrate", "1.0", &unit)
