/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drover's own element in a domain's metadata:
 *
 *     <drover:vm xmlns:drover="..." ha="yes" priority="10" migratable="manual">
 *       <drover:label key= value=/> <drover:pinned host=/> <drover:preferred host=/>
 *     </drover:vm>
 *
 * Whoever may edit the domain writes it, so each value is taken or left alone; none can keep the
 * VM from being seen.
 */
#include "codec/domain_xml.h"
#include "codec/domain_xml_parts.h"
#include "codec/literal.h"

#include <stdlib.h>
#include <string.h>

#define LABELS_LIMIT 256u
#define HOSTS_LIMIT 256u
#define LABEL_KEY_LIMIT 253u
#define LABEL_VALUE_LIMIT 4096u

static bool is_ours(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
           strcmp((const char *)node->ns->href, DROVER_METADATA_URI) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *our_element(const xmlNode *domain)
{
    const xmlNode *metadata = xml_child(domain, "metadata");
    for (const xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next)
        if (is_ours(node, "vm"))
            return node;
    return NULL;
}

/* The table of VMs knows what is allowed; what is not stays as it is. */
static void read_setting(const xmlNode *ours, const char *key, struct vm *vm, struct arena *arena)
{
    const struct field *field = field_find(vm_fields, key);
    const char *text = xml_attribute(ours, key, arena);
    if (!text)
        return;
    struct literal literal = {.text = text, .length = strlen(text)};
    literal_set(field, (char *)vm + field->offset, &literal, arena);
}

static void read_hosts(const xmlNode *ours, const char *name, struct texts *texts,
                       struct arena *arena)
{
    const char *hosts[HOSTS_LIMIT];
    uint32_t n = 0;
    for (const xmlNode *node = ours->children; node && n < HOSTS_LIMIT; node = node->next) {
        const char *host = is_ours(node, name) ? xml_attribute(node, "host", arena) : NULL;
        if (host && field_is_name(host))
            hosts[n++] = host;
    }
    *texts = (struct texts){.item = arena_array(arena, n, sizeof *texts->item), .n = n,
                            .known = true};
    if (n)
        memcpy(texts->item, hosts, n * sizeof *hosts);
}

static bool is_label(const struct pairs *labels, const char *key, const char *value)
{
    if (!key || !value || !*key || strlen(key) > LABEL_KEY_LIMIT ||
        strlen(value) > LABEL_VALUE_LIMIT)
        return false;
    for (uint32_t i = 0; i < labels->n; i++)
        if (strcmp(labels->item[i].key, key) == 0)
            return false;
    return true;
}

static void read_labels(const xmlNode *ours, struct pairs *labels, struct arena *arena)
{
    struct pair pairs[LABELS_LIMIT];
    struct pairs found = {.item = pairs};
    for (const xmlNode *node = ours->children; node && found.n < LABELS_LIMIT; node = node->next) {
        if (!is_ours(node, "label"))
            continue;
        const char *key = xml_attribute(node, "key", arena);
        const char *value = xml_attribute(node, "value", arena);
        if (is_label(&found, key, value))
            pairs[found.n++] = (struct pair){.key = key, .value = value};
    }
    if (found.n == 0)
        return;
    *labels = (struct pairs){.item = arena_array(arena, found.n, sizeof *pairs), .n = found.n,
                             .known = true};
    memcpy(labels->item, pairs, found.n * sizeof *pairs);
}

void domain_metadata_read(const xmlNode *domain, struct vm *vm, struct arena *arena)
{
    const xmlNode *ours = our_element(domain);
    if (!ours)
        return;
    read_setting(ours, "ha", vm, arena);
    read_setting(ours, "priority", vm, arena);
    read_setting(ours, "migratable", vm, arena);
    read_setting(ours, "cpu_dedicated", vm, arena);
    read_hosts(ours, "pinned", &vm->pinned_hosts, arena);
    read_hosts(ours, "preferred", &vm->preferred_hosts, arena);
    read_labels(ours, &vm->labels, arena);
}
