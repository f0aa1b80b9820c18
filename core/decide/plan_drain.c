/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Emptying a host: its VMs by priority, each placed by a decision that sees what earlier ones of
 * the same plan were promised. A VM that cannot go stays, with each host's reason; the others go.
 */
#include "decide/planning.h"

#include "base/memory.h"

#include <stdlib.h>

static void place_leaving(struct planning *planning, uint32_t vm, const char *reason)
{
    const struct drover_vms *vms = &planning->columns->vms;
    if (!planning_occupies(planning->columns, vm) || vms->to[vm] != DROVER_NONE ||
        vms->state[vm] == DROVER_VM_MIGRATING)
        return; /* not running, or on its way already, be it by somebody else */
    if (vms->migratable[vm] == DROVER_MIGRATABLE_NO)
        planning_unplaced(planning, vm, "pinned", "it is pinned to its host (migratable: no)",
                          NULL);
    else
        planning_place(planning, vm, NULL, 0, reason);
}

struct plan *plan_drain(struct columns *columns, const struct rules *rules, uint32_t host)
{
    struct planning planning = planning_new(columns, rules, DROVER_TO_DRAIN);
    const char *reason = arena_printf(&planning.plan->arena, "host %s is to be emptied",
                                      columns->hosts.name[host]);
    const struct drover_lists *lists = &columns->hosts.vms;
    uint32_t *vms = memory_array(lists->start[host + 1] - lists->start[host], sizeof *vms);
    uint32_t n = planning_order(columns, host, vms);
    for (uint32_t i = 0; i < n; i++)
        place_leaving(&planning, vms[i], reason);
    free(vms);
    if (planning.plan->moves.n == 0 && planning.plan->unplaced.n == 0)
        planning.plan->idle = arena_printf(&planning.plan->arena, "host %s has no VM to move",
                                           columns->hosts.name[host]);
    return planning_done(&planning);
}
