/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns of parts; see columns_parts.h. Each is one array over all rows, with where a row begins. */
#include "model/columns_parts.h"

#include "base/scalar.h"

#include <stdlib.h>
#include <string.h>

/* Where each row begins, and the total behind the last. count(record) is how many a row has. */
static uint32_t *starts(struct columns *c, const void *const *record, uint32_t n,
                        uint32_t (*count)(const void *))
{
    uint32_t *start = arena_array(&c->arena, (size_t)n + 1, sizeof *start);
    for (uint32_t i = 0; i < n; i++)
        start[i + 1] = start[i] + count(record[i]);
    return start;
}

/* --- huge pages -------------------------------------------------------------------------------- */

static uint32_t count_pages(const void *record)
{
    return ((const struct host *)record)->hugepages.n;
}

struct page_size {
    double size_kib, free;
};

static int by_size(const void *a, const void *b)
{
    double one = ((const struct page_size *)a)->size_kib;
    double other = ((const struct page_size *)b)->size_kib;
    return (one > other) - (one < other);
}

/* What is no number counts as none: a fleet file with such a line is refused by its reader. */
static double number_or_zero(const char *text)
{
    double number;
    return scalar_number(text, &number) && number > 0 ? number : 0;
}

static void fill_pages(struct columns *c)
{
    uint32_t n = c->hosts.n;
    uint32_t *start = starts(c, (const void *const *)c->host_record, n, count_pages);
    double *size = arena_array(&c->arena, start[n], sizeof *size);
    c->pages_free = arena_array(&c->arena, start[n], sizeof *c->pages_free);
    for (uint32_t h = 0; h < n; h++) {
        const struct pairs *pairs = &c->host_record[h]->hugepages;
        if (pairs->n == 0)
            continue;
        struct page_size *sizes = arena_array(&c->arena, pairs->n, sizeof *sizes);
        for (uint32_t i = 0; i < pairs->n; i++)
            sizes[i] = (struct page_size){number_or_zero(pairs->item[i].key),
                                          number_or_zero(pairs->item[i].value)};
        qsort(sizes, pairs->n, sizeof *sizes, by_size);
        for (uint32_t i = 0; i < pairs->n; i++) {
            size[start[h] + i] = sizes[i].size_kib;
            c->pages_free[start[h] + i] = sizes[i].free;
        }
    }
    c->hosts.hugepages =
        (struct drover_pages){.start = start, .size_kib = size, .free = c->pages_free};
}

static void change_pages(struct columns *c, uint32_t vm, uint32_t host, double sign)
{
    const struct drover_pages *pages = &c->hosts.hugepages;
    double size = c->vms.hugepages_kib[vm];
    for (uint32_t i = pages->start[host]; size > 0 && i < pages->start[host + 1]; i++)
        if (pages->size_kib[i] == size)
            c->pages_free[i] += sign * vm_pages(c->vm_record[vm]);
}

void columns_take_pages(struct columns *c, uint32_t vm, uint32_t host)
{
    change_pages(c, vm, host, -1);
}

void columns_give_pages(struct columns *c, uint32_t vm, uint32_t host)
{
    change_pages(c, vm, host, 1);
}

/* --- NUMA nodes ---------------------------------------------------------------------------------- */

static uint32_t count_host_nodes(const void *record)
{
    return ((const struct host *)record)->numa.n;
}

/* How many CPUs "0-7,16-23" names; what is no such list counts up to where it is one. */
static uint32_t count_cpus(const char *list)
{
    uint32_t n = 0;
    while (*list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (last < first || last > 65535)
            break;
        n += (uint32_t)(last - first) + 1;
        if (*end != ',')
            break;
        list = end + 1;
    }
    return n;
}

