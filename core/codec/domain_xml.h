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
 * State, host and statistics are not in the XML and stay at their defaults.
 */
int domain_xml_read(const char *xml, size_t length, struct vm *vm, struct arena *arena,
                    struct error *error);

/* The same XML without secrets (passwords, secret values), as units may see it. free() it. */
char *domain_xml_redact(const char *xml, size_t length, struct error *error);

/* virConnectGetCapabilities: arch, topology, CPU model and features, NUMA, host UUID. */
int capabilities_xml_read(const char *xml, size_t length, struct host *host, struct arena *arena,
                          struct error *error);

/* virConnectGetDomainCapabilities: machine types are appended to host->machines. */
int domain_capabilities_xml_read(const char *xml, size_t length, struct host *host,
                                 struct arena *arena, struct error *error);

/*
 * Render drover's metadata element for a VM: what `drover vm set` stores.
 * `settings` as in <drover:vm ha= priority= migratable= .../>. free() it.
 */
char *domain_metadata_write(const struct vm *vm);

#endif
