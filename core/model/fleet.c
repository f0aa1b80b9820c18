/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fleet's records: put, find, remove, copy. See fleet.h. */
#include "model/fleet.h"

#include "base/memory.h"
#include "base/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fleet *fleet_new(void)
{
    return memory_new(sizeof(struct fleet));
}

static void free_all(void *items, uint32_t n)
{
    void **item = items;
    for (uint32_t i = 0; i < n; i++)
        free(item[i]);
    free(item);
}

void fleet_free(struct fleet *fleet)
{
    if (!fleet)
        return;
    free_all(fleet->clusters, fleet->n_clusters);
    free_all(fleet->hosts, fleet->n_hosts);
    free_all(fleet->vms, fleet->n_vms);
    free_all(fleet->groups, fleet->n_groups);
    table_free(&fleet->cluster_index);
    table_free(&fleet->host_index);
    table_free(&fleet->vm_index);
    table_free(&fleet->group_index);
    arena_free(&fleet->arena);
    free(fleet);
}

const char *vm_key(const struct vm *vm)
{
    return vm->uuid ? vm->uuid : vm->name;
}

int vm_order(const void *a, const void *b)
{
    const struct vm *one = *(struct vm *const *)a;
    const struct vm *other = *(struct vm *const *)b;
    int order = strcmp(one->name, other->name);
    return order ? order : strcmp(vm_key(one), vm_key(other));
}

void fleet_order_vms(struct fleet *fleet)
{
    if (fleet->vms_in_order)
        return;
    if (fleet->n_vms > 0)
        qsort(fleet->vms, fleet->n_vms, sizeof *fleet->vms, vm_order);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        table_put(&fleet->vm_index, vm_key(fleet->vms[i]), i);
    fleet->vms_in_order = true;
}

/*
 * Append an empty record, or give back the one that is there. Its old key is taken out of the
 * index: the caller's copy brings a new text for it.
 */
static void *place_record(void *array, uint32_t *n, uint32_t *capacity, struct table *index,
                          const char *key, size_t size)
{
    void ***records = array;
    uint32_t i = table_remove(index, key);
    if (i == TABLE_NONE) {
        *records = memory_grow(*records, capacity, *n + 1, sizeof **records);
        i = (*n)++;
        (*records)[i] = memory_new(size);
    }
    return &(*records)[i];
}

/* The record's own key, now that it is copied, goes into the index. */
static void index_record(void *array, void *place, struct table *index, const char *key)
{
    void **records = *(void ***)array;
    table_put(index, key, (uint32_t)((void **)place - records));
}

struct cluster *fleet_put_cluster(struct fleet *fleet, const struct cluster *cluster)
{
    struct cluster **place =
        place_record(&fleet->clusters, &fleet->n_clusters, &fleet->cluster_capacity,
                     &fleet->cluster_index, cluster->name, sizeof *cluster);
    field_copy(cluster_fields, *place, cluster, &fleet->arena);
    index_record(&fleet->clusters, place, &fleet->cluster_index, (*place)->name);
    return *place;
}

struct host *fleet_put_host(struct fleet *fleet, const struct host *host)
{
    struct host **place = place_record(&fleet->hosts, &fleet->n_hosts, &fleet->host_capacity,
                                       &fleet->host_index, host->name, sizeof *host);
    field_copy(host_fields, *place, host, &fleet->arena);
    index_record(&fleet->hosts, place, &fleet->host_index, (*place)->name);
    return *place;
}

struct vm *fleet_put_vm(struct fleet *fleet, const struct vm *vm)
{
    struct vm **place = place_record(&fleet->vms, &fleet->n_vms, &fleet->vm_capacity,
                                     &fleet->vm_index, vm_key(vm), sizeof *vm);
    if (!(*place)->name || strcmp((*place)->name, vm->name) != 0)
        fleet->vms_in_order = false;
    field_copy(vm_fields, *place, vm, &fleet->arena);
    index_record(&fleet->vms, place, &fleet->vm_index, vm_key(*place));
    return *place;
}

