/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host is, by libvirt's capabilities. See domain_xml.h. */
#include "codec/domain_xml.h"

#include "base/memory.h"
#include "base/scalar.h"
#include "codec/text.h"
#include "codec/xml_tree.h"

#include <stdlib.h>
#include <string.h>

#define THREADS_LIMIT 65536u
#define CELLS_LIMIT 1024u
#define PAGE_SIZES_LIMIT 16u
#define PAGE_KIB_LIMIT 1000000000u

/* Where a thread sits. Threads of the same place share a core. */
struct thread {
    uint64_t socket, die, core;
};

struct threads {
    struct thread *item;
    uint32_t n, capacity;
};

static int by_place(const void *a, const void *b)
{
    const struct thread *left = a, *right = b;
    if (left->socket != right->socket)
        return left->socket < right->socket ? -1 : 1;
    if (left->die != right->die)
        return left->die < right->die ? -1 : 1;
    if (left->core != right->core)
        return left->core < right->core ? -1 : 1;
    return 0;
}

static void add_thread(struct threads *threads, const xmlNode *cpu)
{
    struct thread thread = {0};
    if (!xml_attribute_number(cpu, "socket_id", UINT32_MAX, &thread.socket) ||
        !xml_attribute_number(cpu, "core_id", UINT32_MAX, &thread.core))
        thread.core = threads->n; /* an old or virtual host does not tell: each its own core */
    xml_attribute_number(cpu, "die_id", UINT32_MAX, &thread.die);
    threads->item = memory_grow(threads->item, &threads->capacity, threads->n + 1,
                                sizeof *threads->item);
    threads->item[threads->n++] = thread;
}

static void count_threads(struct threads *threads, struct host *host)
{
    if (threads->n == 0)
        return;
    qsort(threads->item, threads->n, sizeof *threads->item, by_place);
    host->threads = threads->n;
    host->cores = host->sockets = 1;
    for (uint32_t i = 1; i < threads->n; i++) {
        host->cores += by_place(&threads->item[i - 1], &threads->item[i]) != 0;
        host->sockets += threads->item[i - 1].socket != threads->item[i].socket;
    }
}

/* Ids of a cell's CPUs, as "0-7,16-23": they are mostly in order. */
static const char *cpu_list(const xmlNode *cpus, struct arena *arena)
{
    struct text text = TEXT_INIT;
    uint64_t first = 0, last = 0;
    bool open = false;
    xml_each(cpu, cpus, "cpu") {
        uint64_t id;
        if (!xml_attribute_number(cpu, "id", UINT32_MAX, &id))
            continue;
        if (open && id == last + 1) {
            last = id;
            continue;
        }
        if (open && last > first)
            text_printf(&text, "-%lu", (unsigned long)last);
        text_printf(&text, "%s%lu", open ? "," : "", (unsigned long)id);
        first = last = id;
        open = true;
    }
    if (open && last > first)
        text_printf(&text, "-%lu", (unsigned long)last);
    char *list = text_take(&text);
    const char *copy = arena_text(arena, list);
    free(list);
    return copy;
}

static int read_cells(const xmlNode *cells, struct host *host, struct threads *threads,
                      struct arena *arena, struct error *error)
{
    uint32_t n = 0;
    double memory_mib = 0;
    xml_each(cell, cells, "cell")
        n++;
    if (n == 0)
        return 0;
    if (n > CELLS_LIMIT)
        return error_set(error, ERROR_INPUT, "capabilities XML: more than %u NUMA cells",
                         CELLS_LIMIT);
    struct numa_node *node = arena_array(arena, n, sizeof *node);
    host->numa = (struct rows){.item = node, .n = n};
    xml_each(cell, cells, "cell") {
        const xmlNode *cpus = xml_child(cell, "cpus");
        uint64_t id = (uint64_t)(node - (struct numa_node *)host->numa.item);
        xml_attribute_number(cell, "id", CELLS_LIMIT * 4 - 1, &id);
        node->id = (uint32_t)id;
        node->memory_free_mib = NAN;
        node->cpus = cpu_list(cpus, arena);
        if (xml_memory_mib(xml_child(cell, "memory"), &node->memory_mib))
            memory_mib += node->memory_mib;
        xml_each(cpu, cpus, "cpu") {
            if (threads->n == THREADS_LIMIT)
                return error_set(error, ERROR_INPUT, "capabilities XML: more than %u CPUs",
                                 THREADS_LIMIT);
            add_thread(threads, cpu);
        }
        node++;
    }
    if (memory_mib > 0)
        host->memory_mib = memory_mib;
    return 0;
}

