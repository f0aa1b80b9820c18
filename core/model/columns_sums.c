/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sums over a host's VMs, made at once (columns_new) or kept as VMs move (columns_promise,
 * columns_arrive). A host's sums are always taken in the order of its VMs, so that those that
 * were kept are those that would be made anew, to the last bit.
 */
#include "model/columns_sums.h"

#include "base/memory.h"
#include "model/columns_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Load that is assumed for a VM of which nothing is known: RHV's VcpuConsumptionPercentage. */
#define ASSUMED_LOAD_PER_VCPU 10

/* Which VMs are on which host: counted, then filled, so that they stand in order of name. */
static void list_vms_of_hosts(struct columns *c)
{
    uint32_t n_hosts = c->hosts.n;
    uint32_t *start = arena_array(&c->arena, (size_t)n_hosts + 1, sizeof *start);
    for (uint32_t v = 0; v < c->vms.n; v++)
        if (c->vms.host[v] != DROVER_NONE)
            start[c->vms.host[v] + 1]++;
    for (uint32_t h = 0; h < n_hosts; h++)
        start[h + 1] += start[h];
    uint32_t *item = arena_array(&c->arena, start[n_hosts], sizeof *item);
    uint32_t *next = memory_array(n_hosts, sizeof *next);
    for (uint32_t v = 0; v < c->vms.n; v++) {
        uint32_t h = c->vms.host[v];
        if (h != DROVER_NONE) {
            item[start[h] + next[h]] = v;
            next[h]++;
        }
    }
    free(next);
    c->vms_start = start;
    c->vms_item = item;
    c->hosts.vms = (struct drover_lists){.start = start, .item = item};
}

/* RHV: max(0, max(0, overcommit - committed - reserved) - pending). */
static void compute_schedulable(struct columns *c, uint32_t h)
{
    uint32_t cluster = c->hosts.cluster[h];
    double overcommit = cluster == DROVER_NONE ? 100 : c->clusters.memory_overcommit_pct[cluster];
    double room = c->hosts.memory_mib[h] * overcommit / 100 - c->hosts.memory_committed_mib[h] -
                  c->hosts.memory_reserved_mib[h];
    c->memory_schedulable_mib[h] = fmax(0, fmax(0, room) - c->memory_pending_mib[h]);
}

static double footprint_mib(const struct columns *c, uint32_t vm)
{
    return c->vms.memory_mib[vm] + c->vms.memory_overhead_mib[vm];
}

/* CPUs that are dedicated to a VM are no longer there for those that share the others. */
static void count_vcpus(struct columns *c, uint32_t vm, uint32_t host)
{
    double vcpus = c->vms.vcpus[vm];
    c->vcpus[host] += vcpus;
    c->largest_vcpus[host] = fmax(c->largest_vcpus[host], vcpus);
    if (c->vms.cpu_dedicated[vm])
        c->cpus_dedicated[host] += vcpus;
    else
        c->largest_shared_vcpus[host] = fmax(c->largest_shared_vcpus[host], vcpus);
}

/* What is to be started elsewhere if the host dies, at least: a policy may want more. */
static void count_ha(struct columns *c, uint32_t vm, uint32_t host)
{
    if (!c->vms.ha[vm])
        return;
    c->ha_memory_mib[host] += footprint_mib(c, vm);
    c->largest_ha_mib[host] = fmax(c->largest_ha_mib[host], footprint_mib(c, vm));
}

/*
 * Sums over the VMs that are on the host. Memory that somebody gave (a fleet file, a measurement)
 * stays as it stands in the columns; the rest is computed.
 */
static void sum_host(struct columns *c, uint32_t h)
{
    const struct host *record = c->host_record[h];
    double committed = 0;
    c->vm_count[h] = c->vm_pending[h] = c->vm_leaving[h] = 0;
    c->vcpus[h] = c->largest_vcpus[h] = c->largest_shared_vcpus[h] = 0;
    c->cpus_dedicated[h] = c->cpu_pending[h] = 0;
    c->ha_memory_mib[h] = c->largest_ha_mib[h] = 0;
    c->memory_pending_mib[h] = record->memory_pending_mib;
    for (uint32_t i = c->vms_start[h]; i < c->vms_start[h + 1]; i++) {
        uint32_t vm = c->vms_item[i];
        if (c->vm_to[vm] != DROVER_NONE && c->vm_to[vm] != h)
            c->vm_leaving[h]++;
        if (c->vms.state[vm] == DROVER_VM_DOWN)
            continue;
        committed += footprint_mib(c, vm);
        c->vm_count[h]++;
        count_vcpus(c, vm, h);
        count_ha(c, vm, h);
    }
    if (isnan(record->memory_free_mib))
        c->memory_free_mib[h] =
            fmax(0, record->memory_mib - record->memory_reserved_mib - committed);
    if (isnan(record->memory_committed_mib))
        c->memory_committed_mib[h] = committed;
}

