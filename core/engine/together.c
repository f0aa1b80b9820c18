/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMs that hard rules hold together, as they start one after another. The first of them gets a host
 * that takes all, and for the others that are still queued a place there is kept: the queue sees
 * them as on their way (vm.to). Each gives its place back when its own turn comes, and is decided
 * on what is true then; by then the rule itself leads it to where the first one went.
 */
#include "engine/internal.h"

#include "base/memory.h"
#include "decide/affinity.h"

#include <stdlib.h>
#include <string.h>

/* Queued like this one, for the same reason: it will go where this one goes. */
static bool goes_along(const struct engine *engine, const struct move *move, const char *vm)
{
    const struct move *other = move_of_vm(engine, vm);
    return other && other != move && other->record.state == MIGRATION_QUEUED &&
           !other->unsettled && other->record.purpose == move->record.purpose &&
           strcmp(other->record.wanted, move->record.wanted) == 0;
}

uint32_t together_list(const struct engine *engine, const struct columns *columns,
                       const struct move *move, uint32_t vm, struct arena *arena,
                       struct companion **companions)
{
    uint32_t *vms = memory_array(columns->vms.n + 1, sizeof *vms);
    uint32_t n = affinity_together(columns, vm, vms), left = 1;
    struct companion *list = arena_array(arena, n, sizeof *list);
    list[0] = (struct companion){.vm = vm, .kept = DROVER_NONE};
    for (uint32_t i = 0; i < n; i++)
        if (vms[i] != vm && goes_along(engine, move, vm_key(columns->vm_record[vms[i]])))
            list[left++] = (struct companion){.vm = vms[i], .kept = DROVER_NONE};
    free(vms);
    *companions = list;
    return left;
}

static void set_to(struct engine *engine, const struct columns *columns, uint32_t vm,
                   uint32_t host)
{
    struct vm *record = fleet_vm(engine->fleet, vm_key(columns->vm_record[vm]));
    if (!record)
        return;
    if (host == DROVER_NONE)
        record->to = NULL;
    else
        fleet_set_text(engine->fleet, &record->to, columns->hosts.name[host]);
}

void together_give_back(struct engine *engine, struct columns *columns,
                        struct companion *companions, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        companions[i].kept = columns->vms.to[companions[i].vm];
        if (companions[i].kept == DROVER_NONE)
            continue;
        columns_release(columns, companions[i].vm);
        set_to(engine, columns, companions[i].vm, DROVER_NONE);
    }
}

void together_keep(struct engine *engine, struct columns *columns,
                   const struct companion *companions, uint32_t n, uint32_t host)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = host == DROVER_NONE ? companions[i].kept : host;
        if (to == DROVER_NONE || to == columns->vms.host[companions[i].vm])
            continue;
        columns_promise(columns, companions[i].vm, to);
        set_to(engine, columns, companions[i].vm, to);
    }
}
