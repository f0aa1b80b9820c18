/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fleets that nobody had to write down. */
#ifndef DROVER_SIM_MADE_H
#define DROVER_SIM_MADE_H

#include "model/fleet.h"

/*
 * So many hosts, all alike (kvm001 ...), with so many VMs of different sizes (vm0001 ...), spread
 * over them in turn. Two thirds of the hosts' memory are used, and their CPUs are busy at times.
 * fleet_free() it.
 */
struct fleet *made_fleet(uint32_t hosts, uint32_t vms, uint64_t seed);

#endif
