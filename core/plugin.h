/* SPDX-License-Identifier: 0BSD */
/*
 * drover/plugin.h - what a plugin of drover sees, and all that it sees.
 *
 * A plugin is a shared object that exports one function, drover_plugin(), which
 * returns a struct drover_plugin. It carries units: filters, weights, balancers
 * and so on, one struct drover_unit each. A unit links nothing of drover: it gets
 * columns (arrays) that describe the fleet, and gives an answer. It has no clock,
 * no I/O and no memory of earlier calls: same input, same answer.
 *
 *     cc -shared -fPIC -fvisibility=hidden -o filter_mine.so filter_mine.c
 *
 * Stability: fields are only ever added at the end of a struct. Every struct that
 * crosses the border carries its size, so a plugin older or newer than drover loads:
 * the loader copies what both know and zeroes the rest. Only DROVER_ABI_MAJOR breaks.
 *
 * Lua units end in the very same struct (see drover-lua(7)).
 *
 * ABI changelog, newest first
 *   1.1  hosts: huge pages, NUMA nodes, devices, dedicated CPUs, moves from it, moves that failed,
 *        power; VMs: NUMA nodes, devices, topology and pinning of CPUs; steps that switch hosts
 *        and that start VMs; plans: budget, cool-down, whole plans, filter();
 *        trouble: a host that is dead, one that announces it; fence units
 *        hosts: identity, usable CPU models, whether devices are known, the largest VM that shares
 *        CPUs, memory of highly available VMs; VMs: how many hosts they are pinned to; helpers
 *        for labels and lists
 *        moves: post-copy's bandwidth, auto-converge's steps, compression, automatic connections
 *        moves: what to expect of them; how: to wait
 *        asks: VMs that go along, rules that are waived; helpers for where a VM is and goes
 *        how: stalls by what remains, a bound on the time
 *   1.0  first: filter, weigh, balance, resilience, migrate, admit
 */
#ifndef DROVER_PLUGIN_H
#define DROVER_PLUGIN_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DROVER_ABI_MAJOR 1
#define DROVER_ABI_MINOR 1

/* "no such host / VM / group", wherever an index is given. */
#define DROVER_NONE UINT32_MAX

/* ------------------------------------------------------------------ the fleet
 *
 * A fleet is handed over as columns: column[i] describes host i (or VM i, group i).
 * Hosts, VMs and groups are ordered by name, so "the lowest index" breaks ties by
 * name. Numbers that are not known are NAN. Strings are UTF-8, never NULL, and
 * belong to drover: they live until the callback returns.
 */

enum drover_host_state {
    DROVER_HOST_UP,
    DROVER_HOST_PREPARING_FOR_MAINTENANCE,
    DROVER_HOST_MAINTENANCE,
    DROVER_HOST_NON_OPERATIONAL, /* reachable, but lacks a network or storage */
    DROVER_HOST_CONNECTING,
    DROVER_HOST_NON_RESPONSIVE,
    DROVER_HOST_FENCING,
    DROVER_HOST_DOWN,
};

enum drover_vm_state {
    DROVER_VM_RUNNING,
    DROVER_VM_PAUSED,
    DROVER_VM_DOWN,
    DROVER_VM_MIGRATING,
};

enum drover_migratable {
    DROVER_MIGRATABLE_YES,
    DROVER_MIGRATABLE_MANUAL, /* only when asked for by name */
    DROVER_MIGRATABLE_NO,     /* pinned */
};

enum drover_rule { DROVER_RULE_DISABLED, DROVER_RULE_POSITIVE, DROVER_RULE_NEGATIVE };

/* Bits of drover_hosts.roles. */
#define DROVER_ROLE_SPM 1u
#define DROVER_ROLE_CONTROLLER 2u

/* A list of indices (or symbols) per row: row r has item[start[r] .. start[r + 1] - 1]. */
struct drover_lists {
    const uint32_t *start;
    const uint32_t *item;
};

/*
 * A set of symbols per row, as bits: names of networks, of storage, ... that hosts
 * offer. known[r] is 0 where nothing is known of row r: then it accepts everything.
 */
struct drover_sets {
    uint32_t words;           /* 64-bit words per row */
    uint32_t n_symbols;
    const uint64_t *bits;     /* row r: bits[r * words ...] */
    const uint8_t *known;
    const char *const *symbol; /* the symbols' names, in order of name */
};

static inline bool drover_sets_has(const struct drover_sets *sets, uint32_t row, uint32_t symbol)
{
    return sets->bits[(size_t)row * sets->words + symbol / 64] >> (symbol % 64) & 1;
}

