/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples: see stats.h. libvirt counts CPU time from the beginning, so a load is the difference
 * of two samples. A sample also shows every VM's state, which is compared with what was last
 * seen: an event that was lost is made up for within one poll.
 */
#include "virt/stats.h"

#include "virt/connect.h"
#include "virt/domain.h"
#include "virt/units.h"

#include <libvirt/virterror.h>
#include <math.h>
#include <string.h>

#define GROUPS (VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | \
                VIR_DOMAIN_STATS_VCPU)
#define NODE_FIGURES 16
/* Hosts count in steps of 10 ms: over a shorter time than this a load is mostly noise. */
#define LOAD_OVER_S 0.2

static double cpu_figure(const virNodeCPUStats *stats, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(stats[i].field, name) == 0)
            return (double)stats[i].value;
    }
    return NAN;
}

/* libvirt wants to be asked for exactly as many figures as it has; -1: it has none. */
static int cpu_figures(struct worker *worker, virNodeCPUStats *stats)
{
    const int all = VIR_NODE_CPU_STATS_ALL_CPUS;
    int *n = &worker->n_cpu_figures;
    worker_calls(worker, "asking for its CPU load");
    if (*n == 0 && virNodeGetCPUStats(worker->connection, all, NULL, n, 0) < 0)
        return -1;
    if (*n <= 0 || *n > NODE_FIGURES ||
        virNodeGetCPUStats(worker->connection, all, stats, n, 0) < 0)
        return -1;
    return *n;
}

static int memory_figures(struct worker *worker, virNodeMemoryStats *stats)
{
    const int all = VIR_NODE_MEMORY_STATS_ALL_CELLS;
    int *n = &worker->n_memory_figures;
    worker_calls(worker, "asking for its memory");
    if (*n == 0 && virNodeGetMemoryStats(worker->connection, all, NULL, n, 0) < 0)
        return -1;
    if (*n <= 0 || *n > NODE_FIGURES ||
        virNodeGetMemoryStats(worker->connection, all, stats, n, 0) < 0)
        return -1;
    return *n;
}

/* NAN: no statistics, or the first look. */
static double node_load(struct worker *worker)
{
    virNodeCPUStats stats[NODE_FIGURES];
    int n = cpu_figures(worker, stats);
    double utilization = cpu_figure(stats, n, VIR_NODE_CPU_STATS_UTILIZATION);
    if (!isnan(utilization))
        return utilization;
    double waiting = cpu_figure(stats, n, VIR_NODE_CPU_STATS_IOWAIT);
    double interrupts = cpu_figure(stats, n, VIR_NODE_CPU_STATS_INTR);
    struct cpu_clock now = {
        .at_s = clock_monotonic(),
        .busy_s = (cpu_figure(stats, n, VIR_NODE_CPU_STATS_USER) +
                   cpu_figure(stats, n, VIR_NODE_CPU_STATS_KERNEL) +
                   (isnan(interrupts) ? 0 : interrupts)) / 1e9,
        .idle_s = (cpu_figure(stats, n, VIR_NODE_CPU_STATS_IDLE) +
                   (isnan(waiting) ? 0 : waiting)) / 1e9,
    };
    struct cpu_clock before = worker->node_clock;
    if (before.at_s > 0 && now.at_s - before.at_s < LOAD_OVER_S)
        return worker->node_load_pct;
    worker->node_clock = now;
    double busy_s = now.busy_s - before.busy_s, idle_s = now.idle_s - before.idle_s;
    double load = before.at_s > 0 ? units_load_pct(busy_s, busy_s + idle_s, 1) : -1;
    return worker->node_load_pct = load < 0 ? NAN : load;
}

/*
 * A load takes two looks. A host that was only looked at once would be reported as up, and refused
 * for want of statistics until the next sample: what was asked for meanwhile would fail.
 */
double stats_node_load(struct worker *worker)
{
    bool first = worker->node_clock.at_s <= 0;
    double load = node_load(worker);
    if (!first || !isnan(load) || worker->node_clock.at_s <= 0)
        return load;
    g_usleep((gulong)(LOAD_OVER_S * G_USEC_PER_SEC));
    return node_load(worker);
}

static double memory_figure(const virNodeMemoryStats *stats, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(stats[i].field, name) == 0)
            return (double)stats[i].value / 1024;
    }
    return NAN;
}

void stats_node_memory(struct worker *worker, double *total_mib, double *free_mib)
{
    virNodeMemoryStats stats[NODE_FIGURES];
    int n = memory_figures(worker, stats);
    *total_mib = memory_figure(stats, n, VIR_NODE_MEMORY_STATS_TOTAL);
    *free_mib = memory_figure(stats, n, "available"); /* since libvirt 12.3: exactly that */
    if (!isnan(*free_mib))
        return;
    double buffers = memory_figure(stats, n, VIR_NODE_MEMORY_STATS_BUFFERS);
    double cached = memory_figure(stats, n, VIR_NODE_MEMORY_STATS_CACHED);
    *free_mib = memory_figure(stats, n, VIR_NODE_MEMORY_STATS_FREE) +
                (isnan(buffers) ? 0 : buffers) + (isnan(cached) ? 0 : cached);
}

