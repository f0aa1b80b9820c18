/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Columns out of records. First everything is sorted by name and indexed, then each column is
 * filled, then the sums over a host's VMs (columns_sums.c). Symbols (networks, storage, machines, features) get
 * their numbers in the order of their names, so that nothing depends on how a file was written.
 */
#include "model/columns.h"

#include "base/memory.h"
#include "model/columns_parts.h"
#include "model/columns_sums.h"
#include "model/symbols.h"

#include <stdlib.h>
#include <string.h>

struct builder {
    const struct fleet *fleet;
    struct columns *columns;
    struct arena *arena;
    struct table hosts;    /* name -> index */
    struct table clusters;
};

static int by_name_of_host(const void *a, const void *b)
{
    return strcmp((*(struct host *const *)a)->name, (*(struct host *const *)b)->name);
}

static int by_name_of_cluster(const void *a, const void *b)
{
    return strcmp((*(struct cluster *const *)a)->name, (*(struct cluster *const *)b)->name);
}

static int by_name_of_group(const void *a, const void *b)
{
    return strcmp((*(struct group *const *)a)->name, (*(struct group *const *)b)->name);
}

static void *sorted(struct arena *arena, void *records, uint32_t n,
                    int (*compare)(const void *, const void *))
{
    void **copy = arena_array(arena, n, sizeof *copy);
    if (n > 0) {
        memcpy(copy, records, n * sizeof *copy);
        qsort(copy, n, sizeof *copy, compare);
    }
    return copy;
}

/* VMs are many, and a fleet that is looked at again and again mostly has them in order. */
static void sort_vms(struct builder *b)
{
    const struct fleet *fleet = b->fleet;
    struct columns *c = b->columns;
    if (!fleet->vms_in_order) {
        c->vm_record = sorted(b->arena, fleet->vms, fleet->n_vms, vm_order);
        return;
    }
    c->vm_record = arena_array(b->arena, fleet->n_vms, sizeof *c->vm_record);
    if (fleet->n_vms > 0)
        memcpy(c->vm_record, fleet->vms, fleet->n_vms * sizeof *c->vm_record);
}

static void sort_records(struct builder *b)
{
    const struct fleet *fleet = b->fleet;
    struct columns *c = b->columns;
    c->host_record = sorted(b->arena, fleet->hosts, fleet->n_hosts, by_name_of_host);
    sort_vms(b);
    c->group_record = sorted(b->arena, fleet->groups, fleet->n_groups, by_name_of_group);
    c->cluster_record = sorted(b->arena, fleet->clusters, fleet->n_clusters, by_name_of_cluster);
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        table_put(&b->hosts, c->host_record[i]->name, i);
    for (uint32_t i = 0; i < fleet->n_clusters; i++)
        table_put(&b->clusters, c->cluster_record[i]->name, i);
}

/* One column: COLUMN(type, name, n, expression over i). */
#define COLUMN(type, place, n, expression)                                                         \
    do {                                                                                           \
        type *column_ = arena_array(b->arena, (n), sizeof *column_);                               \
        for (uint32_t i = 0; i < (n); i++)                                                         \
            column_[i] = (type)(expression);                                                       \
        (place) = column_;                                                                         \
    } while (0)

static double age(const struct fleet *fleet, double at)
{
    if (isnan(at))
        return NAN;
    return fleet->now > at ? fleet->now - at : 0;
}

static uint32_t index_or_none(const struct table *table, const char *name)
{
    return name ? table_get(table, name) : DROVER_NONE; /* TABLE_NONE is DROVER_NONE */
}

static uint32_t role_bits(const struct texts *roles)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < roles->n; i++) {
        if (strcmp(roles->item[i], "spm") == 0)
            bits |= DROVER_ROLE_SPM;
        if (strcmp(roles->item[i], "controller") == 0)
            bits |= DROVER_ROLE_CONTROLLER;
    }
    return bits;
}