/* A VM on its way counts as a promise to where it goes. */
static void book(struct columns *c, uint32_t vm, uint32_t host)
{
    c->memory_pending_mib[host] += footprint_mib(c, vm);
    c->cpu_pending[host] += columns_vm_load(c, vm, ASSUMED_LOAD_PER_VCPU);
    count_vcpus(c, vm, host);
    count_ha(c, vm, host);
    c->vm_pending[host]++;
}

/* One that is down may be about to start where it was: that host has to find room for it again. */
static bool is_on_its_way(const struct columns *c, uint32_t vm)
{
    return c->vm_to[vm] != DROVER_NONE &&
           (c->vm_to[vm] != c->vms.host[vm] || c->vms.state[vm] == DROVER_VM_DOWN);
}

void columns_fill_sums(struct columns *c)
{
    uint32_t n = c->hosts.n;
    list_vms_of_hosts(c);
    c->hosts.memory_committed_mib = c->memory_committed_mib =
        arena_array(&c->arena, n, sizeof(double));
    c->hosts.memory_free_mib = c->memory_free_mib = arena_array(&c->arena, n, sizeof(double));
    c->hosts.vm_count = c->vm_count = arena_array(&c->arena, n, sizeof(uint32_t));
    c->hosts.vm_pending = c->vm_pending = arena_array(&c->arena, n, sizeof(uint32_t));
    c->hosts.vm_leaving = c->vm_leaving = arena_array(&c->arena, n, sizeof(uint32_t));
    c->hosts.vcpus = c->vcpus = arena_array(&c->arena, n, sizeof(double));
    c->hosts.largest_vcpus = c->largest_vcpus = arena_array(&c->arena, n, sizeof(double));
    c->hosts.largest_shared_vcpus = c->largest_shared_vcpus =
        arena_array(&c->arena, n, sizeof(double));
    c->hosts.cpus_dedicated = c->cpus_dedicated = arena_array(&c->arena, n, sizeof(double));
    c->hosts.cpu_pending = c->cpu_pending = arena_array(&c->arena, n, sizeof(double));
    c->hosts.memory_pending_mib = c->memory_pending_mib =
        arena_array(&c->arena, n, sizeof(double));
    c->hosts.memory_schedulable_mib = c->memory_schedulable_mib =
        arena_array(&c->arena, n, sizeof(double));
    c->hosts.ha_memory_mib = c->ha_memory_mib = arena_array(&c->arena, n, sizeof(double));
    c->hosts.largest_ha_mib = c->largest_ha_mib = arena_array(&c->arena, n, sizeof(double));
    for (uint32_t h = 0; h < n; h++) {
        c->memory_free_mib[h] = c->host_record[h]->memory_free_mib;
        c->memory_committed_mib[h] = c->host_record[h]->memory_committed_mib;
        sum_host(c, h);
    }
}

void columns_book_moving(struct columns *c)
{
    for (uint32_t v = 0; v < c->vms.n; v++)
        if (is_on_its_way(c, v)) {
            book(c, v, c->vm_to[v]);
            columns_take_pages(c, v, c->vm_to[v]);
        }
    for (uint32_t h = 0; h < c->hosts.n; h++)
        compute_schedulable(c, h);
}

void columns_promise(struct columns *columns, uint32_t vm, uint32_t host)
{
    uint32_t from = columns->vms.host[vm];
    columns->vm_to[vm] = host;
    if (!is_on_its_way(columns, vm))
        return;
    book(columns, vm, host);
    columns_take_pages(columns, vm, host);
    if (from != DROVER_NONE && from != host)
        columns->vm_leaving[from]++;
    compute_schedulable(columns, host);
}

/* Sums of one host after a VM came or went. Who else is on its way there is looked for only where
 * somebody is. */
