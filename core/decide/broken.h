/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside decide/: broken rules of affinity groups, and where a VM would break fewer. */
#ifndef DROVER_DECIDE_BROKEN_H
#define DROVER_DECIDE_BROKEN_H

#include "decide/affinity.h"

/* In the order in which they are mended. */
enum broken_kind { BROKEN_HARD_HOST, BROKEN_HARD_VM, BROKEN_SOFT_HOST, BROKEN_SOFT_VM };

/* A VM whose move would mend the rule of a group. */
struct broken {
    uint32_t vm;
    uint32_t group;
    enum broken_kind kind;
};

/*
 * All VMs of the cluster whose move would mend a rule, each once, in RHV's order:
 *   rules of VMs and hosts   VMs by the number of rules that they break, the fewest first
 *   rules between VMs        soft groups by priority; bigger groups first; of equal ones that whose
 *                            first VM comes later; in a positive group from hosts with the fewest
 *                            of its VMs on, in a negative one from those with the most. Hosts with
 *                            a member that cannot leave are passed over: the others come to it.
 * free() the list. Returns how many.
 */
uint32_t broken_list(const struct columns *columns, uint32_t cluster, struct broken **list);

/* A VM that may be moved at all without being asked for by name. */
bool broken_may_move(const struct columns *columns, uint32_t vm);

/*
 * Hosts on which the VM would mend what is broken, of that kind, and break nothing else: no hard
 * rule is kept worse, and soft ones are better at the highest priority that differs. Rules of VMs
 * and hosts are looked at before those between VMs, or after them where `vms_first`. Fills in hosts
 * (room for all); returns how many.
 */
uint32_t broken_better(const struct columns *columns, uint32_t vm, enum broken_kind kind,
                       bool vms_first, uint32_t *hosts);

#endif
