/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's XML: what it is called, its size, NUMA. See domain_xml.h. */
#include "codec/domain_xml.h"

#include "base/scalar.h"
#include "codec/domain_xml_parts.h"
#include "codec/text.h"

#include <string.h>

#define NAME_LIMIT 1024
#define VCPUS_LIMIT 65536
#define CELLS_LIMIT 1024

static int read_name(const xmlNode *domain, struct vm *vm, struct arena *arena, struct error *error)
{
    const xmlNode *name = xml_child(domain, "name");
    vm->name = xml_content(name, arena);
    if (!*vm->name || strlen(vm->name) > NAME_LIMIT)
        return error_set(error, ERROR_INPUT,
                         "domain XML: expected a name of 1 to %d bytes, found one of %zu",
                         NAME_LIMIT, strlen(vm->name));
    return 0;
}

static bool is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; shape[i]; i++) {
        bool good = shape[i] == '-' ? text[i] == '-'
                                    : text[i] && strchr("0123456789abcdef", text[i]);
        if (!good)
            return false;
    }
    return text[sizeof shape - 1] == '\0';
}

static int read_uuid(const xmlNode *domain, struct vm *vm, struct arena *arena, struct error *error)
{
    char shown[TEXT_SHOWN];
    const xmlNode *node = xml_child(domain, "uuid");
    if (!node)
        return 0;
    char *uuid = arena_text(arena, xml_content(node, arena));
    for (char *p = uuid; *p; p++)
        if (*p >= 'A' && *p <= 'F')
            *p += 'a' - 'A';
    if (!is_uuid(uuid))
        return error_set(error, ERROR_INPUT, "domain XML: expected a UUID, found %s",
                         text_show(shown, uuid, strlen(uuid)));
    vm->uuid = uuid;
    return 0;
}

static int read_size(const xmlNode *domain, struct vm *vm, struct arena *arena, struct error *error)
{
    uint64_t current;
    int64_t vcpus = 1;
    const xmlNode *vcpu = xml_child(domain, "vcpu");
    if (xml_attribute_number(vcpu, "current", VCPUS_LIMIT, &current))
        vcpus = (int64_t)current;
    else if (vcpu && !scalar_integer(xml_content(vcpu, arena), &vcpus))
        vcpus = 0;
    if (vcpus < 1 || vcpus > VCPUS_LIMIT)
        return error_set(error, ERROR_INPUT, "domain XML: expected 1 to %d vCPUs in <vcpu>",
                         VCPUS_LIMIT);
    vm->vcpus = (uint32_t)vcpus;
    if (!xml_memory_mib(xml_child(domain, "memory"), &vm->memory_mib))
        return error_set(error, ERROR_INPUT, "domain XML: expected a size in <memory>");
    return 0;
}

/* Pages without a size are the host's default ones; on x86 those are of 2 MiB. */
static void read_hugepages(const xmlNode *domain, struct vm *vm, struct arena *arena)
{
    const xmlNode *hugepages = xml_grandchild(domain, "memoryBacking", "hugepages");
    const char *size = xml_attribute(xml_child(hugepages, "page"), "size", arena);
    const char *unit = xml_attribute(xml_child(hugepages, "page"), "unit", arena);
    double mib = 2;
    if (size && (!xml_scale_mib(size, unit, &mib) || mib > 1024 * 1024))
        mib = 2;
    if (hugepages)
        vm->hugepages_kib = mib * 1024;
}

/* What a guest's node is bound to: its own <memnode>, else the domain's <memory>. */
static void read_binding(const xmlNode *numatune, uint64_t cell, struct vnuma_node *node,
                         struct arena *arena)
{
    const xmlNode *binding = xml_child(numatune, "memory");
    xml_each(memnode, numatune, "memnode") {
        uint64_t id;
        if (xml_attribute_number(memnode, "cellid", UINT32_MAX, &id) && id == cell)
            binding = memnode;
    }
    const char *nodeset = xml_attribute(binding, "nodeset", arena);
    const char *mode = xml_attribute(binding, "mode", arena);
    int index = mode ? field_choice(numa_modes, mode) : -1;
    node->mode = index < 0 ? 0 : index;
    if (nodeset && !xml_number_set(nodeset, &node->nodes, arena))
        node->nodes = (struct numbers){0};
}

static void read_numa(const xmlNode *domain, struct vm *vm, struct arena *arena)
{
    const xmlNode *numatune = xml_child(domain, "numatune");
    const xmlNode *numa = xml_grandchild(domain, "cpu", "numa");
    uint32_t n = 0;
    xml_each(cell, numa, "cell")
        n++;
    bool whole = n == 0 && xml_child(numatune, "memory");
    n = whole ? 1 : n < CELLS_LIMIT ? n : CELLS_LIMIT;
    struct vnuma_node *nodes = arena_array(arena, n, sizeof *nodes);
    vm->numa = (struct rows){.item = nodes, .n = n};
    if (whole) {
        nodes[0].memory_mib = vm->memory_mib;
        read_binding(numatune, 0, &nodes[0], arena);
        return;
    }
    uint32_t i = 0;
    xml_each(cell, numa, "cell") {
        uint64_t id = i;
        const char *size = xml_attribute(cell, "memory", arena);
        if (i == n)
            break;
        xml_attribute_number(cell, "id", UINT32_MAX, &id);
        if (size)
            xml_scale_mib(size, xml_attribute(cell, "unit", arena), &nodes[i].memory_mib);
        read_binding(numatune, id, &nodes[i], arena);
        i++;
    }
}

static int read_domain(const xmlNode *domain, struct vm *vm, struct arena *arena,
                       struct error *error)
{
    const xmlNode *type = xml_grandchild(domain, "os", "type");
    const char *arch = xml_attribute(type, "arch", arena);
    const char *machine = xml_attribute(type, "machine", arena);
    if (read_name(domain, vm, arena, error) || read_uuid(domain, vm, arena, error) ||
        read_size(domain, vm, arena, error) || domain_cpu_read(domain, vm, arena, error))
        return -1;
    vm->arch = arch ? arch : vm->arch;
    vm->machine = machine ? machine : vm->machine;
    read_hugepages(domain, vm, arena);
    read_numa(domain, vm, arena);
    if (domain_devices_read(domain, vm, arena, error))
        return -1;
    domain_metadata_read(domain, vm, arena);
    domain_leases_read(domain, vm, arena);
    domain_blockers_read(domain, vm, arena);
    return 0;
}

int domain_xml_read(const char *xml, size_t length, struct vm *vm, struct arena *arena,
                    struct error *error)
{
    field_defaults(vm_fields, vm);
    xmlDoc *document = xml_parse(xml, length, "domain", error);
    if (!document)
        return -1;
    int result = read_domain(xmlDocGetRootElement(document), vm, arena, error);
    xmlFreeDoc(document);
    return result;
}