static void fill_clusters(struct builder *b)
{
    const struct cluster *const *record = (const struct cluster *const *)b->columns->cluster_record;
    struct drover_clusters *to = &b->columns->clusters;
    uint32_t n = b->fleet->n_clusters;
    to->size = sizeof *to;
    to->n = n;
    COLUMN(const char *, to->name, n, record[i]->name);
    COLUMN(double, to->memory_overcommit_pct, n, record[i]->memory_overcommit_pct);
    COLUMN(uint8_t, to->threads_as_cores, n, record[i]->threads_as_cores);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static struct drover_labels labels_of(struct builder *b, const struct pairs *(*get)(const void *),
                                      const void *const *record, uint32_t n)
{
    uint32_t *start = arena_array(b->arena, (size_t)n + 1, sizeof *start);
    for (uint32_t i = 0; i < n; i++)
        start[i + 1] = start[i] + get(record[i])->n;
    const char **key = arena_array(b->arena, start[n], sizeof *key);
    const char **value = arena_array(b->arena, start[n], sizeof *value);
    for (uint32_t i = 0; i < n; i++) {
        const struct pairs *pairs = get(record[i]);
        if (pairs->n == 0)
            continue;
        struct pair *copy = memory_array(pairs->n, sizeof *copy);
        memcpy(copy, pairs->item, pairs->n * sizeof *copy);
        qsort(copy, pairs->n, sizeof *copy, by_key);
        for (uint32_t k = 0; k < pairs->n; k++) {
            key[start[i] + k] = copy[k].key;
            value[start[i] + k] = copy[k].value;
        }
        free(copy);
    }
    return (struct drover_labels){.start = start, .key = key, .value = value};
}

static const struct pairs *labels_of_host(const void *record)
{
    return &((const struct host *)record)->labels;
}

static const struct pairs *labels_of_vm(const void *record)
{
    return &((const struct vm *)record)->labels;
}

/* Equal texts that stand side by side become one, so that comparing pointers mostly settles it. */
static void share_texts(const char *const *column, uint32_t n)
{
    const char **text = (const char **)column;
    for (uint32_t i = 1; i < n; i++)
        if (strcmp(text[i], text[i - 1]) == 0)
            text[i] = text[i - 1];
}

static void fill_hosts(struct builder *b)
{
    const struct host *const *record = (const struct host *const *)b->columns->host_record;
    const struct fleet *fleet = b->fleet;
    struct drover_hosts *to = &b->columns->hosts;
    uint32_t n = fleet->n_hosts;
    to->size = sizeof *to;
    to->n = n;
    COLUMN(const char *, to->name, n, record[i]->name);
    COLUMN(uint32_t, to->cluster, n, index_or_none(&b->clusters, record[i]->cluster));
    COLUMN(uint8_t, b->columns->host_state, n, record[i]->state);
    to->state = b->columns->host_state;
    COLUMN(double, to->state_s, n, age(fleet, record[i]->state_since));
    COLUMN(uint32_t, to->roles, n, role_bits(&record[i]->roles));
    COLUMN(uint32_t, to->threads, n, record[i]->threads);
    COLUMN(uint32_t, to->cores, n, record[i]->cores ? record[i]->cores : record[i]->threads);
    COLUMN(uint32_t, to->sockets, n, record[i]->sockets);
    COLUMN(double, to->cpus, n,
           to->cluster[i] == DROVER_NONE || b->columns->clusters.threads_as_cores[to->cluster[i]]
               ? to->threads[i]
               : to->cores[i]);
    COLUMN(double, b->columns->cpu_usage_pct, n, record[i]->cpu_usage_pct);
    to->cpu_usage_pct = b->columns->cpu_usage_pct;
    COLUMN(double, to->cpu_over_s, n, age(fleet, record[i]->cpu_over_since));
    COLUMN(double, to->memory_mib, n, record[i]->memory_mib);
    COLUMN(double, to->memory_reserved_mib, n, record[i]->memory_reserved_mib);
    COLUMN(double, to->swap_total_mib, n, record[i]->swap_total_mib);
    COLUMN(double, to->swap_free_mib, n, record[i]->swap_free_mib);
    COLUMN(const char *, to->arch, n, record[i]->arch);
    COLUMN(const char *, to->cpu_model, n, record[i]->cpu_model);
    COLUMN(double, to->tsc_khz, n, record[i]->tsc_khz);
    COLUMN(uint8_t, to->tsc_scaling, n, record[i]->tsc_scaling);
    COLUMN(double, to->link_mbps, n, record[i]->link_mbps);
    COLUMN(const char *, to->hypervisor_version, n, record[i]->hypervisor_version);
    COLUMN(const char *, to->os_version, n, record[i]->os_version);
    COLUMN(double, to->boot_s, n, age(fleet, record[i]->boot_at));
    COLUMN(const char *, to->cpus_online, n, record[i]->cpus_online);
    COLUMN(uint32_t, to->moves_failed, n, record[i]->moves_failed);
    COLUMN(const char *, to->uuid, n, record[i]->uuid);
    COLUMN(uint8_t, to->devices_known, n, record[i]->devices_known);
    COLUMN(uint32_t, to->power, n,
           (record[i]->power_managed ? DROVER_POWER_MANAGED : 0) |
               (record[i]->power_by_policy ? DROVER_POWER_BY_POLICY : 0));
    to->labels = labels_of(b, labels_of_host, (const void *const *)record, n);
    share_texts(to->arch, n);
    share_texts(to->cpu_model, n);
    share_texts(to->hypervisor_version, n);
    share_texts(to->os_version, n);
}

static uint32_t cluster_of_vm(const struct builder *b, uint32_t host)
{
    return host == DROVER_NONE ? (b->fleet->n_clusters ? 0 : DROVER_NONE)
                               : b->columns->hosts.cluster[host];
}

static void fill_vms(struct builder *b)
{
    const struct vm *const *record = (const struct vm *const *)b->columns->vm_record;
    const struct fleet *fleet = b->fleet;
    struct drover_vms *to = &b->columns->vms;
    uint32_t n = fleet->n_vms;
    to->size = sizeof *to;
    to->n = n;
    COLUMN(const char *, to->name, n, record[i]->name);
    COLUMN(const char *, to->uuid, n, record[i]->uuid ? record[i]->uuid : "");
    COLUMN(uint32_t, b->columns->vm_host, n, index_or_none(&b->hosts, record[i]->host));
    to->host = b->columns->vm_host;
    COLUMN(uint32_t, b->columns->vm_to, n, index_or_none(&b->hosts, record[i]->to));
    to->to = b->columns->vm_to;
    COLUMN(uint32_t, to->cluster, n, cluster_of_vm(b, to->host[i]));
    COLUMN(uint8_t, b->columns->vm_state, n, record[i]->state);
    to->state = b->columns->vm_state;
    COLUMN(uint8_t, to->migratable, n, record[i]->migratable);
    COLUMN(uint8_t, to->ha, n, record[i]->ha);
    COLUMN(double, to->priority, n, record[i]->priority);
    COLUMN(uint32_t, to->vcpus, n, record[i]->vcpus);
    COLUMN(double, to->cpu_usage_pct, n, record[i]->cpu_usage_pct);
    COLUMN(double, to->cpu_load, n, record[i]->cpu_usage_pct * record[i]->vcpus);
    COLUMN(double, to->memory_mib, n, record[i]->memory_mib);
    COLUMN(double, to->memory_used_mib, n, record[i]->memory_used_mib);
    COLUMN(double, to->memory_overhead_mib, n, vm_overhead_mib(record[i]));
    COLUMN(double, to->hugepages_kib, n, record[i]->hugepages_kib);
    COLUMN(double, to->dirty_mib_s, n, record[i]->dirty_mib_s);
    COLUMN(double, b->columns->moved_s, n, age(fleet, record[i]->moved_at));
    to->moved_s = b->columns->moved_s;
    COLUMN(const char *, to->arch, n, record[i]->arch);
    COLUMN(const char *, to->machine, n, record[i]->machine);
    COLUMN(const char *, to->cpu_mode, n, vm_cpu_modes[record[i]->cpu_mode]);
    COLUMN(const char *, to->cpu_model, n, record[i]->cpu_model);
    COLUMN(double, to->tsc_khz, n, record[i]->tsc_khz);
    COLUMN(const char *, to->cache, n, vm_caches[record[i]->cache]);
    COLUMN(uint8_t, to->readonly_local_disk, n, record[i]->readonly_local_disk);
    COLUMN(uint32_t, to->cpu_sockets, n, record[i]->cpu_sockets);
    COLUMN(uint32_t, to->cpu_cores, n, record[i]->cpu_cores);
    COLUMN(uint32_t, to->cpu_threads, n, record[i]->cpu_threads);
    COLUMN(const char *, to->cpu_pins, n, record[i]->cpu_pins);
    COLUMN(uint8_t, to->cpu_dedicated, n, record[i]->cpu_dedicated);
    COLUMN(uint32_t, to->pinned_named, n, record[i]->pinned_hosts.n);
    COLUMN(uint8_t, b->columns->vm_lost, n, record[i]->lost);
    to->lost = b->columns->vm_lost;
    to->labels = labels_of(b, labels_of_vm, (const void *const *)record, n);
}

/* Lists of indices by name; names that are nowhere are left out. */
static struct drover_lists lists_of(struct builder *b, const struct table *index,
                                    const struct texts *(*get)(const void *),
                                    const void *const *record, uint32_t n)
{
    uint32_t *start = arena_array(b->arena, (size_t)n + 1, sizeof *start);
    uint32_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += get(record[i])->n;
    uint32_t *item = arena_array(b->arena, total, sizeof *item);
    uint32_t filled = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct texts *names = get(record[i]);
        for (uint32_t k = 0; k < names->n; k++) {
            uint32_t found = table_get(index, names->item[k]);
            if (found != TABLE_NONE)
                item[filled++] = found;
        }
        filled = start[i] + symbols_sort(item + start[i], filled - start[i]);
        start[i + 1] = filled;
    }
    return (struct drover_lists){.start = start, .item = item};
}

