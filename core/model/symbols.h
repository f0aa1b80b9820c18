/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside model/: the columns of names (networks, storage, machines, CPU features) and of groups. */
#ifndef DROVER_MODEL_SYMBOLS_H
#define DROVER_MODEL_SYMBOLS_H

#include "model/columns.h"

/*
 * A set, however it was written: in order, and each once (a VM may have two NICs on one network,
 * and needs that network once). Returns how many are left.
 */
uint32_t symbols_sort(uint32_t *symbols, uint32_t n);

/* Sets of hosts and lists of VMs over the same symbols. */
void symbols_fill(struct columns *columns, const struct fleet *fleet);

/* Groups with labels flattened to members, and each VM's list of groups. */
void groups_fill(struct columns *columns, const struct fleet *fleet, const struct table *hosts);

#endif