struct group *fleet_put_group(struct fleet *fleet, const struct group *group)
{
    struct group **place = place_record(&fleet->groups, &fleet->n_groups, &fleet->group_capacity,
                                        &fleet->group_index, group->name, sizeof *group);
    field_copy(group_fields, *place, group, &fleet->arena);
    index_record(&fleet->groups, place, &fleet->group_index, (*place)->name);
    return *place;
}

/* The last record takes the removed one's place: order does not matter here. */
static uint32_t take_out(void *array, uint32_t *n, struct table *index, const char *key)
{
    void **records = *(void ***)array;
    uint32_t i = table_remove(index, key);
    if (i == TABLE_NONE)
        return TABLE_NONE;
    free(records[i]);
    records[i] = records[--*n];
    return i;
}

void fleet_remove_host(struct fleet *fleet, const char *name)
{
    uint32_t i = take_out(&fleet->hosts, &fleet->n_hosts, &fleet->host_index, name);
    if (i != TABLE_NONE && i < fleet->n_hosts)
        table_put(&fleet->host_index, fleet->hosts[i]->name, i);
}

void fleet_remove_vm(struct fleet *fleet, const char *key)
{
    uint32_t i = take_out(&fleet->vms, &fleet->n_vms, &fleet->vm_index, key);
    if (i == TABLE_NONE || i == fleet->n_vms)
        return;
    table_put(&fleet->vm_index, vm_key(fleet->vms[i]), i);
    fleet->vms_in_order = false;
}

void fleet_remove_groups(struct fleet *fleet)
{
    free_all(fleet->groups, fleet->n_groups);
    fleet->groups = NULL;
    fleet->n_groups = fleet->group_capacity = 0;
    table_free(&fleet->group_index);
}

void fleet_remove_clusters(struct fleet *fleet)
{
    free_all(fleet->clusters, fleet->n_clusters);
    fleet->clusters = NULL;
    fleet->n_clusters = fleet->cluster_capacity = 0;
    table_free(&fleet->cluster_index);
}

struct cluster *fleet_cluster(const struct fleet *fleet, const char *name)
{
    uint32_t i = table_get(&fleet->cluster_index, name);
    return i == TABLE_NONE ? NULL : fleet->clusters[i];
}

struct host *fleet_host(const struct fleet *fleet, const char *name)
{
    uint32_t i = table_get(&fleet->host_index, name);
    return i == TABLE_NONE ? NULL : fleet->hosts[i];
}

struct vm *fleet_vm(const struct fleet *fleet, const char *key)
{
    uint32_t i = table_get(&fleet->vm_index, key);
    return i == TABLE_NONE ? NULL : fleet->vms[i];
}

/* Of several VMs of one name the two first keys, so that the message does not depend on order. */
struct vm *fleet_find_vm(const struct fleet *fleet, const char *text, struct error *error)
{
    struct vm *found = fleet_vm(fleet, text), *other = NULL;
    if (found)
        return found;
    for (uint32_t i = 0; i < fleet->n_vms; i++) {
        struct vm *vm = fleet->vms[i];
        if (strcmp(vm->name, text) != 0)
            continue;
        if (!found || strcmp(vm_key(vm), vm_key(found)) < 0) {
            other = found;
            found = vm;
        } else if (!other || strcmp(vm_key(vm), vm_key(other)) < 0) {
            other = vm;
        }
    }
    if (!found)
        error_set(error, ERROR_NOT_FOUND, "VM %s: there is none of this name or UUID", text);
    if (other)
        error_set(error, ERROR_USAGE,
                  "VM %s: the name is not unique (%s and %s have it); give the UUID", text,
                  vm_key(found), vm_key(other));
    return other ? NULL : found;
}

struct host *fleet_find_host(const struct fleet *fleet, const char *text, struct error *error)
{
    struct host *host = fleet_host(fleet, text);
    if (!host)
        error_set(error, ERROR_NOT_FOUND, "host %s: there is none of this name", text);
    return host;
}

void fleet_set_text(struct fleet *fleet, const char **place, const char *text)
{
    if (*place == text || (*place && text && strcmp(*place, text) == 0))
        return;
    *place = text ? arena_text(&fleet->arena, text) : NULL;
}