static const struct texts *pinned_of_vm(const void *record)
{
    return &((const struct vm *)record)->pinned_hosts;
}

static const struct texts *preferred_of_vm(const void *record)
{
    return &((const struct vm *)record)->preferred_hosts;
}

struct columns *columns_new(const struct fleet *fleet)
{
    struct columns *c = memory_new(sizeof *c);
    struct builder b = {.fleet = fleet, .columns = c, .arena = &c->arena};
    c->source = fleet;
    sort_records(&b);
    fill_clusters(&b);
    fill_hosts(&b);
    fill_vms(&b);
    symbols_fill(c, fleet);
    c->vms.pinned_hosts = lists_of(&b, &b.hosts, pinned_of_vm, (const void *const *)c->vm_record,
                                   fleet->n_vms);
    c->vms.preferred_hosts = lists_of(&b, &b.hosts, preferred_of_vm,
                                      (const void *const *)c->vm_record, fleet->n_vms);
    columns_fill_parts(c);
    columns_fill_sums(c);
    groups_fill(c, fleet, &b.hosts);
    columns_book_moving(c);
    c->fleet = (struct drover_fleet){
        .size = sizeof c->fleet, .now = fleet->now, .clusters = &c->clusters,
        .hosts = &c->hosts, .vms = &c->vms, .groups = &c->groups,
    };
    table_free(&b.hosts);
    table_free(&b.clusters);
    return c;
}

void columns_free(struct columns *columns)
{
    if (!columns)
        return;
    arena_free(&columns->arena);
    free(columns);
}

/* By bisection: hosts stand in order of name. */
uint32_t columns_host(const struct columns *columns, const char *name)
{
    uint32_t low = 0, high = columns->hosts.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(columns->hosts.name[middle], name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return DROVER_NONE;
}

uint32_t columns_vm(const struct columns *columns, const char *key)
{
    for (uint32_t v = 0; v < columns->vms.n; v++)
        if (strcmp(vm_key(columns->vm_record[v]), key) == 0)
            return v;
    return DROVER_NONE;
}
