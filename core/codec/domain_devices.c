/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's devices: what it needs of a host to run there. */
#include "base/memory.h"
#include "codec/domain_xml_parts.h"
#include "codec/text.h"

#include <stdlib.h>
#include <string.h>

#define DEVICES_LIMIT 1024u
#define LEASES_LIMIT 4096u

enum { KIND_PCI, KIND_USB, KIND_MDEV, KIND_VF }; /* as in device_kinds */

struct devices {
    struct device *item;
    uint32_t n, capacity;
    uint32_t teams; /* standby NICs looked for so far */
    struct arena *arena;
};

static void add_device(struct devices *devices, int kind, const char *id)
{
    if (!id || !*id || devices->n == DEVICES_LIMIT)
        return;
    devices->item = memory_grow(devices->item, &devices->capacity, devices->n + 1,
                                sizeof *devices->item);
    devices->item[devices->n++] = (struct device){.kind = kind, .id = id, .free = true};
}

/* libvirt writes hexadecimal with 0x; people name PCI devices "0000:3b:00.0". */
static bool hexadecimal(const xmlNode *node, const char *name, unsigned long most,
                        unsigned long *value, struct arena *arena)
{
    const char *text = xml_attribute(node, name, arena);
    char *end;
    if (!text || !*text || *text == '-')
        return false;
    *value = strtoul(text, &end, 0);
    return *end == '\0' && *value <= most;
}

static const char *pci_id(const xmlNode *address, struct arena *arena)
{
    unsigned long domain = 0, bus, slot, function;
    if (!hexadecimal(address, "bus", 0xff, &bus, arena) ||
        !hexadecimal(address, "slot", 0x1f, &slot, arena) ||
        !hexadecimal(address, "function", 7, &function, arena))
        return NULL;
    if (!hexadecimal(address, "domain", 0xffffffff, &domain, arena))
        domain = 0;
    return arena_printf(arena, "%04lx:%02lx:%02lx.%lu", domain, bus, slot, function);
}

/* By vendor and product where they are given, as that is what another host can have, too. */
static const char *usb_id(const xmlNode *source, struct arena *arena)
{
    unsigned long vendor, product;
    const xmlNode *address = xml_child(source, "address");
    if (hexadecimal(xml_child(source, "vendor"), "id", 0xffff, &vendor, arena) &&
        hexadecimal(xml_child(source, "product"), "id", 0xffff, &product, arena))
        return arena_printf(arena, "%04lx:%04lx", vendor, product);
    const char *bus = xml_attribute(address, "bus", arena);
    const char *device = xml_attribute(address, "device", arena);
    return bus && device ? arena_printf(arena, "bus %s device %s", bus, device) : NULL;
}

/* The network of an interface: a network of libvirt's, a bridge, a device of the host. */
static const char *network_of(const xmlNode *interface, struct arena *arena)
{
    static const char *const names[] = {"network", "bridge", "dev"};
    const char *name = NULL;
    for (size_t i = 0; !name && i < sizeof names / sizeof *names; i++)
        name = xml_attribute(xml_child(interface, "source"), names[i], arena);
    return name;
}

/*
 * A card behind a standby NIC: <teaming type='transient' persistent='ALIAS'/>. libvirt unplugs it
 * for a move; on the other side any of the same network will do, which is the standby NIC's.
 */
static const char *standby_network(struct devices *devices, const xmlNode *card,
                                   const xmlNode *parent)
{
    struct arena *arena = devices->arena;
    const xmlNode *teaming = xml_child(card, "teaming");
    const char *alias = xml_attribute(teaming, "persistent", arena);
    if (!alias || !xml_attribute_is(teaming, "type", "transient") ||
        devices->teams++ >= DEVICES_LIMIT)
        return NULL;
    xml_each(interface, parent, "interface")
        if (xml_attribute_is(xml_child(interface, "alias"), "name", alias))
            return network_of(interface, arena);
    return NULL;
}

static void read_hostdev(struct devices *devices, const xmlNode *hostdev, const xmlNode *parent)
{
    const xmlNode *source = xml_child(hostdev, "source");
    const xmlNode *address = xml_child(source, "address");
    const char *standby = standby_network(devices, hostdev, parent);
    if (standby)
        add_device(devices, KIND_VF, standby);
    else if (xml_attribute_is(hostdev, "type", "pci"))
        add_device(devices, KIND_PCI, pci_id(address, devices->arena));
    else if (xml_attribute_is(hostdev, "type", "usb"))
        add_device(devices, KIND_USB, usb_id(source, devices->arena));
    else if (xml_attribute_is(hostdev, "type", "mdev"))
        add_device(devices, KIND_MDEV, xml_attribute(address, "uuid", devices->arena));
}

