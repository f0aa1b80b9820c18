/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What RHV's balancers have in common, for the units that ship: which hosts take part, which of
 * their VMs are proposed in which order, and what a destination must still have room for.
 *
 * A balancer fills `from` and `to` and calls balancing_propose(): the VMs of each host of `from`,
 * the cheapest first, each with all of `to` that it fits, and its own host at the end, so that it
 * may win.
 */
#ifndef DROVER_PLUGINS_BALANCING_H
#define DROVER_PLUGINS_BALANCING_H

#include "cpu_load.h"

#include <stdio.h>
#include <stdlib.h>

/* What a destination must not be brought over, or below; all balancers have these parameters. */
struct balancing_bounds {
    struct assumed_load assumed;
    double high; /* % */
    double max_free_mib;
};

#define BALANCING_BOUNDS_PARAMETERS(at)                                                            \
    ASSUMED_LOAD_PARAMETERS((at) + offsetof(struct balancing_bounds, assumed)),                    \
        {"max_free_memory_for_over_utilized", DROVER_MEMORY_MIB, "MiB", 0, 67108864, "0", NULL,    \
         "a host with less memory to hand out is short of it; 0: none is",                         \
         (at) + offsetof(struct balancing_bounds, max_free_mib)},                                  \
    {                                                                                              \
        "high_utilization", DROVER_PERCENT, "%", 50, 99, "80", NULL,                               \
            "no host is brought above this CPU load",                                              \
            (at) + offsetof(struct balancing_bounds, high)                                         \
    }

/* And those that balance CPU and memory have these. */
struct balancing_limits {
    double duration_s;
    double threshold_pct;
    double min_free_mib;
};

#define BALANCING_LIMITS_PARAMETERS(at)                                                            \
    {"cpu_overcommit_duration", DROVER_DURATION_S, "s", 0, 86400, "2m", NULL,                      \
     "a load that has lasted less does not count",                                                 \
     (at) + offsetof(struct balancing_limits, duration_s)},                                        \
        {"utilization_threshold", DROVER_PERCENT, "%", 1, 100, "80", NULL,                         \
         "hosts below so much of high_utilization are clearly not overloaded",                     \
         (at) + offsetof(struct balancing_limits, threshold_pct)},                                 \
    {                                                                                              \
        "min_free_memory_for_under_utilized", DROVER_MEMORY_MIB, "MiB", 0, 67108864, "0", NULL,    \
            "hosts with more memory to hand out are empty enough; 0: see the manual page",         \
            (at) + offsetof(struct balancing_limits, min_free_mib)                                 \
    }

/* A host or a VM, and what it is sorted by: ascending; ties by index, which is by name. */
struct ranked {
    uint32_t index;
    double key;
};

struct ranking {
    struct ranked *item;
    uint32_t n;
};

struct balancing {
    const struct balancing_bounds *bounds;
    const struct drover_fleet *fleet;
    struct drover_plan *plan;
    struct ranking members; /* hosts that take part, by name */
    struct ranking from, to;
    struct ranking vms; /* of one host */
    uint32_t *hosts;    /* candidates of one VM */
    uint8_t *moving;    /* by host: a VM is leaving or coming */
    uint32_t proposed;
};

static inline int ranked_by_key(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->key < b->key || a->key > b->key)
        return a->key < b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static inline void ranking_add(struct ranking *ranking, uint32_t index, double key)
{
    ranking->item[ranking->n++] = (struct ranked){index, isnan(key) ? 0 : key};
}

/* The items from this one on; those before stay where they are. */
static inline void ranking_sort(struct ranking *ranking, uint32_t first)
{
    qsort(ranking->item + first, ranking->n - first, sizeof *ranking->item, ranked_by_key);
}

/* ------------------------------------------------------------------- figures */

/* In whole percent of the CPUs that VMs share, rounded up; NAN without statistics. */
static inline double host_pct(const struct balancing *round, uint32_t host)
{
    return ceil(host_load(&round->bounds->assumed, round->fleet, host) /
                shared_cpus(round->fleet->hosts, host));
}

/* The load has been so high for long enough, and there is a VM that could leave. */
static inline bool cpu_is_over(const struct balancing *round, uint32_t host, double pct,
                               double duration_s)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    return host_pct(round, host) >= pct && hosts->cpu_over_s[host] >= duration_s &&
           hosts->vm_count[host] > 0;
}

/* The load is lower, and not only just now; a load inside the band of the policy always is. */
static inline bool cpu_is_under(const struct balancing *round, uint32_t host, double pct,
                                double duration_s)
{
    return host_pct(round, host) < pct && !(round->fleet->hosts->cpu_over_s[host] < duration_s);
}

/* The last VM of a host stays: to be rid of it would mend nothing. */
static inline bool memory_is_over(const struct balancing *round, uint32_t host)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    return hosts->memory_schedulable_mib[host] < round->bounds->max_free_mib &&
           hosts->vm_count[host] > 1;
}

/* Clearly below high_utilization, so that the next round does not move the VM back. */
static inline double clearly_below(const struct balancing_bounds *bounds,
                                   const struct balancing_limits *limits)
{
    return fmin(limits->threshold_pct * bounds->high / 100,
                bounds->high - bounds->assumed.vcpu_pct);
}

