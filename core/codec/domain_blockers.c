/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML tells of what stands in the way of its migration: model/blockers.h. */
#include "codec/domain_xml_parts.h"
#include "model/blockers.h"

#include <string.h>

/* One kind of device: its element, and what of it is looked at. NULL: nothing more. */
static const struct {
    const char *code;
    const char *element;
    const char *child;     /* the attribute is this child's */
    const char *attribute;
    const char *value;
} signs[] = {
    {"virtiofs", "filesystem", "driver", "type", "virtiofs"},
    {"shmem", "shmem", NULL, "role", "peer"},
    {"vtpm", "tpm", "backend", "type", "emulator"},
    {"vtpm", "tpm", "backend", "type", "passthrough"},
    {"transient_disk", "disk", "transient", NULL, NULL},
    {"nvme_disk", "disk", NULL, "type", "nvme"},
    {"vdpa", "interface", NULL, "type", "vdpa"},
    {"scsi_device", "hostdev", NULL, "type", "scsi"},
    {"scsi_device", "hostdev", NULL, "type", "scsi_host"},
    {"block_job", "disk", "mirror", NULL, NULL},
};
#define N_SIGNS (sizeof signs / sizeof *signs)
#define CODES_MOST 16

static bool shows(const xmlNode *device, size_t sign)
{
    const xmlNode *at = signs[sign].child ? xml_child(device, signs[sign].child) : device;
    if (!at || !signs[sign].attribute)
        return at != NULL;
    return xml_attribute_is(at, signs[sign].attribute, signs[sign].value);
}

static bool has_sign(const xmlNode *devices, size_t sign)
{
    xml_each(device, devices, signs[sign].element)
        if (shows(device, sign))
            return true;
    return false;
}

/* The other way to share a directory, which is also what no <driver> means. */
static bool has_9p(const xmlNode *devices)
{
    xml_each(share, devices, "filesystem")
        if (!xml_attribute_is(xml_child(share, "driver"), "type", "virtiofs"))
            return true;
    return false;
}

/* An invariant TSC is refused unless its frequency is the guest's own. */
static bool has_bare_invtsc(const xmlNode *domain, double tsc_khz)
{
    xml_each(feature, xml_child(domain, "cpu"), "feature")
        if (xml_attribute_is(feature, "name", "invtsc") &&
            xml_attribute_is(feature, "policy", "require"))
            return tsc_khz <= 0;
    return false;
}

static void add(struct vm *vm, const char *code)
{
    struct texts *list = &vm->blockers;
    if (list->n == CODES_MOST || (list->n > 0 && strcmp(list->item[list->n - 1], code) == 0))
        return;
    list->item[list->n++] = code;
}

void domain_blockers_read(const xmlNode *domain, struct vm *vm, struct arena *arena)
{
    const xmlNode *devices = xml_child(domain, "devices");
    vm->blockers = (struct texts){.item = arena_array(arena, CODES_MOST, sizeof(char *)),
                                  .known = true};
    for (size_t i = 0; i < N_SIGNS; i++)
        if (has_sign(devices, i))
            add(vm, signs[i].code);
    if (has_9p(devices))
        add(vm, "filesystem");
    if (has_bare_invtsc(domain, vm->tsc_khz))
        add(vm, "invtsc");
}
