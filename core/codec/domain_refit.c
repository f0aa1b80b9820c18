/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pinning of domains, fitted to another host: see domain_refit.h. */
#include "codec/domain_refit.h"

#include "base/memory.h"
#include "codec/xml_tree.h"
#include "model/fleet.h"

#include <stdio.h>
#include <string.h>

/* One host's nodes, with their CPUs as numbers. */
struct nodes {
    const struct numa_node *node;
    struct numbers *cpus;
    uint32_t n;
};

struct refit {
    struct nodes from, to;
    bool changed;
    struct arena arena;
};

static bool read_nodes(struct nodes *nodes, const struct rows *rows, struct arena *arena)
{
    *nodes = (struct nodes){.node = rows->item, .n = rows->n,
                            .cpus = arena_array(arena, rows->n, sizeof *nodes->cpus)};
    for (uint32_t i = 0; i < rows->n; i++)
        if (!nodes->node[i].cpus ||
            !xml_number_set(nodes->node[i].cpus, &nodes->cpus[i], arena) || nodes->cpus[i].n == 0)
            return false;
    return rows->n > 0;
}

/* The place of the node that a node becomes. */
static uint32_t node_for(const struct refit *refit, uint32_t place)
{
    for (uint32_t i = 0; i < refit->to.n; i++)
        if (refit->to.node[i].id == refit->from.node[place].id)
            return i;
    return refit->to.n > 0 ? place % refit->to.n : 0; /* there is one: read_nodes() has looked */
}

static uint32_t place_in(const struct numbers *numbers, double number)
{
    for (uint32_t i = 0; i < numbers->n; i++)
        if (!(numbers->item[i] < number) && !(numbers->item[i] > number))
            return i;
    return UINT32_MAX;
}

static double cpu_for(const struct refit *refit, double cpu)
{
    for (uint32_t i = 0; i < refit->from.n; i++) {
        uint32_t place = place_in(&refit->from.cpus[i], cpu);
        if (place == UINT32_MAX)
            continue;
        const struct numbers *cpus = &refit->to.cpus[node_for(refit, i)];
        return cpus->item[place % cpus->n];
    }
    return cpu;
}

static double node_id_for(const struct refit *refit, double id)
{
    for (uint32_t i = 0; i < refit->from.n; i++)
        if (!(refit->from.node[i].id < id) && !(refit->from.node[i].id > id))
            return refit->to.node[node_for(refit, i)].id;
    return id;
}

static bool is_same(const struct numbers *a, const struct numbers *b)
{
    for (uint32_t i = 0; i < a->n && a->n == b->n; i++)
        if (a->item[i] < b->item[i] || a->item[i] > b->item[i])
            return false;
    return a->n == b->n;
}

/* All CPUs of a node: all CPUs of what it becomes, however many those are. */
static const struct numbers *whole_node(const struct refit *refit, const struct numbers *set)
{
    for (uint32_t i = 0; i < refit->from.n; i++)
        if (is_same(&refit->from.cpus[i], set))
            return &refit->to.cpus[node_for(refit, i)];
    return NULL;
}

static void add_sorted(struct numbers *numbers, double number)
{
    uint32_t i = numbers->n;
    if (place_in(numbers, number) != UINT32_MAX)
        return;
    for (; i > 0 && numbers->item[i - 1] > number; i--)
        numbers->item[i] = numbers->item[i - 1];
    numbers->item[i] = number;
    numbers->n++;
}

/* "0-3,8" */
static const char *write_set(const struct numbers *set, struct arena *arena)
{
    const char *text = "";
    for (uint32_t i = 0, last; i < set->n; i = last + 1) {
        for (last = i; last + 1 < set->n && set->item[last + 1] - set->item[last] < 1.5; last++)
            continue;
        text = last > i ? arena_printf(arena, "%s%s%.0f-%.0f", text, *text ? "," : "",
                                       set->item[i], set->item[last])
                        : arena_printf(arena, "%s%s%.0f", text, *text ? "," : "", set->item[i]);
    }
    return text;
}

static void change(struct refit *refit, xmlNode *node, const char *attribute, bool of_cpus)
{
    const char *text = xml_attribute(node, attribute, &refit->arena);
    struct numbers set = {.n = 0};
    if (!text || !xml_number_set(text, &set, &refit->arena) || set.n == 0)
        return;
    const struct numbers *whole = of_cpus ? whole_node(refit, &set) : NULL;
    struct numbers fitted = {.item = arena_array(&refit->arena, set.n, sizeof *fitted.item)};
    for (uint32_t i = 0; i < set.n && !whole; i++)
        add_sorted(&fitted, of_cpus ? cpu_for(refit, set.item[i])
                                    : node_id_for(refit, set.item[i]));
    if (is_same(whole ? whole : &fitted, &set))
        return;
    xmlSetProp(node, (const xmlChar *)attribute,
               (const xmlChar *)write_set(whole ? whole : &fitted, &refit->arena));
    refit->changed = true;
}

static void change_all(struct refit *refit, const xmlNode *domain)
{
    static const struct {
        const char *parent, *name, *attribute; /* parent NULL: of the domain itself */
        bool of_cpus;
    } places[] = {
        {NULL, "vcpu", "cpuset", true},
        {"cputune", "vcpupin", "cpuset", true},
        {"cputune", "emulatorpin", "cpuset", true},
        {"cputune", "iothreadpin", "cpuset", true},
        {"numatune", "memory", "nodeset", false},
        {"numatune", "memnode", "nodeset", false},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const xmlNode *parent =
            places[i].parent ? xml_child(domain, places[i].parent) : domain;
        if (!parent)
            continue;
        xml_each(node, parent, places[i].name)
            change(refit, node, places[i].attribute, places[i].of_cpus);
    }
}

static char *write_document(xmlDoc *document)
{
    xmlChar *bytes = NULL;
    int length = 0;
    xmlDocDumpMemoryEnc(document, &bytes, &length, "UTF-8");
    char *text = bytes ? memory_copy_text((const char *)bytes) : NULL;
    xmlFree(bytes);
    return text;
}

char *domain_refit(const char *xml, const struct rows *from, const struct rows *to,
                   struct error *error)
{
    struct refit refit = {.arena = ARENA_INIT};
    char *text = NULL;
    if (read_nodes(&refit.from, from, &refit.arena) && read_nodes(&refit.to, to, &refit.arena)) {
        xmlDoc *document = xml_parse(xml, strlen(xml), "domain", error);
        if (document)
            change_all(&refit, xmlDocGetRootElement(document));
        if (document && refit.changed)
            text = write_document(document);
        xmlFreeDoc(document);
    }
    arena_free(&refit.arena);
    return text;
}