/*
 * For filters of the kind "the host must offer all that the VM needs": set verdicts[i] to
 * `verdict` for each of n hosts that lacks one of the symbols that `wanted` has for the VM.
 */
static inline void drover_sets_refuse(const struct drover_sets *offered,
                                      const struct drover_lists *wanted, uint32_t vm,
                                      const uint32_t *hosts, uint32_t n, uint8_t verdict,
                                      uint8_t *verdicts)
{
    for (uint32_t w = wanted->start[vm]; w < wanted->start[vm + 1]; w++)
        for (uint32_t i = 0; i < n; i++)
            if (offered->known[hosts[i]] && !drover_sets_has(offered, hosts[i], wanted->item[w]))
                verdicts[i] = verdict;
}

/* And what is lacking, by name: "blue, green", cut to fit. For drover_why.subject. */
static inline void drover_sets_name_lacking(const struct drover_sets *offered,
                                            const struct drover_lists *wanted, uint32_t vm,
                                            uint32_t host, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t w = wanted->start[vm]; w < wanted->start[vm + 1]; w++) {
        const char *const parts[] = {used ? ", " : "", offered->symbol[wanted->item[w]]};
        if (drover_sets_has(offered, host, wanted->item[w]))
            continue;
        for (int part = 0; part < 2; part++)
            for (const char *c = parts[part]; *c && used + 1 < size; c++)
                text[used++] = *c;
    }
    if (size > 0)
        text[used] = '\0';
}

