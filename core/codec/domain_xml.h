/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's XML to records: domains, capabilities, pools. Hostile input: bounded, parsed without
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
 * A domain: name, uuid, vcpus, memory, machine, CPU with topology and pinning, networks (names of
 * libvirt networks, else bridges), storage (pools of volumes, and the directories of file-backed
 * writable disks), passed-through devices, NUMA, the worst cache of its disks, read-only local
 * drives, leases (as label `lease`), and drover's metadata: ha, priority, migratable,
 * cpu_dedicated, pinned and preferred hosts, labels.
 * State, host and statistics are not in the XML and stay at their defaults. The metadata may be
 * a guest owner's: what is wrong there keeps its default, and never fails the VM.
 */
int domain_xml_read(const char *xml, size_t length, struct vm *vm, struct arena *arena,
                    struct error *error);

#define SECRET_MARKER_ROOM 32

/*
 * The same XML with a marker (model/secrets.h) in place of each secret (passwords, keys, cookies,
 * firmware blobs, raw QEMU arguments), as units may see it; marker: what markers begin with, ""
 * where there are no secrets. free() it. NULL with the error set.
 */
char *domain_xml_redact(const char *xml, size_t length, char marker[SECRET_MARKER_ROOM],
                        struct error *error);

/*
 * What was made of the redacted XML, with the secrets of the original in place of its markers. One
 * that is not there is no error; one that is there twice, that was invented, or that stands in
 * another kind of place is. free() it. NULL with the error set.
 */
char *domain_xml_restore(const char *original, size_t length, const char *changed,
                         struct error *error);

/*
 * virConnectGetCapabilities: UUID, arch, topology, memory, CPU model and features (beyond those of
 * the model: see cpu_xml_read), TSC, NUMA, sizes of huge pages with how many there are, and the
 * machine types of its own arch. Sets what it finds and leaves the rest: the caller has given
 * the host its defaults.
 */
int capabilities_xml_read(const char *xml, size_t length, struct host *host, struct arena *arena,
                          struct error *error);

/*
 * virConnectGetDomainCapabilities: its machine type is appended to host->machines, and the named
 * models that guests may have become host->cpu_models, where it tells of any.
 */
int domain_capabilities_xml_read(const char *xml, size_t length, struct host *host,
                                 struct arena *arena, struct error *error);

/*
 * From the same: the CPU that a guest with mode host-model is given, as a <cpu> of its own, for
 * virConnectBaselineHypervisorCPU to list its features in full. free() it; NULL: it has none.
 */
char *domain_capabilities_host_model(const char *xml, size_t length);

/* That full list: host->cpu_features become the features that guests can have there. */
int cpu_xml_read(const char *xml, size_t length, struct host *host, struct arena *arena,
                 struct error *error);

/* A storage pool: the directory in which the host has it, copied to arena; NULL: it tells none. */
const char *pool_xml_path(const char *xml, size_t length, struct arena *arena);

#endif
