/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names as symbols: all names that hosts offer or VMs need are numbered in order of name; a host
 * has a bit per symbol, a VM a list of symbols.
 */
#include "model/symbols.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Where the texts of one kind stand in host and VM records. offset SIZE_MAX: not there. */
struct kind {
    size_t host_offset;
    size_t vm_offset;
};

static const struct texts *host_texts(const struct kind *kind, const struct host *host)
{
    return (const struct texts *)(const void *)((const char *)host + kind->host_offset);
}

static const struct texts *vm_texts(const struct kind *kind, const struct vm *vm)
{
    return (const struct texts *)(const void *)((const char *)vm + kind->vm_offset);
}

struct symbols {
    struct table index;
    const char **name;
    uint32_t n, capacity;
};

static void add_names(struct symbols *symbols, const struct texts *names)
{
    for (uint32_t i = 0; i < names->n; i++) {
        if (table_get(&symbols->index, names->item[i]) != TABLE_NONE)
            continue;
        symbols->name =
            memory_grow(symbols->name, &symbols->capacity, symbols->n + 1, sizeof *symbols->name);
        symbols->name[symbols->n] = names->item[i];
        table_put(&symbols->index, names->item[i], symbols->n++);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct symbols number_symbols(const struct columns *c, const struct kind *kind)
{
    struct symbols symbols = {.index = TABLE_INIT};
    for (uint32_t h = 0; h < c->hosts.n; h++)
        add_names(&symbols, host_texts(kind, c->host_record[h]));
    if (kind->vm_offset != SIZE_MAX)
        for (uint32_t v = 0; v < c->vms.n; v++)
            add_names(&symbols, vm_texts(kind, c->vm_record[v]));
    if (symbols.n > 0)
        qsort(symbols.name, symbols.n, sizeof *symbols.name, by_text);
    for (uint32_t i = 0; i < symbols.n; i++)
        table_put(&symbols.index, symbols.name[i], i);
    return symbols;
}

static struct drover_sets sets_of_hosts(struct columns *c, const struct kind *kind,
                                        const struct symbols *symbols)
{
    uint32_t words = (symbols->n + 63) / 64;
    uint64_t *bits = arena_array(&c->arena, (size_t)c->hosts.n * words, sizeof *bits);
    uint8_t *known = arena_array(&c->arena, c->hosts.n, 1);
    for (uint32_t h = 0; h < c->hosts.n; h++) {
        const struct texts *names = host_texts(kind, c->host_record[h]);
        known[h] = names->known;
        for (uint32_t i = 0; i < names->n; i++) {
            uint32_t symbol = table_get(&symbols->index, names->item[i]);
            bits[(size_t)h * words + symbol / 64] |= UINT64_C(1) << (symbol % 64);
        }
    }
    const char **name = arena_array(&c->arena, symbols->n, sizeof *name);
    if (symbols->n > 0)
        memcpy(name, symbols->name, symbols->n * sizeof *name);
    return (struct drover_sets){
        .words = words, .n_symbols = symbols->n, .bits = bits, .known = known, .symbol = name,
    };
}

static int by_symbol(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

uint32_t symbols_sort(uint32_t *symbols, uint32_t n)
{
    if (n < 2)
        return n;
    qsort(symbols, n, sizeof *symbols, by_symbol);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < n; i++)
        if (symbols[i] != symbols[kept - 1])
            symbols[kept++] = symbols[i];
    return kept;
}

static struct drover_lists lists_of_vms(struct columns *c, const struct kind *kind,
                                        const struct symbols *symbols)
{
    uint32_t *start = arena_array(&c->arena, (size_t)c->vms.n + 1, sizeof *start);
    uint32_t total = 0;
    for (uint32_t v = 0; v < c->vms.n; v++)
        total += vm_texts(kind, c->vm_record[v])->n;
    uint32_t *item = arena_array(&c->arena, total, sizeof *item);
    for (uint32_t v = 0; v < c->vms.n; v++) {
        const struct texts *names = vm_texts(kind, c->vm_record[v]);
        uint32_t *own = item + start[v];
        for (uint32_t i = 0; i < names->n; i++)
            own[i] = table_get(&symbols->index, names->item[i]);
        start[v + 1] = start[v] + symbols_sort(own, names->n);
    }
    return (struct drover_lists){.start = start, .item = item};
}

static void fill_kind(struct columns *c, const struct kind *kind, struct drover_sets *sets,
                      struct drover_lists *lists)
{
    struct symbols symbols = number_symbols(c, kind);
    *sets = sets_of_hosts(c, kind, &symbols);
    if (lists)
        *lists = lists_of_vms(c, kind, &symbols);
    free(symbols.name);
    table_free(&symbols.index);
}

/* An empty list of machines means "not known, accepts all", as the format says. */
static void forget_empty(struct columns *c, struct drover_sets *sets)
{
    uint8_t *known = arena_array(&c->arena, c->hosts.n, 1);
    for (uint32_t h = 0; h < c->hosts.n; h++)
        known[h] = c->host_record[h]->machines.n > 0;
    sets->known = known;
}

void symbols_fill(struct columns *c, const struct fleet *fleet)
{
    (void)fleet;
    static const struct kind networks = {offsetof(struct host, networks),
                                         offsetof(struct vm, networks)};
    static const struct kind storage = {offsetof(struct host, storage),
                                        offsetof(struct vm, storage)};
    static const struct kind features = {offsetof(struct host, cpu_features),
                                         offsetof(struct vm, cpu_features)};
    static const struct kind machines = {offsetof(struct host, machines), SIZE_MAX};
    static const struct kind models = {offsetof(struct host, cpu_models), SIZE_MAX};
    fill_kind(c, &networks, &c->hosts.networks, &c->vms.networks);
    fill_kind(c, &storage, &c->hosts.storage, &c->vms.storage);
    fill_kind(c, &features, &c->hosts.cpu_features, &c->vms.cpu_features);
    fill_kind(c, &machines, &c->hosts.machines, NULL);
    fill_kind(c, &models, &c->hosts.cpu_models, NULL);
    forget_empty(c, &c->hosts.machines);
}