/* A card without a standby NIC cannot be unplugged while the guest talks: like any device. */
static void read_interface(const xmlNode *interface, const xmlNode *parent,
                           struct xml_names *networks, struct devices *devices)
{
    struct arena *arena = devices->arena;
    const char *standby = standby_network(devices, interface, parent);
    if (standby)
        add_device(devices, KIND_VF, standby);
    else if (xml_attribute_is(interface, "type", "hostdev"))
        add_device(devices, KIND_PCI,
                   pci_id(xml_grandchild(interface, "source", "address"), arena));
    else
        xml_names_add(networks, network_of(interface, arena));
}

static const char *directory_of(const char *path, struct arena *arena)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (!slash)
        return NULL;
    return slash == path ? "/" : arena_bytes(arena, path, (size_t)(slash - path));
}

/* What each kind of cache may lose that the other host does not see, least first. */
static int badness(int cache)
{
    static const char *const order[] = {"none", "directsync", "writethrough", "writeback", "unsafe",
                                        NULL};
    return field_choice(order, vm_caches[cache]);
}

static void keep_worst_cache(const xmlNode *disk, struct vm *vm, struct arena *arena)
{
    const char *name = xml_attribute(xml_child(disk, "driver"), "cache", arena);
    int cache = name ? field_choice(vm_caches, name) : -1;
    if (cache >= 0 && badness(cache) > badness(vm->cache))
        vm->cache = cache;
}

/*
 * A medium that is only read (a CD image, mostly) lies on the host's own disk unless it comes
 * from a pool or the network: the VM cannot go where it is not.
 */
static void read_disk(const xmlNode *disk, struct vm *vm, struct xml_names *storage,
                      struct arena *arena)
{
    const xmlNode *source = xml_child(disk, "source");
    const char *file = xml_attribute(source, "file", arena);
    const char *pool = xml_attribute(source, "pool", arena);
    bool read_only = xml_child(disk, "readonly") || xml_attribute_is(disk, "device", "cdrom");
    xml_names_add(storage, pool);
    if (read_only && (file || xml_attribute(source, "dev", arena)))
        vm->readonly_local_disk = true;
    if (read_only)
        return;
    xml_names_add(storage, directory_of(file, arena));
    if (!xml_attribute_is(disk, "type", "network")) /* that has no cache of the host's */
        keep_worst_cache(disk, vm, arena);
}

/* A label, so that whoever keeps account of lockspaces by hand can say the same on a host. */
void domain_leases_read(const xmlNode *domain, struct vm *vm, struct arena *arena)
{
    struct text list = TEXT_INIT;
    for (uint32_t i = 0; i < vm->labels.n; i++)
        if (strcmp(vm->labels.item[i].key, "lease") == 0)
            return;
    xml_each(lease, xml_child(domain, "devices"), "lease") {
        const char *lockspace = xml_content(xml_child(lease, "lockspace"), arena);
        if (*lockspace && list.length + strlen(lockspace) + 2 < LEASES_LIMIT)
            text_printf(&list, "%s%s", list.length ? "," : "", lockspace);
    }
    if (!list.length)
        return;
    struct pair *labels = arena_array(arena, vm->labels.n + 1, sizeof *labels);
    if (vm->labels.n)
        memcpy(labels, vm->labels.item, vm->labels.n * sizeof *labels);
    labels[vm->labels.n] = (struct pair){.key = "lease", .value = arena_text(arena, list.bytes)};
    vm->labels = (struct pairs){.item = labels, .n = vm->labels.n + 1, .known = true};
    free(list.bytes);
}

int domain_devices_read(const xmlNode *domain, struct vm *vm, struct arena *arena,
                        struct error *error)
{
    const xmlNode *parent = xml_child(domain, "devices");
    struct xml_names networks = {0}, storage = {0};
    struct devices devices = {.arena = arena};
    xml_each(interface, parent, "interface")
        read_interface(interface, parent, &networks, &devices);
    xml_each(disk, parent, "disk")
        read_disk(disk, vm, &storage, arena);
    xml_each(hostdev, parent, "hostdev")
        read_hostdev(&devices, hostdev, parent);
    vm->devices = (struct rows){.item = arena_array(arena, devices.n, sizeof *devices.item),
                                .n = devices.n};
    if (devices.n)
        memcpy(vm->devices.item, devices.item, devices.n * sizeof *devices.item);
    bool too_many = devices.n == DEVICES_LIMIT;
    free(devices.item);
    int result = xml_names_done(&networks, "networks", &vm->networks, arena, error);
    result |= xml_names_done(&storage, "places of disks", &vm->storage, arena, error);
    if (too_many)
        return error_set(error, ERROR_INPUT, "more than %u passed-through devices are not accepted",
                         DEVICES_LIMIT - 1);
    return result;
}