/* Pages of one size, over all nodes. */
static void add_pages(struct pairs *pages, uint64_t size_kib, double count, struct arena *arena)
{
    const char *key = arena_printf(arena, "%lu", (unsigned long)size_kib);
    struct pair *pair = NULL;
    for (uint32_t i = 0; i < pages->n; i++)
        if (strcmp(pages->item[i].key, key) == 0)
            pair = &pages->item[i];
    if (!pair && pages->n == PAGE_SIZES_LIMIT)
        return;
    if (!pair) {
        pair = &pages->item[pages->n++];
        *pair = (struct pair){.key = key, .value = "0"};
    }
    pair->value = arena_printf(arena, "%.0f", strtod(pair->value, NULL) + count);
}

/* Huge pages are those that are larger than the smallest, which is what memory comes in. */
static void read_pages(const xmlNode *cells, struct host *host, struct arena *arena)
{
    uint64_t smallest = UINT64_MAX, size;
    int64_t count;
    xml_each(cell, cells, "cell")
        xml_each(pages, cell, "pages")
            if (xml_attribute_number(pages, "size", PAGE_KIB_LIMIT, &size) && size < smallest)
                smallest = size;
    host->hugepages = (struct pairs){.item = arena_array(arena, PAGE_SIZES_LIMIT,
                                                         sizeof *host->hugepages.item),
                                     .known = true};
    xml_each(cell, cells, "cell")
        xml_each(pages, cell, "pages")
            if (xml_attribute_number(pages, "size", PAGE_KIB_LIMIT, &size) && size > smallest &&
                scalar_integer(xml_content(pages, arena), &count) && count >= 0)
                add_pages(&host->hugepages, size, (double)count, arena);
}

static int read_topology(const xmlNode *capabilities, struct host *host, struct arena *arena,
                         struct error *error)
{
    struct threads threads = {0};
    const xmlNode *cells = xml_child(xml_grandchild(capabilities, "host", "topology"), "cells");
    int result = read_cells(cells, host, &threads, arena, error);
    if (result == 0)
        count_threads(&threads, host);
    read_pages(cells, host, arena);
    free(threads.item);
    return result;
}

static int read_cpu(const xmlNode *cpu, struct host *host, struct arena *arena,
                    struct error *error)
{
    struct xml_names features = {0};
    const char *arch = xml_content(xml_child(cpu, "arch"), arena);
    if (!*arch)
        return error_set(error, ERROR_INPUT, "capabilities XML: expected <arch> in <cpu>");
    host->arch = arch;
    host->cpu_model = xml_content(xml_child(cpu, "model"), arena);
    xml_each(counter, cpu, "counter") {
        uint64_t hertz;
        if (!xml_attribute_is(counter, "name", "tsc") ||
            !xml_attribute_number(counter, "frequency", 1000000000000, &hertz))
            continue;
        host->tsc_khz = (double)hertz / 1000;
        host->tsc_scaling = xml_attribute_is(counter, "scaling", "yes");
    }
    xml_each(feature, cpu, "feature")
        xml_names_add(&features, xml_attribute(feature, "name", arena));
    return xml_names_done(&features, "CPU features", &host->cpu_features, arena, error);
}

/* Both names of a machine type count: "pc" is what the guest's XML may still say. */
static int read_machines(const xmlNode *capabilities, struct host *host, struct arena *arena,
                         struct error *error)
{
    struct xml_names machines = {0};
    xml_each(guest, capabilities, "guest") {
        const xmlNode *arch = xml_child(guest, "arch");
        if (!xml_attribute_is(arch, "name", host->arch))
            continue;
        xml_each(machine, arch, "machine") {
            xml_names_add(&machines, xml_content(machine, arena));
            xml_names_add(&machines, xml_attribute(machine, "canonical", arena));
        }
    }
    return xml_names_done(&machines, "machine types", &host->machines, arena, error);
}

