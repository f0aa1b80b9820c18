/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CPU load of hosts and VMs as RHV counts it, for the units that ship: in percent of one CPU,
 * over the CPUs that no VM has for itself. RHV adds up the load of those CPUs; drover is told the
 * load of the whole host, and takes off what the VMs with CPUs of their own use.
 */
#ifndef DROVER_PLUGINS_CPU_LOAD_H
#define DROVER_PLUGINS_CPU_LOAD_H

#include <drover/plugin.h>

#include "rounding.h"

/* RHV's MaxSchedulerWeight. */
#define WEIGHT_MAX 1000.0

/* RHV's globals VcpuConsumptionPercentage and SpmVCpuConsumption. */
struct assumed_load {
    double vcpu_pct;
    int64_t spm_vcpus;
};

#define ASSUMED_LOAD_PARAMETERS(at)                                                                \
    {"vcpu_consumption_percentage", DROVER_PERCENT, "%", 0, 100, "10", NULL,                       \
     "load assumed for a vCPU that is not measured",                                               \
     (at) + offsetof(struct assumed_load, vcpu_pct)},                                              \
    {                                                                                              \
        "spm_vcpu_consumption", DROVER_INTEGER, "vCPUs", 0, 64, "1", NULL,                         \
            "vCPUs that the role spm is counted as",                                               \
            (at) + offsetof(struct assumed_load, spm_vcpus)                                        \
    }

/* What the role of storage pool manager is counted as. */
static inline double spm_load(const struct assumed_load *assumed, const struct drover_hosts *hosts,
                              uint32_t host)
{
    bool spm = hosts->roles[host] & DROVER_ROLE_SPM;
    return spm ? (double)assumed->spm_vcpus * assumed->vcpu_pct : 0;
}

/* What the VM uses where it runs; what is assumed of one that does not, or is not measured. */
static inline double vm_load(const struct assumed_load *assumed, const struct drover_vms *vms,
                             uint32_t vm)
{
    double load = vms->cpu_load[vm];
    bool measured = vms->state[vm] != DROVER_VM_DOWN && !isnan(load);
    return measured ? load : assumed->vcpu_pct * vms->vcpus[vm];
}

/* CPUs that VMs share; 0: none. */
static inline double shared_cpus(const struct drover_hosts *hosts, uint32_t host)
{
    return fmax(0, hosts->cpus[host] - hosts->cpus_dedicated[host]);
}

/* The load of the host's shared CPUs as it is, without what is pending; NAN without statistics. */
static inline double host_load(const struct assumed_load *assumed,
                               const struct drover_fleet *fleet, uint32_t host)
{
    const struct drover_hosts *hosts = fleet->hosts;
    const struct drover_vms *vms = fleet->vms;
    double load = hosts->cpu_usage_pct[host] * hosts->cpus[host], own = 0;
    for (uint32_t i = hosts->vms.start[host];
         hosts->cpus_dedicated[host] > 0 && i < hosts->vms.start[host + 1]; i++) {
        uint32_t vm = hosts->vms.item[i];
        if (vms->cpu_dedicated[vm] && vms->state[vm] != DROVER_VM_DOWN && !isnan(vms->cpu_load[vm]))
            own += vms->cpu_load[vm];
    }
    if (isnan(load))
        return NAN;
    return fmax(0, load - own) + spm_load(assumed, hosts, host);
}

/* Without NAN. In four lanes, which do not wait for each other. */
static inline void find_bounds(const double *weights, uint32_t n, double *lowest, double *highest)
{
    double low[4], high[4];
    for (uint32_t lane = 0; lane < 4; lane++) {
        low[lane] = *lowest;
        high[lane] = *highest;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t lane = i % 4;
        low[lane] = weights[i] < low[lane] ? weights[i] : low[lane];
        high[lane] = weights[i] > high[lane] ? weights[i] : high[lane];
    }
    for (uint32_t lane = 0; lane < 4; lane++) {
        *lowest = low[lane] < *lowest ? low[lane] : *lowest;
        *highest = high[lane] > *highest ? high[lane] : *highest;
    }
}

/*
 * Weights that are not NAN, stretched to whole numbers from 1 to 1000; the others are 1000. So RHV
 * does it: hosts that are out of the question must not press the others together.
 */
static inline void stretch_weights(double *weights, uint32_t n)
{
    double low = INFINITY, high = -INFINITY;
    find_bounds(weights, n, &low, &high);
    double span = high > low ? high - low : 1;
    for (uint32_t i = 0; i < n; i++) {
        double weight = 1 + (weights[i] - low) * (WEIGHT_MAX - 1) / span;
        weights[i] = to_whole_small(weight <= WEIGHT_MAX ? weight : WEIGHT_MAX); /* NAN is not */
    }
}

#endif
