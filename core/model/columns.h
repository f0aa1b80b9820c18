/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Columns: the fleet as units see it (plugin.h), made from records. Hosts, VMs and groups are
 * sorted by name, so the same fleet gives the same columns in whatever order it was read.
 *
 * A plan works on its own columns. columns_promise() books a move, so that the next decision of
 * the plan sees what earlier ones have taken; columns_arrive() carries it out, for a plan whose
 * moves come one after another.
 */
#ifndef DROVER_MODEL_COLUMNS_H
#define DROVER_MODEL_COLUMNS_H

#include "base/arena.h"
#include "model/fleet.h"
#include "plugin.h"

struct calls;

struct columns {
    struct drover_fleet fleet; /* what units are given */
    struct drover_clusters clusters;
    struct drover_hosts hosts;
    struct drover_vms vms;
    struct drover_groups groups;
    const struct fleet *source;      /* the records that these columns were made of */
    const struct host **host_record; /* by index */
    const struct vm **vm_record;
    const struct group **group_record;
    const struct cluster **cluster_record;
    struct calls *calls; /* where calls of units are counted; NULL: nobody counts */
    bool asking;         /* somebody only asks: units' last good answers stay as they are */
    /* The columns that promises and arrivals change; the same arrays as in hosts and vms. */
    double *cpu_pending, *memory_pending_mib, *memory_schedulable_mib, *vcpus, *largest_vcpus;
    double *cpus_dedicated, *largest_shared_vcpus, *pages_free;
    double *ha_memory_mib, *largest_ha_mib;
    double *cpu_usage_pct, *memory_free_mib, *memory_committed_mib, *moved_s;
    uint32_t *vm_count, *vm_pending, *vm_leaving;
    uint32_t *vms_start, *vms_item; /* of hosts.vms */
    uint32_t *vm_host, *vm_to;
    uint8_t *host_state, *vm_state, *vm_lost;
    /* Rules that cannot be kept (group_rules.h): by group, the one that each gave way to. */
    uint8_t *group_vm_rule, *group_host_rule; /* the same arrays as in groups */
    uint32_t *group_vms_refused, *group_hosts_refused; /* DROVER_NONE: none */
    struct arena arena;
};

/* The fleet must stay as it is while the columns live. */
struct columns *columns_new(const struct fleet *fleet);
void columns_free(struct columns *columns);

/* Index by name or key; DROVER_NONE where there is none. */
uint32_t columns_host(const struct columns *columns, const char *name);
uint32_t columns_vm(const struct columns *columns, const char *key);

/* Book VM on host: pending memory, CPU load, vCPUs, count, and vms.to. */
void columns_promise(struct columns *columns, uint32_t vm, uint32_t host);

/* Take a promise back. */
void columns_release(struct columns *columns, uint32_t vm);

/*
 * The VM runs on `to` now, whether that was promised or not: the columns are what columns_new()
 * would make of the fleet after fleet_move_vm(), in time that does not grow with the fleet. A VM
 * that is nowhere stays there.
 */
void columns_arrive(struct columns *columns, uint32_t vm, uint32_t to);

/*
 * The host dies: it is down, what ran there is lost and does not run any more, and what was on its
 * way to it stays where it is.
 */
void columns_fail(struct columns *columns, uint32_t host);

/* The load (percent of one CPU) that a VM brings: measured, else `assumed_pct` per vCPU. */
double columns_vm_load(const struct columns *columns, uint32_t vm, double assumed_pct);

#endif
