/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a domain's XML that have a file of their own. Internal to codec/. */
#ifndef DROVER_CODEC_DOMAIN_XML_PARTS_H
#define DROVER_CODEC_DOMAIN_XML_PARTS_H

#include "codec/xml_tree.h"
#include "model/fleet.h"

/* Mode, model, features, topology and pinning of its CPU, and the frequency of its TSC. */
int domain_cpu_read(const xmlNode *domain, struct vm *vm, struct arena *arena,
                    struct error *error);

/* What of it stands in the way of live moves, as codes; after domain_cpu_read(). */
void domain_blockers_read(const xmlNode *domain, struct vm *vm, struct arena *arena);

/* The lockspaces of its leases, as label `lease`, where the metadata has not set that. */
void domain_leases_read(const xmlNode *domain, struct vm *vm, struct arena *arena);

/* Interfaces, disks, passed-through devices. */
int domain_devices_read(const xmlNode *domain, struct vm *vm, struct arena *arena,
                        struct error *error);

/* drover's element in <metadata>; what is wrong keeps its default. */
void domain_metadata_read(const xmlNode *domain, struct vm *vm, struct arena *arena);

#endif