static void fill_host_nodes(struct columns *c)
{
    uint32_t n = c->hosts.n;
    uint32_t *start = starts(c, (const void *const *)c->host_record, n, count_host_nodes);
    uint32_t *id = arena_array(&c->arena, start[n], sizeof *id);
    double *memory = arena_array(&c->arena, start[n], sizeof *memory);
    double *free_mib = arena_array(&c->arena, start[n], sizeof *free_mib);
    uint32_t *cpus = arena_array(&c->arena, start[n], sizeof *cpus);
    const char **list = arena_array(&c->arena, start[n], sizeof *list);
    for (uint32_t h = 0; h < n; h++) {
        const struct numa_node *node = c->host_record[h]->numa.item;
        for (uint32_t i = start[h]; i < start[h + 1]; i++, node++) {
            id[i] = node->id;
            memory[i] = node->memory_mib;
            free_mib[i] = isnan(node->memory_free_mib) ? node->memory_mib : node->memory_free_mib;
            cpus[i] = count_cpus(node->cpus);
            list[i] = node->cpus;
        }
    }
    c->hosts.numa = (struct drover_host_nodes){.start = start, .id = id, .memory_mib = memory,
                                               .memory_free_mib = free_mib, .cpus = cpus,
                                               .cpu_list = list};
}

static uint32_t count_vm_nodes(const void *record)
{
    return ((const struct vm *)record)->numa.n;
}

static uint32_t count_bound(const void *record)
{
    return ((const struct vnuma_node *)record)->nodes.n;
}

/* The nodes of the host to which each of the VMs' nodes is bound. */
static struct drover_lists bound_nodes(struct columns *c, const struct vnuma_node *const *node,
                                       uint32_t n)
{
    uint32_t *start = starts(c, (const void *const *)node, n, count_bound);
    uint32_t *item = arena_array(&c->arena, start[n], sizeof *item);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < node[i]->nodes.n; k++)
            item[start[i] + k] = (uint32_t)node[i]->nodes.item[k];
    return (struct drover_lists){.start = start, .item = item};
}

static void fill_vm_nodes(struct columns *c)
{
    uint32_t n = c->vms.n;
    uint32_t *start = starts(c, (const void *const *)c->vm_record, n, count_vm_nodes);
    double *memory = arena_array(&c->arena, start[n], sizeof *memory);
    uint8_t *mode = arena_array(&c->arena, start[n], sizeof *mode);
    const struct vnuma_node **nodes = arena_array(&c->arena, start[n], sizeof *nodes);
    for (uint32_t v = 0; v < n; v++) {
        const struct vnuma_node *node = c->vm_record[v]->numa.item;
        for (uint32_t i = start[v]; i < start[v + 1]; i++, node++) {
            memory[i] = node->memory_mib;
            mode[i] = (uint8_t)node->mode;
            nodes[i] = node;
        }
    }
    c->vms.numa = (struct drover_vm_nodes){.start = start, .memory_mib = memory, .mode = mode,
                                           .nodes = bound_nodes(c, nodes, start[n])};
}

/* --- devices --------------------------------------------------------------------------------------- */

static const struct rows *devices_of_host(const void *record)
{
    return &((const struct host *)record)->devices;
}

static const struct rows *devices_of_vm(const void *record)
{
    return &((const struct vm *)record)->devices;
}

static struct drover_devices devices_of(struct columns *c, const void *const *record, uint32_t n,
                                        const struct rows *(*get)(const void *))
{
    uint32_t *start = arena_array(&c->arena, (size_t)n + 1, sizeof *start);
    for (uint32_t i = 0; i < n; i++)
        start[i + 1] = start[i] + get(record[i])->n;
    uint8_t *kind = arena_array(&c->arena, start[n], sizeof *kind);
    uint8_t *free_one = arena_array(&c->arena, start[n], sizeof *free_one);
    const char **id = arena_array(&c->arena, start[n], sizeof *id);
    for (uint32_t r = 0; r < n; r++) {
        const struct device *device = get(record[r])->item;
        for (uint32_t i = start[r]; i < start[r + 1]; i++, device++) {
            kind[i] = (uint8_t)device->kind;
            id[i] = device->id;
            free_one[i] = device->free;
        }
    }
    return (struct drover_devices){.start = start, .kind = kind, .id = id, .free = free_one};
}

void columns_fill_parts(struct columns *c)
{
    fill_pages(c);
    fill_host_nodes(c);
    fill_vm_nodes(c);
    c->hosts.devices =
        devices_of(c, (const void *const *)c->host_record, c->hosts.n, devices_of_host);
    c->vms.devices = devices_of(c, (const void *const *)c->vm_record, c->vms.n, devices_of_vm);
}
