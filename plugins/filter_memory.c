/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter `memory`: room for the VM, twice. Physically: what is free now, less what is promised,
 * plus free swap. By account: what the cluster's overcommit leaves to be handed out. RHV's rule.
 */
#include <drover/plugin.h>

struct self {
    double reserve_mib;
};

enum { SHORT = 1, OVERCOMMITTED, UNKNOWN };

static const struct drover_reason reasons[] = {
    {"memory.short", "needs {need} MiB, has {have} MiB free; {short} MiB short",
     "with {short} MiB more free memory"},
    {"memory.overcommitted",
     "needs {need} MiB, has {have} MiB left within the cluster's overcommit; {short} MiB short",
     "with {short} MiB less promised to its VMs, or a higher memory_overcommit_pct"},
    {"memory.unknown", "its free memory is not known", "once its statistics have been read"},
    {NULL, NULL, NULL},
};

static const struct drover_parameter parameters[] = {
    {"memory_reserve", DROVER_MEMORY_MIB, "MiB", 0, 67108864, "0", NULL,
     "memory that must be left on the host when the VM is there",
     offsetof(struct self, reserve_mib)},
    {NULL, 0, NULL, 0, 0, NULL, NULL, NULL, 0},
};

struct demand {
    double physical_mib;  /* of ordinary pages */
    double hugepages_mib; /* from the host's pool */
    double total_mib;
};

static struct demand demand_of(const struct drover_vms *vms, uint32_t vm)
{
    double memory = vms->memory_mib[vm], overhead = vms->memory_overhead_mib[vm];
    double huge = vms->hugepages_kib[vm] > 0 ? memory : 0;
    return (struct demand){memory - huge + overhead, huge, memory + overhead};
}

/* A VM costs nothing where it is, and where it is expected its memory is already counted. */
static bool costs(const struct drover_ask *ask, uint32_t host)
{
    return host != ask->from && host != ask->fleet->vms->to[ask->vm];
}

static double physical_mib(const struct drover_hosts *hosts, uint32_t host, double hugepages_mib)
{
    return hosts->memory_free_mib[host] - hosts->memory_pending_mib[host] - hugepages_mib;
}

static int filter(void *data, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *restrict verdicts)
{
    const struct self *self = data;
    const struct drover_hosts *column = ask->fleet->hosts;
    struct demand need = demand_of(ask->fleet->vms, ask->vm);
    /* A paused VM was admitted before; it only goes on. */
    bool paused = ask->fleet->vms->state[ask->vm] == DROVER_VM_PAUSED;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t h = hosts[i];
        double free = physical_mib(column, h, need.hugepages_mib) - self->reserve_mib;
        double account = column->memory_schedulable_mib[h] - self->reserve_mib;
        bool unknown = isnan(free) || isnan(account);
        bool small = free < 0 || need.physical_mib > free + column->swap_free_mib[h];
        bool promised = need.total_mib > account;
        uint8_t verdict = unknown ? UNKNOWN : small ? SHORT : promised ? OVERCOMMITTED : 0;
        verdicts[i] = !paused && costs(ask, h) ? verdict : 0;
    }
    return 0;
}

static int why(void *data, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *because)
{
    const struct self *self = data;
    const struct drover_hosts *column = ask->fleet->hosts;
    struct demand need = demand_of(ask->fleet->vms, ask->vm);
    if (verdict == SHORT) {
        double free = physical_mib(column, host, need.hugepages_mib);
        because->need = need.physical_mib + self->reserve_mib;
        /* Where even what is promised is not there, swap does not help. */
        because->have = free < self->reserve_mib ? free : free + column->swap_free_mib[host];
    } else if (verdict == OVERCOMMITTED) {
        because->need = need.total_mib + self->reserve_mib;
        because->have = column->memory_schedulable_mib[host];
    }
    return 0;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_FILTER,
    .name = "memory",
    .summary = "hosts with room for the VM's memory",
    .self_size = sizeof(struct self),
    .parameters = parameters,
    .reasons = reasons,
    .filter = filter,
    .why = why,
};

DROVER_PLUGIN("memory", "1.0", &unit)