/* The symbol of that name, DROVER_NONE where no row has it: find it once, then ask for each row. */
static inline uint32_t drover_sets_find(const struct drover_sets *sets, const char *name)
{
    uint32_t low = 0, high = sets->n_symbols;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(sets->symbol[middle], name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return DROVER_NONE;
}

/* Free key: value texts per row: row r has key/value[start[r] .. start[r + 1] - 1], by key. */
struct drover_labels {
    const uint32_t *start;
    const char *const *key;
    const char *const *value;
};

/* The value of a row's label, NULL where it has none of that key. */
static inline const char *drover_label(const struct drover_labels *labels, uint32_t row,
                                       const char *key)
{
    for (uint32_t i = labels->start[row]; i < labels->start[row + 1]; i++)
        if (strcmp(labels->key[i], key) == 0)
            return labels->value[i];
    return NULL;
}

/*
 * Lists in one text, "a, b,c", as labels and parameters have them. *list is moved behind the next
 * word; returns the word and its length, NULL behind the last.
 */
static inline const char *drover_next_word(const char **list, size_t *length)
{
    const char *word = *list + strspn(*list, ", \t");
    *length = strcspn(word, ", \t");
    *list = word + *length;
    return *length ? word : NULL;
}

static inline bool drover_list_has(const char *list, const char *name, size_t length)
{
    size_t n;
    for (const char *word = drover_next_word(&list, &n); word; word = drover_next_word(&list, &n))
        if (n == length && memcmp(word, name, n) == 0)
            return true;
    return false;
}

/* Huge pages per row: row r has size_kib/free[start[r] .. start[r + 1] - 1], by size. Since 1.1 */
struct drover_pages {
    const uint32_t *start;
    const double *size_kib;
    const double *free; /* pages; what VMs on their way here will take is not free */
};

/* NUMA nodes of hosts, the same way, in the order of the host. Since 1.1 */
struct drover_host_nodes {
    const uint32_t *start;
    const uint32_t *id;
    const double *memory_mib;
    const double *memory_free_mib; /* as measured, else all of it */
    const uint32_t *cpus;          /* how many */
    const char *const *cpu_list;   /* which: "0-7,16-23"; "": not known */
};

enum drover_numa_mode { DROVER_NUMA_STRICT, DROVER_NUMA_INTERLEAVE, DROVER_NUMA_PREFERRED };

/* NUMA nodes that VMs are shown, the same way. Since 1.1 */
struct drover_vm_nodes {
    const uint32_t *start;
    const double *memory_mib;
    const uint8_t *mode;        /* enum drover_numa_mode */
    struct drover_lists nodes;  /* by node, not by VM: ids of the host's nodes that it is bound to */
};

enum drover_device_kind {
    DROVER_DEVICE_PCI,
    DROVER_DEVICE_USB,
    DROVER_DEVICE_MDEV, /* id: its type */
    DROVER_DEVICE_VF,   /* a virtual function of a network card, behind a standby NIC; id: its network */
};

/* Devices of hosts, or devices passed through to VMs, the same way. Since 1.1 */
struct drover_devices {
    const uint32_t *start;
    const uint8_t *kind; /* enum drover_device_kind */
    const char *const *id;
    const uint8_t *free; /* of hosts: nobody has it */
};

/* Bits of drover_hosts.power. */
#define DROVER_POWER_MANAGED 1u   /* drover can switch it off and on, and may */
#define DROVER_POWER_BY_POLICY 2u /* it is off, or kept empty, because a policy wanted it so */

struct drover_clusters {
    size_t size;
    uint32_t n;
    const char *const *name;
    const double *memory_overcommit_pct;
    const uint8_t *threads_as_cores;
};

struct drover_hosts {
    size_t size;
    uint32_t n;
    const char *const *name;
    const uint32_t *cluster;
    const uint8_t *state;           /* enum drover_host_state */
    const double *state_s;          /* in this state for so many seconds */
    const uint32_t *roles;          /* DROVER_ROLE_... */
    /* CPU. Load is counted in percent of one CPU: 2 vCPUs at 40 % are a load of 80. */
    const uint32_t *threads;
    const uint32_t *cores;
    const uint32_t *sockets;
    const double *cpus;             /* threads, or cores where the cluster does not count threads */
    const double *cpu_usage_pct;    /* of all its CPUs, 0..100; NAN: no statistics */
    const double *cpu_over_s;       /* outside the policy's low..high band for so long; NAN: inside */
    const double *cpu_pending;      /* load of VMs on their way here */
    const double *vcpus;            /* sum over its VMs and those on their way */
    const double *largest_vcpus;    /* of one VM among them */
    /* Memory, in MiB. */
    const double *memory_mib;
    const double *memory_free_mib;
    const double *memory_committed_mib;   /* VMs' memory and overhead */
    const double *memory_reserved_mib;    /* for the host itself */
    const double *memory_pending_mib;     /* promised to VMs on their way here */
    const double *memory_schedulable_mib; /* RHV's maxSchedulingMemory: overcommit - committed -
                                             reserved - pending, never below 0 */
    const double *swap_total_mib;
    const double *swap_free_mib;
    /* VMs. */
    const uint32_t *vm_count;             /* running, paused or migrating here */
    const uint32_t *vm_pending;           /* on their way here */
    struct drover_lists vms;              /* indices of the VMs here */
    /* Kind of machine. */
    const char *const *arch;
    const char *const *cpu_model;
    const double *tsc_khz;                /* 0: not known */
    const uint8_t *tsc_scaling;
    const double *link_mbps;              /* of the migration network; 0: not known */
    const char *const *hypervisor_version;
    const char *const *os_version;        /* "family major.minor" */
    const double *boot_s;                 /* seconds since boot; NAN: not known */
    struct drover_sets networks;
    struct drover_sets storage;
    struct drover_sets machines;
    struct drover_sets cpu_features;
    struct drover_labels labels;
    /* Since 1.1 */
    const uint32_t *vm_leaving;     /* VMs here that are on their way to elsewhere */
    const uint32_t *moves_failed;   /* moves to or from it that failed lately, for reasons of its own */
    const double *cpus_dedicated;   /* CPUs that VMs here, or on their way here, have for themselves */
    const char *const *cpus_online; /* "0-7"; "": all of them */
    const uint32_t *power;          /* DROVER_POWER_... */
    struct drover_pages hugepages;
    struct drover_host_nodes numa;
    struct drover_devices devices;
    const char *const *uuid;            /* of the machine, as libvirt has it; "": not known */
    const uint8_t *devices_known;       /* 0: nobody looked, which is not the same as none */
    const double *largest_shared_vcpus; /* as largest_vcpus, without VMs that have dedicated CPUs */
    struct drover_sets cpu_models;      /* named CPU models that guests may have there */
    const double *ha_memory_mib;        /* of highly available VMs here and on their way here: what
                                           the others have to find room for when it dies */
    const double *largest_ha_mib;       /* of one VM among them, with its overhead */
};

struct drover_vms {
    size_t size;
    uint32_t n;
    const char *const *name;
    const char *const *uuid;      /* "" where there is none */
    const uint32_t *host;         /* DROVER_NONE: not placed */
    const uint32_t *to;           /* on its way there; DROVER_NONE: not moving */
    const uint32_t *cluster;      /* of its host; of no host: the first */
    const uint8_t *state;         /* enum drover_vm_state */
    const uint8_t *migratable;    /* enum drover_migratable */
    const uint8_t *ha;
    const double *priority;       /* 0..100, higher first */
    const uint32_t *vcpus;
    const double *cpu_usage_pct;  /* of its own vCPUs, 0..100; NAN: not known */
    const double *cpu_load;       /* cpu_usage_pct * vcpus; NAN: not known */
    const double *memory_mib;
    const double *memory_used_mib;     /* NAN: not known */
    const double *memory_overhead_mib; /* of the hypervisor: 64 + RAM/512 + 8 per vCPU, or as given */
    const double *hugepages_kib;       /* size of the pages that back its memory; 0: none */
    const double *dirty_mib_s;         /* NAN: not known */
    const double *moved_s;             /* seconds since its last move; NAN: never */
    const char *const *arch;
    const char *const *machine;        /* "" : any */
    const char *const *cpu_mode;       /* custom | host-model | host-passthrough | maximum */
    const char *const *cpu_model;
    const double *tsc_khz;
    const char *const *cache;          /* of its disks: none | unsafe */
    const uint8_t *readonly_local_disk;
    struct drover_lists networks;      /* symbols of drover_hosts.networks */
    struct drover_lists storage;       /* symbols of drover_hosts.storage */
    struct drover_lists cpu_features;  /* symbols of drover_hosts.cpu_features */
    struct drover_lists pinned_hosts;  /* indices of hosts; of those that exist */
    struct drover_lists preferred_hosts;
    struct drover_lists groups;        /* indices of groups that it is in */
    struct drover_labels labels;
    /* Since 1.1 */
    const uint32_t *cpu_sockets;       /* as the guest sees them; 0: not stated */
    const uint32_t *cpu_cores;         /* per socket */
    const uint32_t *cpu_threads;       /* per core */
    const char *const *cpu_pins;       /* the host's CPUs that it is pinned to: "0-3"; "": none */
    const uint8_t *cpu_dedicated;      /* nobody else may use the CPUs that it runs on */
    const uint8_t *lost;               /* it ran until its host died, and runs nowhere now */
    struct drover_vm_nodes numa;
    struct drover_devices devices;
    const uint32_t *pinned_named; /* to how many hosts it is pinned, with those that do not exist */
};

/* The host on which a VM will be when its move is done; DROVER_NONE: it does not run. */
static inline uint32_t drover_vm_goes_to(const struct drover_vms *vms, uint32_t vm)
{
    if (vms->to[vm] != DROVER_NONE)
        return vms->to[vm];
    return vms->state[vm] == DROVER_VM_DOWN ? DROVER_NONE : vms->host[vm];
}

/* The host that it still occupies; DROVER_NONE: it does not run. */
static inline uint32_t drover_vm_runs_on(const struct drover_vms *vms, uint32_t vm)
{
    return vms->state[vm] == DROVER_VM_DOWN ? DROVER_NONE : vms->host[vm];
}

struct drover_groups {
    size_t size;
    uint32_t n;
    const char *const *name;
    const double *priority;
    const uint8_t *vm_rule;        /* enum drover_rule, VM to VM */
    const uint8_t *vm_enforcing;   /* 1: hard */
    const uint8_t *host_rule;      /* enum drover_rule, VM to host */
    const uint8_t *host_enforcing;
    struct drover_lists vms;
    struct drover_lists hosts;
};

struct drover_fleet {
    size_t size;
    double now; /* seconds since the epoch: the time at which all this is true */
    const struct drover_clusters *clusters;
    const struct drover_hosts *hosts;
    const struct drover_vms *vms;
    const struct drover_groups *groups;
};

/* ------------------------------------------------------------- what is asked */

enum drover_purpose {
    DROVER_TO_START = 1, /* the VM does not run */
    DROVER_TO_MIGRATE,   /* somebody asked for this very VM */
    DROVER_TO_DRAIN,
    DROVER_TO_BALANCE,
    DROVER_TO_EVACUATE,  /* its host is in trouble or dead */
    DROVER_TO_ENFORCE,   /* to mend a broken affinity rule */
    DROVER_TO_ADMIT,     /* somebody else's tool starts or moves it: the hook asks */
};

struct drover_ask {
    size_t size;
    const struct drover_fleet *fleet;
    uint32_t vm;      /* index of the VM; always one */
    uint32_t from;    /* the host on which it runs, or DROVER_NONE */
    uint32_t purpose; /* enum drover_purpose */
    /* Since 1.1 */
    const uint32_t *with; /* VMs that go along, to whichever host is chosen: one after another */
    uint32_t n_with;
    uint32_t waived;      /* DROVER_WAIVE_...: rules to which this question does not hold */
};

/* Bits of drover_ask.waived. */
#define DROVER_WAIVE_VM_TO_VM 1u /* hard rules between VMs: a host must be emptied all the same */
#define DROVER_WAIVE_STORAGE 2u  /* that both hosts reach its storage: its disks are copied along */

/* Whether that VM goes along with the one that is asked about. */
static inline bool drover_goes_along(const struct drover_ask *ask, uint32_t vm)
{
    if (ask->size < offsetof(struct drover_ask, n_with) + sizeof ask->n_with)
        return false;
    for (uint32_t i = 0; i < ask->n_with; i++)
        if (ask->with[i] == vm)
            return true;
    return false;
}

static inline bool drover_is_waived(const struct drover_ask *ask, uint32_t rules)
{
    return ask->size >= offsetof(struct drover_ask, waived) + sizeof ask->waived &&
           (ask->waived & rules) != 0;
}

/*
 * A unit's reasons to refuse, as data: they are shown by `drover plugin show`, stand
 * in its man page, and make the sentence and the counterfactual of `drover explain`.
 * In text and remedy {need}, {have}, {short} (= need - have) and {subject} are filled
 * in from struct drover_why.
 */
struct drover_reason {
    const char *code;   /* stable, "unit.word": memory.short */
    const char *text;   /* "needs {need} MiB, has {have} MiB; {short} MiB short" */
    const char *remedy; /* "with {short} MiB more"; NULL: nothing to suggest */
};

/* The figures of one refusal; filled in by why() only when somebody will read them. */
struct drover_why {
    size_t size;
    double need;
    double have;
    char subject[256];   /* name of the network, group, ... that stands in the way */
    char text[512];      /* replaces the reason's text, where it is not empty */
};

/* -------------------------------------------------- what balancers propose */

enum drover_step_kind {
    DROVER_STEP_MOVE = 1, /* move `vm` to the best of `hosts` */
    /* Since 1.1; balancers alone, and hosts that are DROVER_POWER_MANAGED. */
    DROVER_STEP_POWER_OFF,   /* switch `host` off: it is in maintenance because a policy wanted so */
    DROVER_STEP_POWER_ON,    /* switch `host` on: it is down because a policy wanted so */
    DROVER_STEP_MAINTENANCE, /* no VMs to `host` any more: it is up, and has none */
    DROVER_STEP_ACTIVATE,    /* `host` takes VMs again: it is in maintenance by policy */
    DROVER_STEP_START, /* resilience, since 1.1: start `vm`, which does not run, on the best of `hosts` */
};

/*
 * One proposal. The core runs filters and weights over `hosts`; where the VM's own
 * host is among them it may win, and then nothing moves. All is copied by propose().
 * Steps of other kinds than MOVE are about `host`; they look at its state and
 * nothing else of them is read but code and reason.
 */
struct drover_step {
    size_t size;
    uint32_t kind;          /* enum drover_step_kind */
    uint32_t vm;
    const uint32_t *hosts;  /* candidate hosts */
    uint32_t n_hosts;       /* 0: all of its cluster */
    double gain;            /* VM-seconds of degradation saved; 0: not estimated */
    double cost;            /* VM-seconds of degradation spent by the move */
    const char *code;       /* stable: "cpu.over" */
    const char *reason;     /* one sentence */
    uint32_t host;          /* the host that is to be switched. Since 1.1 */
};

struct drover_plan {
    size_t size;
    /* 0, or -1 where the step is unusable (unknown VM or host): it is left out and journalled. */
    int (*propose)(struct drover_plan *plan, const struct drover_step *step);
    /* Whether all filters of the policy would accept the VM on the host, after what was proposed. */
    bool (*allows)(struct drover_plan *plan, uint32_t vm, uint32_t host);
    /* Say why there is nothing worth doing. One sentence. */
    void (*idle)(struct drover_plan *plan, const char *reason);
    /* Since 1.1. Given to balancers: */
    uint32_t budget;   /* moves that are taken at most; UINT32_MAX: no bound */
    double cooldown_s; /* a VM with a smaller vms->moved_s is not moved */
    /*
     * Set by a balancer before its first proposal: its steps are a whole plan, one after another,
     * and it is not asked again after each. Then propose() runs filters and weights at once: 0:
     * the move is taken, and from there on the fleet's columns show the VM where it has gone;
     * DROVER_NOT_TAKEN: they refuse, the VM rests, or the budget is used up.
     */
    uint8_t whole;
    /*
     * allows() for n hosts at once: allowed[i] is 1 where all filters accept the VM on hosts[i].
     * 0, or -1 where there is no such VM or host.
     */
    int (*filter)(struct drover_plan *plan, uint32_t vm, const uint32_t *hosts, uint32_t n,
                  uint8_t *allowed);
};

#define DROVER_NOT_TAKEN 1

/* What made the core ask a resilience unit. */
enum drover_trouble_kind {
    DROVER_TROUBLE_NON_OPERATIONAL = 1, /* the host answers, but lacks a network or storage */
    DROVER_TROUBLE_DEAD,     /* since 1.1: it is off, and that is proven: nothing runs there any more */
    DROVER_TROUBLE_ANNOUNCED, /* since 1.1: it works, and says that it may not for long */
};

struct drover_trouble {
    size_t size;
    uint32_t kind;
    uint32_t host;
};

/* ------------------------------------------------------ how a VM is to move */

#define DROVER_HOW_AUTO_CONVERGE 1u
#define DROVER_HOW_POSTCOPY 2u     /* needed at the start for a later switch */
#define DROVER_HOW_COMPRESS 4u
#define DROVER_HOW_TLS 8u
#define DROVER_HOW_ZEROCOPY 16u
#define DROVER_HOW_AUTO_CONNECTIONS 32u /* since 1.1: as many as the link and the vCPUs are good for */
#define DROVER_HOW_AUTO_PARALLEL 64u    /* since 1.1: the same, and two at least */

/* How memory is compressed, where DROVER_HOW_COMPRESS is set. Since 1.1 */
enum drover_compression {
    DROVER_COMPRESSION_XBZRLE, /* of pages sent before, what differs; over one connection */
    DROVER_COMPRESSION_ZLIB,   /* over several connections */
    DROVER_COMPRESSION_ZSTD,   /* the same */
};

enum drover_stall_action {
    DROVER_STALL_DOWNTIME = 1, /* allow a pause of downtime_ms */
    DROVER_STALL_POSTCOPY,
    DROVER_STALL_ABORT,
};

/*
 * When memory was walked `stall` times more than the first full pass, and that was not the end:
 * do this. With DROVER_WATCH_REMAINING: when that many stalls were counted.
 */
struct drover_stall {
    uint32_t stall;
    uint32_t action; /* enum drover_stall_action */
    double downtime_ms;
};

#define DROVER_STALLS_MAX 16

/* Whether pre-copy would end by itself. Since 1.1 */
enum drover_converges { DROVER_CONVERGES_UNKNOWN, DROVER_CONVERGES_YES, DROVER_CONVERGES_NO };

/* What counts as one more stall. Since 1.1 */
enum drover_watch {
    DROVER_WATCH_ITERATIONS, /* each walk of the memory */
    DROVER_WATCH_REMAINING,  /* stall_s in which no walk has begun with less than any before; of the
                                pauses of the schedule, the least that holds the smallest walk is
                                taken, and none where even the longest does not hold it */
};

struct drover_move {
    size_t size;
    const struct drover_fleet *fleet;
    uint32_t vm;
    uint32_t from;
    uint32_t to;
    uint32_t purpose;
    /*
     * Since 1.1: what to expect of a plain pre-copy, without anything that `how` may ask for, with
     * QEMU's own pause, over the link as it is now. NAN: not known.
     */
    uint32_t converges;  /* enum drover_converges */
    double duration_s;   /* where it converges */
    double downtime_ms;
    double rate_mib_s;   /* that the link has for it */
    double waited_s;     /* since it was queued; 0 where somebody only asks */
};

struct drover_how {
    size_t size;
    uint32_t flags;            /* DROVER_HOW_... */
    double downtime_ms;        /* allowed from the start; 0: QEMU's default */
    double bandwidth_mib_s;    /* 0: no limit of ours */
    uint32_t connections;      /* 0 or 1: one */
    uint32_t max_concurrent;   /* per host and direction; 0: the configured limit */
    uint32_t n_stalls;
    struct drover_stall *stalls; /* room for DROVER_STALLS_MAX */
    /* Since 1.1; of these 0 is what QEMU does by itself. */
    double postcopy_bandwidth_mib_s;
    uint32_t auto_converge_initial_pct;   /* by how much vCPUs are slowed down at first, 1..99 */
    uint32_t auto_converge_increment_pct; /* and by how much more each time */
    uint32_t compression;                 /* enum drover_compression */
    uint32_t compression_level;           /* zlib 1..9, zstd 1..20 */
    /*
     * Since 1.1: not now. The move goes back into the queue for so long, and the unit is asked
     * again; at most 600 s at a time, and not longer than an hour in all. Nobody waits to leave a
     * host in trouble. 0: it moves now.
     */
    double wait_s;
    char wait_why[256]; /* what for, for people: "until its backup is done" */
    /* What is watched, and for how long. */
    uint32_t watch;            /* enum drover_watch */
    double stall_s;            /* for DROVER_WATCH_REMAINING */
    double seconds_per_gib;    /* of the VM's memory, 30 s at least: then it switches to post-copy
                                  where that was enabled, else it is given up; 0: no bound */
};

/* ----------------------------------------------------------- hook admission */

enum drover_admission {
    DROVER_ADMIT_ALLOW, /* no objection */
    DROVER_ADMIT_DENY,
    DROVER_ADMIT_REWRITE,
};

struct drover_admit_ask {
    size_t size;
    const struct drover_fleet *fleet;
    uint32_t host;               /* where it happens; DROVER_NONE: not a host of ours */
    uint32_t vm;                 /* DROVER_NONE: not known yet */
    const char *vm_name;
    const char *vm_uuid;
    const char *driver;          /* qemu, network, lxc, libxl */
    const char *operation;       /* prepare, start, migrate, restore, ... */
    const char *sub_operation;
    const char *xml;             /* domain XML, without secrets; "" where none came */
};

struct drover_answer {
    size_t size;
    uint32_t verdict;   /* enum drover_admission */
    char code[64];
    char text[1024];    /* what the administrator reads in virsh: a whole sentence */
    /* For DROVER_ADMIT_REWRITE: the new XML. It is copied. */
    int (*set_xml)(struct drover_answer *answer, const char *xml, size_t length);
};

/* ------------------------------------------------------------------ fencing
 *
 * Since 1.1. To fence a host is to make sure that it is off. A fence unit is the one kind that
 * does something: it talks to a power switch, in a thread of its own, and may take its time.
 * Its parameters are those of one device of one host, as the configuration has them.
 */

enum drover_fence_action {
    DROVER_FENCE_STATUS = 1,
    DROVER_FENCE_OFF,
    DROVER_FENCE_ON,
    DROVER_FENCE_SOFT, /* of units with DROVER_SOFT: bring its libvirtd back, guests go on */
    DROVER_FENCE_LISTEN, /* of units with DROVER_LISTENS: wait for the host's own word, and for
                            nothing else; OFF: it runs no guests any more. Until timeout_s at most */
};

enum drover_fence_result {
    DROVER_FENCE_UNKNOWN, /* nothing is known; whatever was ordered may or may not happen yet */
    DROVER_FENCE_IS_OFF,  /* known to be off: this is taken as proof that nothing runs there */
    DROVER_FENCE_IS_ON,   /* known to be on; of SOFT: the service was restarted */
    DROVER_FENCE_FAILED,  /* the device refused, or cannot be reached */
};

struct drover_fence {
    size_t size;
    const char *host;   /* its name */
    const char *uri;    /* its libvirt URI */
    uint32_t action;    /* enum drover_fence_action */
    double timeout_s;   /* to be back by then, with UNKNOWN if need be */
    uint32_t result;    /* set by the unit; UNKNOWN unless it says otherwise */
    char text[512];     /* set by the unit: what the device said, for people */
};

/* ------------------------------------------------------------------- a unit */

enum drover_kind {
    DROVER_FILTER = 1,
    DROVER_WEIGHT,
    DROVER_BALANCE,
    DROVER_RESILIENCE,
    DROVER_MIGRATE,
    DROVER_ADMIT,
    DROVER_FENCE, /* since 1.1 */
};

/* Bits of drover_unit.flags. */
#define DROVER_MANDATORY 1u  /* runs in every policy; honoured for built-in units alone */
#define DROVER_SOFT 2u       /* fence, since 1.1: it proves nothing, but may bring the host back */
#define DROVER_LISTENS 4u    /* fence, since 1.1: it switches nothing, but hears a host say that it
                                runs no guests, as one does that writes a dump of its kernel */

/* A parameter is stored at `offset` of the unit's self, in the C type named here. */
enum drover_parameter_type {
    DROVER_INTEGER = 1, /* int64_t */
    DROVER_NUMBER,      /* double */
    DROVER_PERCENT,     /* double, 80 for "80%" */
    DROVER_DURATION_S,  /* double, 120 for "2m" */
    DROVER_MEMORY_MIB,  /* double, 2048 for "2GiB" */
    DROVER_BOOLEAN,     /* bool */
    DROVER_TEXT,        /* const char * */
    DROVER_CHOICE,      /* const char *, one of `choices` */
};

struct drover_parameter {
    const char *key;          /* NULL ends the table */
    uint32_t type;            /* enum drover_parameter_type */
    const char *unit;         /* for people: "%", "s", "MiB", "VMs"; NULL: none */
    double min, max;          /* of numbers; both 0: no bounds */
    const char *default_text; /* as it would stand in a policy */
    const char *choices;      /* "a|b|c" for DROVER_CHOICE */
    const char *help;         /* one sentence */
    size_t offset;            /* into self */
};

/*
 * What callbacks return beside 0. DROVER_OVERRAN: stopped by the clock; of all failures the
 * only one that the same call need not show again, so it is journalled for replays.
 */
#define DROVER_FAILED (-1)
#define DROVER_OVERRAN (-2)

/*
 * One unit. Callbacks return 0, or something else where the unit failed: then its
 * policy's on_error decides (deny, neutral, last_good), not the answer.
 * `self` is self_size bytes of the unit's own, zeroed, its parameters filled in.
 */
struct drover_unit {
    size_t size;
    uint32_t kind;       /* enum drover_kind */
    uint32_t flags;
    const char *name;    /* [a-z][a-z0-9_]* */
    const char *summary; /* one line */
    size_t self_size;
    const struct drover_parameter *parameters; /* NULL: none */
    const struct drover_reason *reasons;       /* ends with code NULL; NULL: none */

    /* Check what the tables cannot. -1 with a sentence in `error` refuses the policy. */
    int (*open)(void *self, char *error, size_t error_size);
    void (*close)(void *self);

    /*
     * filter: verdicts[i] = 0 where host hosts[i] may take the VM, else 1 + the index of
     * the reason. why: the figures of that refusal, for one host.
     */
    int (*filter)(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                  uint8_t *verdicts);
    int (*why)(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
               struct drover_why *why);

    /* weigh: weights[i] for host hosts[i]; lower is better; NAN is a failure of the unit. */
    int (*weigh)(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights);

    int (*balance)(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                   struct drover_plan *plan);
    int (*resilience)(void *self, const struct drover_fleet *fleet,
                      const struct drover_trouble *trouble, struct drover_plan *plan);
    int (*migrate)(void *self, const struct drover_move *move, struct drover_how *how);
    int (*admit)(void *self, const struct drover_admit_ask *ask, struct drover_answer *answer);

    /* Why the last call failed: one sentence, until the next call. NULL: no words for it. */
    const char *(*failure)(void *self);

    /* Since 1.1. fence: sets fence->result and text. Called in a thread of its own. */
    int (*fence)(void *self, struct drover_fence *fence);
};

struct drover_plugin {
    size_t size;
    uint32_t abi_major;
    uint32_t abi_minor;
    size_t parameter_size;   /* sizeof(struct drover_parameter), as compiled */
    size_t reason_size;      /* sizeof(struct drover_reason), as compiled */
    const char *name;
    const char *version;
    const struct drover_unit *const *units; /* ends with NULL */
};

/* The one symbol that a plugin exports. */
typedef const struct drover_plugin *drover_plugin_function(void);

#ifdef __cplusplus
#define DROVER_LINKAGE extern "C"
#else
#define DROVER_LINKAGE
#endif
#if defined(__GNUC__)
#define DROVER_EXPORT DROVER_LINKAGE __attribute__((visibility("default")))
#else
#define DROVER_EXPORT DROVER_LINKAGE
#endif

/* Write the exported function of a plugin: DROVER_PLUGIN("mine", "1.0", &filter, &weight) */
#define DROVER_PLUGIN(plugin_name, plugin_version, ...)                                            \
    DROVER_EXPORT const struct drover_plugin *drover_plugin(void);                                 \
    DROVER_EXPORT const struct drover_plugin *drover_plugin(void)                                  \
    {                                                                                              \
        static const struct drover_unit *const units[] = {__VA_ARGS__, NULL};                      \
        static const struct drover_plugin plugin = {                                               \
            .size = sizeof(struct drover_plugin),                                                  \
            .abi_major = DROVER_ABI_MAJOR,                                                         \
            .abi_minor = DROVER_ABI_MINOR,                                                         \
            .parameter_size = sizeof(struct drover_parameter),                                     \
            .reason_size = sizeof(struct drover_reason),                                           \
            .name = plugin_name,                                                                   \
            .version = plugin_version,                                                             \
            .units = units,                                                                        \
        };                                                                                         \
        return &plugin;                                                                            \
    }

#ifdef __cplusplus
}
#endif
#endif