static void sum_again(struct columns *c, uint32_t h)
{
    bool expected = c->vm_pending[h] > 0;
    sum_host(c, h);
    for (uint32_t v = 0; expected && v < c->vms.n; v++)
        if (c->vm_to[v] == h && is_on_its_way(c, v))
            book(c, v, h);
    compute_schedulable(c, h);
}

void columns_release(struct columns *columns, uint32_t vm)
{
    uint32_t from = columns->vms.host[vm], to = columns->vm_to[vm];
    bool promised = is_on_its_way(columns, vm);
    columns->vm_to[vm] = DROVER_NONE;
    if (!promised)
        return;
    columns_give_pages(columns, vm, to);
    sum_again(columns, to);
    if (from != DROVER_NONE)
        sum_again(columns, from);
}

/* What was measured of a host, when a VM comes (sign 1) or goes (-1): as fleet_shift_load(). */
static void shift_measured(struct columns *c, uint32_t vm, uint32_t h, double sign)
{
    double load = isnan(c->vms.cpu_load[vm]) ? 0 : c->vms.cpu_load[vm];
    double memory = sign * footprint_mib(c, vm);
    if (!isnan(c->cpu_usage_pct[h]))
        c->cpu_usage_pct[h] =
            fmin(100, fmax(0, c->cpu_usage_pct[h] + sign * load / c->hosts.threads[h]));
    if (!isnan(c->host_record[h]->memory_free_mib))
        c->memory_free_mib[h] = fmax(0, c->memory_free_mib[h] - memory);
    if (!isnan(c->host_record[h]->memory_committed_mib))
        c->memory_committed_mib[h] = fmax(0, c->memory_committed_mib[h] + memory);
}

/* Where in the hosts' lists a VM stands, or would stand, on this host. */
static uint32_t place_on(const struct columns *c, uint32_t vm, uint32_t host)
{
    uint32_t low = c->vms_start[host], high = c->vms_start[host + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->vms_item[middle] < vm)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* All lists lie one behind the other: what is between the two places moves up or down by one. */
static void move_in_lists(struct columns *c, uint32_t vm, uint32_t from, uint32_t to)
{
    uint32_t old = place_on(c, vm, from), new = place_on(c, vm, to);
    if (new > old) {
        new--;
        memmove(&c->vms_item[old], &c->vms_item[old + 1], (new - old) * sizeof *c->vms_item);
    } else {
        memmove(&c->vms_item[new + 1], &c->vms_item[new], (old - new) * sizeof *c->vms_item);
    }
    c->vms_item[new] = vm;
    for (uint32_t h = from; h < to; h++)
        c->vms_start[h + 1]--;
    for (uint32_t h = to; h < from; h++)
        c->vms_start[h + 1]++;
}

void columns_arrive(struct columns *c, uint32_t vm, uint32_t to)
{
    uint32_t from = c->vms.host[vm];
    if (from == DROVER_NONE || from == to)
        return;
    if (c->vm_to[vm] != to)
        columns_take_pages(c, vm, to); /* else they were taken when it was promised */
    columns_give_pages(c, vm, from);
    shift_measured(c, vm, from, -1);
    shift_measured(c, vm, to, 1);
    move_in_lists(c, vm, from, to);
    c->vm_host[vm] = to;
    c->vm_to[vm] = DROVER_NONE;
    c->moved_s[vm] = 0;
    sum_again(c, from);
    sum_again(c, to);
}

void columns_fail(struct columns *c, uint32_t host)
{
    c->host_state[host] = DROVER_HOST_DOWN;
    for (uint32_t vm = 0; vm < c->vms.n; vm++) {
        bool here = c->vms.host[vm] == host;
        if ((!here && c->vm_to[vm] != host) || (here && c->vm_state[vm] == DROVER_VM_DOWN))
            continue;
        columns_release(c, vm);
        if (here) {
            c->vm_state[vm] = DROVER_VM_DOWN;
            c->vm_lost[vm] = 1;
        }
    }
    sum_again(c, host);
}

double columns_vm_load(const struct columns *columns, uint32_t vm, double assumed_pct)
{
    double load = columns->vms.cpu_load[vm];
    if (columns->vms.state[vm] == DROVER_VM_DOWN || isnan(load))
        return assumed_pct * columns->vms.vcpus[vm];
    return load;
}