/* A VM's load since the last sample; -1: not known yet. */
static double vm_load(const virDomainStatsRecord *record, struct seen *seen, double now)
{
    double time_ns = units_number(record->params, record->nparams, "cpu.time");
    double vcpus = units_number(record->params, record->nparams, "vcpu.current");
    struct cpu_clock before = seen->clock;
    if (isnan(time_ns))
        return -1;
    seen->clock = (struct cpu_clock){.at_s = now, .busy_s = time_ns / 1e9};
    if (before.at_s <= 0)
        return -1;
    return units_load_pct(seen->clock.busy_s - before.busy_s, now - before.at_s, vcpus);
}

static void look_again(struct worker *worker, const char *uuid)
{
    worker_push(worker, job_new(domain_reread, uuid));
}

/* Whether the VM is as it was last seen. One on its way may end it without an event. */
static bool is_as_seen(const virDomainStatsRecord *record, const struct seen *seen)
{
    double state = units_number(record->params, record->nparams, "state.state");
    double reason = units_number(record->params, record->nparams, "state.reason");
    return state == seen->state && reason == seen->reason &&
           seen->reported != DROVER_VM_MIGRATING && seen->reported != DOMAIN_SILENT;
}

static void add_vm(struct worker *worker, const virDomainStatsRecord *record,
                   struct event *event, double now)
{
    struct sample *sample = &event->sample;
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(record->dom, uuid) < 0)
        return;
    struct seen *seen = g_hash_table_lookup(worker->seen, uuid);
    if (seen) {
        seen->round = worker->round;
        seen->missed = 0;
    }
    if (!seen || !is_as_seen(record, seen))
        look_again(worker, uuid);
    if (!seen || seen->reported == DOMAIN_SILENT || seen->reported == DROVER_VM_DOWN)
        return;
    uint32_t i = sample->vms.n++;
    sample->vms.item[i] = arena_text(&event->arena, uuid);
    sample->vm_cpu_usage_pct.item[i] = vm_load(record, seen, now);
    sample->vm_memory_used_mib.item[i] =
        units_memory_used_mib(record->params, record->nparams);
}

/*
 * What was active and is in no list any more went away unheard. Once does not count: an event
 * that says why may be on its way.
 */
static void look_for_the_missing(struct worker *worker)
{
    GHashTableIter each;
    gpointer key, value;
    g_hash_table_iter_init(&each, worker->seen);
    while (g_hash_table_iter_next(&each, &key, &value)) {
        struct seen *seen = value;
        if (seen->round == worker->round || seen->reported == DROVER_VM_DOWN || ++seen->missed < 2)
            continue;
        struct job *job = job_new(domain_reread, key);
        job->detail = "undefined";
        worker_push(worker, job);
    }
}

static int list_statistics(struct worker *worker, virDomainStatsRecordPtr **records)
{
    const unsigned active = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE;
    worker_calls(worker, "asking for its VMs' statistics");
    int n = virConnectGetAllDomainStats(worker->connection, GROUPS, records,
                                        active | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
    if (n >= 0 || virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
        return n;
    /* A driver that never waits does not know the flag. */
    return virConnectGetAllDomainStats(worker->connection, GROUPS, records, active);
}

static void fill_sample(struct worker *worker, struct event *event,
                        virDomainStatsRecordPtr *records, uint32_t n)
{
    struct sample *sample = &event->sample;
    double now = clock_monotonic();
    sample->vms = (struct texts){arena_array(&event->arena, n, sizeof(char *)), 0, true};
    sample->vm_cpu_usage_pct.item = arena_array(&event->arena, n, sizeof(double));
    sample->vm_memory_used_mib.item = arena_array(&event->arena, n, sizeof(double));
    worker->round++;
    for (uint32_t i = 0; i < n; i++)
        add_vm(worker, records[i], event, now);
    sample->vm_cpu_usage_pct.n = sample->vm_memory_used_mib.n = sample->vms.n;
    look_for_the_missing(worker);
}

static void stats_run(struct worker *worker, struct job *job)
{
    (void)job;
    atomic_store(&worker->sample_queued, false);
    struct event *event = event_new(EVENT_SAMPLE, clock_now());
    event_set(event, &event->host, worker->host);
    event->sample.cpu_usage_pct = node_load(worker);
    double total_mib;
    stats_node_memory(worker, &total_mib, &event->sample.memory_free_mib);
    event->sample.swap_free_mib = NAN; /* libvirt does not know it */
    virDomainStatsRecordPtr *records = NULL;
    int n = list_statistics(worker, &records);
    if (n < 0) {
        worker_check_connection(worker);
        event_free(event);
        return;
    }
    fill_sample(worker, event, records, (uint32_t)n);
    virDomainStatsRecordListFree(records);
    event->at = clock_now();
    worker_post(worker, event);
}

void stats_queue(struct worker *worker)
{
    if (!atomic_exchange(&worker->sample_queued, true))
        worker_push(worker, job_new(stats_run, NULL));
}