static int check_host(struct fleet *fleet, struct host *host, struct error *error)
{
    if (!fleet_cluster(fleet, host->cluster))
        return error_set(error, ERROR_INPUT,
                         "host %s: its cluster %s is not among the fleet's clusters", host->name,
                         host->cluster);
    if (host->cores == 0)
        host->cores = host->threads;
    return 0;
}

static int check_vm(const struct fleet *fleet, const struct vm *vm, struct error *error)
{
    if (vm->host && !fleet_host(fleet, vm->host))
        return error_set(error, ERROR_INPUT, "VM %s: its host %s is not among the fleet's hosts",
                         vm->name, vm->host);
    return 0;
}

int fleet_check(struct fleet *fleet, struct error *error)
{
    if (fleet->n_clusters == 0) {
        struct cluster cluster;
        field_defaults(cluster_fields, &cluster);
        cluster.name = "default";
        fleet_put_cluster(fleet, &cluster);
    }
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        if (check_host(fleet, fleet->hosts[i], error) < 0)
            return -1;
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        if (check_vm(fleet, fleet->vms[i], error) < 0)
            return -1;
    return 0;
}

struct fleet *fleet_copy(const struct fleet *fleet)
{
    struct fleet *copy = fleet_new();
    copy->now = fleet->now;
    for (uint32_t i = 0; i < fleet->n_clusters; i++)
        fleet_put_cluster(copy, fleet->clusters[i]);
    for (uint32_t i = 0; i < fleet->n_hosts; i++)
        fleet_put_host(copy, fleet->hosts[i]);
    for (uint32_t i = 0; i < fleet->n_vms; i++)
        fleet_put_vm(copy, fleet->vms[i]);
    for (uint32_t i = 0; i < fleet->n_groups; i++)
        fleet_put_group(copy, fleet->groups[i]);
    return copy;
}

double vm_overhead_mib(const struct vm *vm)
{
    if (!isnan(vm->memory_overhead_mib))
        return vm->memory_overhead_mib;
    return 64 + vm->memory_mib / 512 + 8.0 * vm->vcpus;
}

double vm_pages(const struct vm *vm)
{
    return vm->hugepages_kib > 0 ? ceil(vm->memory_mib * 1024 / vm->hugepages_kib) : 0;
}

/* What is not known stays so. */
static void take_along(struct host *host, double load, double memory_mib)
{
    if (!isnan(host->cpu_usage_pct))
        host->cpu_usage_pct = fmin(100, fmax(0, host->cpu_usage_pct + load / host->threads));
    if (!isnan(host->memory_free_mib))
        host->memory_free_mib = fmax(0, host->memory_free_mib - memory_mib);
    if (!isnan(host->memory_committed_mib))
        host->memory_committed_mib = fmax(0, host->memory_committed_mib + memory_mib);
}

static void take_pages(struct fleet *fleet, struct host *host, double size_kib, double pages)
{
    for (uint32_t i = 0; pages != 0 && i < host->hugepages.n; i++) {
        struct pair *pair = &host->hugepages.item[i];
        double size, left;
        if (scalar_number(pair->key, &size) && size == size_kib &&
            scalar_number(pair->value, &left))
            pair->value = arena_printf(&fleet->arena, "%.0f", fmax(0, left - pages));
    }
}

void fleet_shift_load(struct fleet *fleet, const struct vm *vm, const char *from, const char *to)
{
    struct host *source = fleet_host(fleet, from);
    struct host *destination = fleet_host(fleet, to);
    double load = isnan(vm->cpu_usage_pct) ? 0 : vm->cpu_usage_pct * vm->vcpus;
    double memory = vm->memory_mib + vm_overhead_mib(vm);
    if (source) {
        take_along(source, -load, -memory);
        take_pages(fleet, source, vm->hugepages_kib, -vm_pages(vm));
    }
    if (destination) {
        take_along(destination, load, memory);
        take_pages(fleet, destination, vm->hugepages_kib, vm_pages(vm));
    }
}

void fleet_move_vm(struct fleet *fleet, const char *key, const char *to)
{
    struct vm *vm = fleet_vm(fleet, key);
    if (!vm || !vm->host)
        return;
    fleet_shift_load(fleet, vm, vm->host, to);
    fleet_set_text(fleet, &vm->host, to);
    vm->to = NULL;
    vm->moved_at = fleet->now;
}
