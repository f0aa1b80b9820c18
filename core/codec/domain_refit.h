/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's pinning, fitted to another host: its XML names CPUs and NUMA nodes of the host where
 * it runs, and those of the next one may be numbered otherwise. A guest that was kept on node 0
 * there must not run across nodes here.
 */
#ifndef DROVER_CODEC_DOMAIN_REFIT_H
#define DROVER_CODEC_DOMAIN_REFIT_H

#include "base/error.h"
#include "base/field.h"

/*
 * from, to: struct numa_node of both hosts. A node becomes the node of the same number where the
 * other host has one, else the one in its place, counting round; a CPU becomes the one at the same
 * place within that node, counting round; a set that is a whole node becomes the whole other one.
 * CPUs that are in no node of `from` stay as they are.
 *
 * The XML with that changed; free() it. NULL with no error: there is nothing to change. NULL with
 * the error set: it cannot be read.
 */
char *domain_refit(const char *xml, const struct rows *from, const struct rows *to,
                   struct error *error);

#endif
