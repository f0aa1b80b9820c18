/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fleet as plain records: clusters, hosts, VMs, groups. This is what is read from fleet
 * files, reported by virt/ and sim/, and held by the engine; columns.h makes of it what
 * units see. Texts and lists belong to the fleet's arena.
 *
 * Times are absolute (seconds since the epoch), NAN: never / not known. Files write them as
 * ages, relative to the fleet's `now`.
 */
#ifndef DROVER_MODEL_FLEET_H
#define DROVER_MODEL_FLEET_H

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "base/table.h"
#include "plugin.h"

struct policy;

struct cluster {
    const char *name;
    struct text_or_record policy; /* a name, or a struct policy inline */
    const char *shadow;           /* a policy that decides beside it and moves nothing; NULL: none */
    double memory_overcommit_pct;
    bool threads_as_cores;
};

struct numa_node {
    uint32_t id;
    double memory_mib;
    double memory_free_mib;
    const char *cpus; /* "0-7" */
};

struct device {
    int kind; /* index into device_kinds */
    const char *id;
    bool free;
};

struct vnuma_node {
    double memory_mib;
    struct numbers nodes;
    int mode; /* index into numa_modes */
};

struct host {
    const char *name;
    const char *cluster;
    int state; /* enum drover_host_state */
    double state_since;
    const char *arch;
    uint32_t threads, cores, sockets; /* cores 0: as threads */
    double cpu_usage_pct;             /* NAN: no statistics */
    double cpu_over_since;            /* since when its load is out of the policy's band */
    const char *cpu_model;
    struct texts cpu_features;
    double tsc_khz;
    bool tsc_scaling;
    double memory_mib;
    double memory_free_mib;      /* NAN: computed */
    double memory_reserved_mib;
    double memory_committed_mib; /* NAN: computed */
    double memory_pending_mib;
    double swap_total_mib, swap_free_mib;
    struct pairs hugepages; /* page size in KiB -> free pages */
    struct rows numa;       /* struct numa_node */
    struct texts machines;
    struct texts networks;
    struct texts storage;
    struct rows devices; /* struct device */
    double link_mbps;
    const char *hypervisor_version;
    const char *os_version;
    double boot_at;
    struct texts roles;
    struct pairs labels;
    const char *cpus_online; /* "0-7"; "": all */
    uint32_t moves_failed;   /* to or from it, lately, for reasons of its own */
    bool power_managed;      /* drover can switch it off and on, and may */
    bool power_by_policy;    /* it is off, or kept empty, because a policy wanted it so */
    const char *uuid;        /* of the machine, as libvirt has it */
    struct texts cpu_models; /* named CPU models that guests may have there */
    bool devices_known;      /* false: nobody looked for devices */
    const char *libvirt_version; /* "9.0.0"; "": not known */
};

struct vm {
    const char *name;
    const char *uuid; /* NULL: none */
    const char *host; /* NULL: not placed */
    const char *to;   /* on its way there; NULL: not moving. Not in files. */
    int state;        /* enum drover_vm_state */
    uint32_t vcpus;
    double memory_mib;
    double memory_used_mib;
    double memory_overhead_mib; /* NAN: computed */
    double cpu_usage_pct;       /* NAN: not known */
    double dirty_mib_s;         /* NAN: not measured */
    double dirty_at;            /* when it was; NAN: not known */
    double hugepages_kib;
    int migratable; /* enum drover_migratable */
    struct texts pinned_hosts;
    struct texts preferred_hosts;
    bool ha;
    double priority;
    const char *arch;
    const char *machine;
    int cpu_mode; /* index into vm_cpu_modes */
    const char *cpu_model;
    struct texts cpu_features;
    double tsc_khz;
    struct texts networks;
    struct texts storage;
    struct rows devices; /* struct device */
    struct rows numa;    /* struct vnuma_node */
    int cache;           /* index into vm_caches */
    bool readonly_local_disk;
    double moved_at;
    struct pairs labels;
    uint32_t cpu_sockets, cpu_cores, cpu_threads; /* as the guest sees them; 0: not stated */
    const char *cpu_pins; /* the host's CPUs that it is pinned to: "0-3" */
    bool cpu_dedicated;
    bool postcopy_failed; /* its post-copy broke: half of its memory is here, half on its source */
    struct texts blockers; /* of blocker_codes: what its definition tells against live moves */
    bool autostart; /* its host's libvirt starts it by itself; asked for highly available ones */
    bool lost; /* down, because its host died; to be started elsewhere where the policy says so */
    double heard_at; /* when it was last said to have changed; the engine's, and no field: 0: never */
};

