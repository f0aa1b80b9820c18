/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weight `numa_pinning`: hosts where the CPUs that a VM is pinned to are those of the NUMA nodes
 * that its memory is bound to. RHV's "CPU and NUMA pinning compatibility". Of concern to VMs that
 * have both.
 *
 * A bound node of the VM must find a node of the host that it may be on, has the memory, and has
 * at least one of the CPUs. Several of its nodes may be on one of the host, if that has memory for
 * all; so each is tried everywhere, the largest first, as long as STEPS_MOST allows.
 */
#include <drover/plugin.h>

#include <stdlib.h>

#define FITS 1.0
#define FITS_NOT 1000.0

/* Tries for one host. Real VMs have two to eight nodes, each bound to one of the host. */
#define STEPS_MOST 10000
#define CPUS_MOST 65536

/* The next range of a list of CPUs: "0-3,8" gives 0..3, then 8..8. False: there is none. */
static bool next_range(const char **list, unsigned long *first, unsigned long *last)
{
    if (**list < '0' || **list > '9')
        return false;
    char *end;
    *first = *last = strtoul(*list, &end, 10);
    if (*end == '-')
        *last = strtoul(end + 1, &end, 10);
    *list = *end == ',' ? end + 1 : end;
    return *first <= *last && *last < CPUS_MOST;
}

static bool lists_meet(const char *one, const char *other)
{
    unsigned long first, last, from, to;
    while (next_range(&one, &first, &last))
        for (const char *rest = other; next_range(&rest, &from, &to);)
            if (from <= last && first <= to)
                return true;
    return false;
}

/* One host being tried. */
struct trial {
    const struct drover_vm_nodes *wanted;
    const struct drover_host_nodes *offered;
    const char *pins;
    uint32_t host;
    uint32_t *order; /* the VM's nodes, the largest first */
    uint32_t n;
    double *left_mib; /* by node of the host, from its first */
    uint32_t steps;
};

static uint32_t find_node(const struct trial *trial, uint32_t id)
{
    uint32_t node = trial->offered->start[trial->host];
    uint32_t end = trial->offered->start[trial->host + 1];
    while (node < end && trial->offered->id[node] != id)
        node++;
    return node < end && lists_meet(trial->pins, trial->offered->cpu_list[node]) ? node
                                                                                 : DROVER_NONE;
}

/* The memory of an interleaved node is on all nodes that it is bound to, in equal parts. */
static bool interleaves(const struct trial *trial, uint32_t wanted)
{
    const struct drover_lists *bound = &trial->wanted->nodes;
    uint32_t n = bound->start[wanted + 1] - bound->start[wanted];
    double part = trial->wanted->memory_mib[wanted] / n;
    for (uint32_t i = bound->start[wanted]; i < bound->start[wanted + 1]; i++) {
        uint32_t node = find_node(trial, bound->item[i]);
        if (node == DROVER_NONE || trial->offered->memory_free_mib[node] < part)
            return false;
    }
    return true;
}

/* Whether the VM's nodes from this one on find their places. */
static bool place(struct trial *trial, uint32_t position)
{
    if (position == trial->n)
        return true;
    uint32_t wanted = trial->order[position];
    const struct drover_lists *bound = &trial->wanted->nodes;
    if (trial->wanted->mode[wanted] == DROVER_NUMA_PREFERRED ||
        bound->start[wanted] == bound->start[wanted + 1])
        return place(trial, position + 1);
    if (trial->wanted->mode[wanted] == DROVER_NUMA_INTERLEAVE)
        return interleaves(trial, wanted) && place(trial, position + 1);
    double memory = trial->wanted->memory_mib[wanted];
    for (uint32_t i = bound->start[wanted]; i < bound->start[wanted + 1]; i++) {
        uint32_t node = find_node(trial, bound->item[i]);
        if (++trial->steps > STEPS_MOST)
            return false;
        if (node == DROVER_NONE)
            continue;
        double *left = &trial->left_mib[node - trial->offered->start[trial->host]];
        if (*left < memory)
            continue;
        *left -= memory;
        if (place(trial, position + 1))
            return true;
        *left += memory;
    }
    return false;
}

static bool is_concerned(const struct drover_vms *vms, uint32_t vm)
{
    if (!vms->cpu_pins[vm][0])
        return false;
    for (uint32_t node = vms->numa.start[vm]; node < vms->numa.start[vm + 1]; node++)
        if (vms->numa.nodes.start[node + 1] > vms->numa.nodes.start[node])
            return true;
    return false;
}

static void sort_nodes(struct trial *trial, uint32_t first)
{
    const double *memory = trial->wanted->memory_mib;
    for (uint32_t i = 0; i < trial->n; i++) {
        uint32_t at = i;
        for (; at > 0 && memory[trial->order[at - 1]] < memory[first + i]; at--)
            trial->order[at] = trial->order[at - 1];
        trial->order[at] = first + i;
    }
}

/* Returns -1 without memory. */
static int try_host(struct trial *trial, uint32_t host, double *weight)
{
    uint32_t first = trial->offered->start[host];
    uint32_t n = trial->offered->start[host + 1] - first;
    trial->host = host;
    trial->steps = 0;
    trial->left_mib = calloc((size_t)n + 1, sizeof *trial->left_mib);
    if (!trial->left_mib)
        return DROVER_FAILED;
    for (uint32_t i = 0; i < n; i++)
        trial->left_mib[i] = trial->offered->memory_free_mib[first + i];
    *weight = place(trial, 0) ? FITS : FITS_NOT;
    free(trial->left_mib);
    return 0;
}

static int weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                 double *weights)
{
    (void)self;
    const struct drover_vms *vms = ask->fleet->vms;
    uint32_t first = vms->numa.start[ask->vm];
    struct trial trial = {
        .wanted = &vms->numa,
        .offered = &ask->fleet->hosts->numa,
        .pins = vms->cpu_pins[ask->vm],
        .n = vms->numa.start[ask->vm + 1] - first,
    };
    for (uint32_t i = 0; i < n; i++)
        weights[i] = FITS;
    if (!is_concerned(vms, ask->vm))
        return 0;
    trial.order = calloc(trial.n, sizeof *trial.order);
    if (!trial.order)
        return DROVER_FAILED;
    sort_nodes(&trial, first);
    int result = 0;
    for (uint32_t i = 0; i < n && result == 0; i++)
        result = try_host(&trial, hosts[i], &weights[i]);
    free(trial.order);
    return result;
}

static const struct drover_unit unit = {
    .size = sizeof unit,
    .kind = DROVER_WEIGHT,
    .name = "numa_pinning",
    .summary = "hosts where pinned CPUs are near the memory that is bound, for VMs with both",
    .weigh = weigh,
};

DROVER_PLUGIN("numa_pinning", "1.0", &unit)
