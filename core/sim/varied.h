/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small fleets by chance, each different from the last: what properties are tried on. */
#ifndef DROVER_SIM_VARIED_H
#define DROVER_SIM_VARIED_H

#include "model/fleet.h"

/*
 * The same base and seed give the same fleet. With a base: its clusters, hosts, VMs and groups,
 * with their labels and sizes, but other loads, other states, and each VM on another host of its
 * cluster. Without one (NULL): all of it by chance, in the two clusters `east` and `west`.
 *
 * Loads are multiples of 1/64, so sums over VMs are exact, whatever their order. fleet_free() it.
 */
struct fleet *varied_fleet(const struct fleet *base, uint64_t seed);

#endif