int capabilities_xml_read(const char *xml, size_t length, struct host *host, struct arena *arena,
                          struct error *error)
{
    xmlDoc *document = xml_parse(xml, length, "capabilities", error);
    if (!document)
        return -1;
    const xmlNode *root = xmlDocGetRootElement(document);
    int result = 0;
    host->uuid = xml_content(xml_grandchild(root, "host", "uuid"), arena);
    if (read_cpu(xml_grandchild(root, "host", "cpu"), host, arena, error) ||
        read_topology(root, host, arena, error) || read_machines(root, host, arena, error))
        result = -1;
    xmlFreeDoc(document);
    return result;
}

/* How a guest's CPU may be made: <cpu><mode name='custom' supported='yes'>. NULL: not so. */
static xmlNode *cpu_mode(const xmlNode *capabilities, const char *name)
{
    xml_each(mode, xml_child(capabilities, "cpu"), "mode")
        if (xml_attribute_is(mode, "name", name) && xml_attribute_is(mode, "supported", "yes"))
            return mode;
    return NULL;
}

/* Where the emulator cannot say whether a model is usable, it may be. */
static int read_models(const xmlNode *capabilities, struct host *host, struct arena *arena,
                       struct error *error)
{
    struct xml_names models = {0};
    const xmlNode *custom = cpu_mode(capabilities, "custom");
    if (!custom)
        return 0;
    xml_each(model, custom, "model")
        if (!xml_attribute_is(model, "usable", "no"))
            xml_names_add(&models, xml_content(model, arena));
    return xml_names_done(&models, "CPU models", &host->cpu_models, arena, error);
}

int domain_capabilities_xml_read(const char *xml, size_t length, struct host *host,
                                 struct arena *arena, struct error *error)
{
    struct xml_names machines = {0};
    xmlDoc *document = xml_parse(xml, length, "domainCapabilities", error);
    if (!document)
        return -1;
    for (uint32_t i = 0; i < host->machines.n; i++)
        xml_names_add(&machines, host->machines.item[i]);
    xml_each(machine, xmlDocGetRootElement(document), "machine")
        xml_names_add(&machines, xml_content(machine, arena));
    int result = xml_names_done(&machines, "machine types", &host->machines, arena, error) ||
                 read_models(xmlDocGetRootElement(document), host, arena, error);
    xmlFreeDoc(document);
    return result ? -1 : 0;
}

char *domain_capabilities_host_model(const char *xml, size_t length)
{
    struct error error = ERROR_INIT;
    char *copy = NULL;
    xmlDoc *document = xml_parse(xml, length, "domainCapabilities", &error);
    error_clear(&error);
    if (!document)
        return NULL;
    xmlNode *mode = cpu_mode(xmlDocGetRootElement(document), "host-model");
    if (mode && xml_child(mode, "model")) {
        xmlBuffer *buffer = xmlBufferCreate();
        xmlNodeSetName(mode, (const xmlChar *)"cpu");
        if (buffer && xmlNodeDump(buffer, document, mode, 0, 0) > 0)
            copy = memory_copy_text((const char *)xmlBufferContent(buffer));
        xmlBufferFree(buffer);
    }
    xmlFreeDoc(document);
    return copy;
}

int cpu_xml_read(const char *xml, size_t length, struct host *host, struct arena *arena,
                 struct error *error)
{
    struct xml_names features = {0};
    xmlDoc *document = xml_parse(xml, length, "cpu", error);
    if (!document)
        return -1;
    xml_each(feature, xmlDocGetRootElement(document), "feature")
        if (!xml_attribute_is(feature, "policy", "disable"))
            xml_names_add(&features, xml_attribute(feature, "name", arena));
    xmlFreeDoc(document);
    return xml_names_done(&features, "CPU features", &host->cpu_features, arena, error);
}
