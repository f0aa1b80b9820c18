/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's XML to records: domains and capabilities. Hostile input: bounded, parsed without
 * network, entities, DTDs or huge trees. Unknown elements are ignored, as libvirt grows.
 */
#ifndef DROVER_CODEC_DOMAIN_XML_H
#define DROVER_CODEC_DOMAIN_XML_H

#include "base/arena.h"
#include "base/error.h"
#include "model/fleet.h"

/* drover's own namespace in a domain's <metadata>. */
#define DROVER_METADATA_URI "https://drover.dev/xmlns/domain/1"

#define DOMAIN_XML_LIMIT (4u * 1024 * 1024) /* bytes */

/*
 * A domain: name, uuid, vcpus, memory, machine, CPU, networks (names of libvirt networks, else
 * bridges), storage (pools of volumes, and the directories of file-backed writable disks),
 * passed-through devices, NUMA, cache of its disks, read-only local drives, and drover's
 * metadata: ha, priority, migratable, pinned and preferred hosts, labels.
 * State, host and statistics are not in the XML and stay at their defaults. The metadata may be
 * a guest owner's: what is wrong there keeps its default, and never fails the VM.
 */
int domain_xml_read(const char *xml, size_t length, struct vm *vm, struct arena *arena,
                    struct error *error);

/*
 * The same XML without secrets (passwords, keys, cookies, firmware blobs, raw QEMU arguments),
 * as units may see it; removed: whether there were any. free() it. NULL with the error set.
 */
char *domain_xml_redact(const char *xml, size_t length, bool *removed, struct error *error);

/*
 * virConnectGetCapabilities: arch, topology, memory, CPU model and features, TSC, NUMA, and the
 * machine types of its own arch. Sets what it finds and leaves the rest: the caller has given
 * the host its defaults.
 */
int capabilities_xml_read(const char *xml, size_t length, struct host *host, struct arena *arena,
                          struct error *error);

/* virConnectGetDomainCapabilities: its machine type is appended to host->machines. */
int domain_capabilities_xml_read(const char *xml, size_t length, struct host *host,
                                 struct arena *arena, struct error *error);

/*
 * Render drover's metadata element for a VM, what `drover vm set` stores, with what differs from
 * the defaults: <drover:vm xmlns:drover="..." ha="yes" priority="10" migratable="manual">
 * <drover:label key= value=/> <drover:pinned host=/> <drover:preferred host=/> </drover:vm>.
 * free() it.
 */
char *domain_metadata_write(const struct vm *vm);

#endif