struct group {
    const char *name;
    double priority;
    struct texts vms;
    struct texts vm_labels;
    int vm_rule; /* enum drover_rule */
    bool vm_enforcing;
    struct texts hosts;
    struct texts host_labels;
    int host_rule;
    bool host_enforcing;
};

extern const char *const host_state_names[];
extern const char *const vm_state_names[];
extern const char *const migratable_names[];
extern const char *const rule_names[];
extern const char *const device_kinds[];
extern const char *const numa_modes[];
extern const char *const vm_cpu_modes[];
extern const char *const vm_caches[];

extern const struct field cluster_fields[];
extern const struct field host_fields[];
extern const struct field numa_node_fields[];
extern const struct field vm_fields[];
extern const struct field group_fields[];

/*
 * Records are kept in arrays of pointers, in no order that matters: whoever shows or decides
 * goes by names (see columns.h). Pointers stay valid until the record is removed or the
 * fleet is compacted.
 */
struct fleet {
    double now;
    struct cluster **clusters;
    uint32_t n_clusters, cluster_capacity;
    struct host **hosts;
    uint32_t n_hosts, host_capacity;
    struct vm **vms;
    uint32_t n_vms, vm_capacity;
    bool vms_in_order; /* vms[] is in the order of vm_order(): see fleet_order_vms() */
    struct group **groups;
    uint32_t n_groups, group_capacity;
    struct table cluster_index, host_index, group_index;
    struct table vm_index; /* by vm_key() */
    struct arena arena;
};

struct fleet *fleet_new(void);
void fleet_free(struct fleet *fleet);

/* What a VM is known by: its UUID where it has one, else its name. */
const char *vm_key(const struct vm *vm);

/* For qsort over pointers to VMs: by name, then by key. */
int vm_order(const void *a, const void *b);

/*
 * Puts vms[] in order, which spares those who make columns of a fleet again and again the sorting.
 * It stays so until a VM comes, goes or gets another name. Records stay where they are.
 */
void fleet_order_vms(struct fleet *fleet);

/*
 * Put a record: one of the same name (VM: key) is replaced. Everything is copied.
 * Returns the fleet's record.
 */
struct cluster *fleet_put_cluster(struct fleet *fleet, const struct cluster *cluster);
struct host *fleet_put_host(struct fleet *fleet, const struct host *host);
struct vm *fleet_put_vm(struct fleet *fleet, const struct vm *vm);
struct group *fleet_put_group(struct fleet *fleet, const struct group *group);

void fleet_remove_host(struct fleet *fleet, const char *name);
void fleet_remove_vm(struct fleet *fleet, const char *key);
void fleet_remove_groups(struct fleet *fleet);
void fleet_remove_clusters(struct fleet *fleet);

/* NULL where there is none. fleet_vm finds by key alone. */
struct cluster *fleet_cluster(const struct fleet *fleet, const char *name);
struct host *fleet_host(const struct fleet *fleet, const char *name);
struct vm *fleet_vm(const struct fleet *fleet, const char *key);

/* What a person writes: a UUID or a name. Not found or ambiguous: NULL with the error set. */
struct vm *fleet_find_vm(const struct fleet *fleet, const char *text, struct error *error);
struct host *fleet_find_host(const struct fleet *fleet, const char *text, struct error *error);

/* Set a text of a record: copied into the fleet's arena where it differs. */
void fleet_set_text(struct fleet *fleet, const char **place, const char *text);

/*
 * Check what holds between records: every cluster, host that is named exists; add the
 * cluster `default` where there is none; fill in computed defaults (cores). Called by readers.
 */
int fleet_check(struct fleet *fleet, struct error *error);

/* A copy with nothing but live records in its arena. */
struct fleet *fleet_copy(const struct fleet *fleet);

/*
 * A VM has moved: until its hosts are measured again their figures are corrected by what it takes
 * along, so that the next decision does not see an emptier host than there is.
 */
void fleet_shift_load(struct fleet *fleet, const struct vm *vm, const char *from, const char *to);

/* The fleet as it is when the VM of that key has moved there. */
void fleet_move_vm(struct fleet *fleet, const char *key, const char *to);

/* Hypervisor's own memory for a VM: as given, or 64 MiB + RAM/512 + 8 MiB per vCPU (RHV's). */
double vm_overhead_mib(const struct vm *vm);

/* Huge pages that back its memory; 0: none do. */
double vm_pages(const struct vm *vm);

#endif