/* For open(): -1 with a sentence where no host could ever take a VM. */
static inline int balancing_check(const struct balancing_bounds *bounds,
                                  const struct balancing_limits *limits, char *error,
                                  size_t error_size)
{
    if (clearly_below(bounds, limits) > 0)
        return 0;
    snprintf(error, error_size,
             "vcpu_consumption_percentage (%.0f %%) must be less than high_utilization (%.0f %%): "
             "no host could take a VM",
             bounds->assumed.vcpu_pct, bounds->high);
    return -1;
}

/* --------------------------------------------------------------- who takes part */

/* Hosts that are up, and that no VM is leaving or coming to: else their figures are of the past. */
static inline void balancing_join(struct balancing *round, uint32_t cluster)
{
    const struct drover_hosts *hosts = round->fleet->hosts;
    const struct drover_vms *vms = round->fleet->vms;
    for (uint32_t vm = 0; vm < vms->n; vm++) {
        if (vms->to[vm] == DROVER_NONE && vms->state[vm] != DROVER_VM_MIGRATING)
            continue;
        if (vms->to[vm] != DROVER_NONE)
            round->moving[vms->to[vm]] = 1;
        if (vms->host[vm] != DROVER_NONE)
            round->moving[vms->host[vm]] = 1;
    }
    for (uint32_t i = 0; i < hosts->n; i++)
        if (hosts->cluster[i] == cluster && hosts->state[i] == DROVER_HOST_UP &&
            hosts->vm_pending[i] == 0 && !round->moving[i])
            ranking_add(&round->members, i, 0);
}

/* ------------------------------------------------------------------- proposing */

static inline bool balancing_fits(const struct balancing *round, uint32_t vm, uint32_t host)
{
    const struct balancing_bounds *bounds = round->bounds;
    const struct drover_hosts *hosts = round->fleet->hosts;
    const struct drover_vms *vms = round->fleet->vms;
    double load = host_load(&bounds->assumed, round->fleet, host) +
                  vm_load(&bounds->assumed, vms, vm);
    double left = hosts->memory_schedulable_mib[host] - vms->memory_mib[vm];
    return load <= bounds->high * shared_cpus(hosts, host) && left > bounds->max_free_mib;
}

/* The VMs that may leave this host unasked, the cheapest to move first. */
static inline void balancing_rank_vms(struct balancing *round, uint32_t host)
{
    const struct drover_lists *here = &round->fleet->hosts->vms;
    const struct drover_vms *vms = round->fleet->vms;
    round->vms.n = 0;
    for (uint32_t i = here->start[host]; i < here->start[host + 1]; i++) {
        uint32_t vm = here->item[i];
        if (vms->host[vm] == host && vms->state[vm] == DROVER_VM_RUNNING &&
            vms->migratable[vm] == DROVER_MIGRATABLE_YES)
            ranking_add(&round->vms, vm, vm_load(&round->bounds->assumed, vms, vm));
    }
    ranking_sort(&round->vms, 0);
}

static inline void balancing_propose(struct balancing *round, uint32_t host, const char *code,
                                     const char *reason)
{
    balancing_rank_vms(round, host);
    for (uint32_t v = 0; v < round->vms.n; v++) {
        uint32_t vm = round->vms.item[v].index, n = 0;
        for (uint32_t t = 0; t < round->to.n; t++)
            if (round->to.item[t].index != host &&
                balancing_fits(round, vm, round->to.item[t].index))
                round->hosts[n++] = round->to.item[t].index;
        if (n == 0)
            continue;
        round->hosts[n++] = host;
        struct drover_step step = {
            .size = sizeof step,
            .kind = DROVER_STEP_MOVE,
            .vm = vm,
            .hosts = round->hosts,
            .n_hosts = n,
            .code = code,
            .reason = reason,
        };
        round->proposed += round->plan->propose(round->plan, &step) == 0;
    }
}

/* ------------------------------------------------------------------------ room */

/* False without memory; balancing_end() in any case. */
static inline bool balancing_begin(struct balancing *round)
{
    /* Power saving has its hosts twice: those that are overloaded, then those that are idle. */
    size_t hosts = 2 * (size_t)round->fleet->hosts->n + 1, vms = (size_t)round->fleet->vms->n + 1;
    round->members.item = calloc(hosts, sizeof *round->members.item);
    round->from.item = calloc(hosts, sizeof *round->from.item);
    round->to.item = calloc(hosts, sizeof *round->to.item);
    round->vms.item = calloc(vms, sizeof *round->vms.item);
    round->hosts = calloc(hosts, sizeof *round->hosts);
    round->moving = calloc(hosts, sizeof *round->moving);
    return round->members.item && round->from.item && round->to.item && round->vms.item &&
           round->hosts && round->moving;
}

static inline void balancing_end(struct balancing *round)
{
    free(round->members.item);
    free(round->from.item);
    free(round->to.item);
    free(round->vms.item);
    free(round->hosts);
    free(round->moving);
}

#endif
