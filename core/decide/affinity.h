/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What affinity groups say of a VM on a host, for whoever plans for more than one VM. The filters
 * and weights of plugins/ judge one VM at a time; these agree with them.
 *
 * A VM counts where it will be when its move is done. Members in other clusters do not count: a VM
 * never leaves its cluster.
 */
#ifndef DROVER_DECIDE_AFFINITY_H
#define DROVER_DECIDE_AFFINITY_H

#include "decide/decide.h"

/* How many of the group's VMs are where, without `except` (DROVER_NONE: all count). */
struct spread {
    uint32_t *on; /* by host; room for all */
    uint32_t n;
};

/* Count them. spread->on must be all 0; affinity_clear() makes it so again. */
void affinity_count(const struct columns *columns, uint32_t group, uint32_t cluster,
                    uint32_t except, struct spread *spread);
void affinity_clear(const struct columns *columns, uint32_t group, struct spread *spread);

/* With how many of the others a VM on that host would be at odds, by the group's rule. */
double affinity_odds(const struct columns *columns, uint32_t group, const struct spread *others,
                     uint32_t host);

/* Whether the group's rule between VMs and hosts is broken by a VM on that host. */
bool affinity_host_broken(const struct columns *columns, uint32_t group, uint32_t host);

/* How many pairs of the group's VMs are at odds with its rule. */
double affinity_pairs_at_odds(const struct columns *columns, uint32_t group, uint32_t cluster,
                              struct spread *spread);

/*
 * VMs that hard positive groups, overlapping as they may, hold together with this one, itself among
 * them, in order of name: those that run in its cluster. Fills in vms (room for all) and returns
 * how many.
 */
uint32_t affinity_together(const struct columns *columns, uint32_t vm, uint32_t *vms);

/* Names of the groups whose hard rules between VMs are broken when the VM goes to that host. */
struct texts affinity_broken(const struct columns *columns, uint32_t vm, uint32_t host,
                             struct arena *arena);

#endif
