/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose pinning has to be fitted to its destination: a VM that is pinned to CPUs or NUMA nodes,
 * and goes to a host that numbers them otherwise. How, the XML's own room knows
 * (codec/domain_refit.h); here the two topologies are handed on with the order to move.
 */
#include "engine/internal.h"

#include <string.h>

static bool is_pinned(const struct vm *vm)
{
    const struct vnuma_node *nodes = vm->numa.item;
    bool pinned = vm->cpu_pins && vm->cpu_pins[0];
    for (uint32_t i = 0; i < vm->numa.n; i++)
        pinned |= nodes[i].nodes.n > 0;
    return pinned;
}

static bool is_same(const struct rows *a, const struct rows *b)
{
    const struct numa_node *one = a->item, *other = b->item;
    for (uint32_t i = 0; a->n == b->n && i < a->n; i++)
        if (one[i].id != other[i].id || strcmp(one[i].cpus, other[i].cpus) != 0)
            return false;
    return a->n == b->n;
}

static struct rows copy_nodes(const struct rows *nodes, struct arena *arena)
{
    const struct numa_node *all = nodes->item;
    struct numa_node *copy = arena_array(arena, nodes->n, sizeof *copy);
    for (uint32_t i = 0; i < nodes->n; i++)
        copy[i] = (struct numa_node){.id = all[i].id, .memory_mib = all[i].memory_mib,
                                     .memory_free_mib = all[i].memory_free_mib,
                                     .cpus = arena_text(arena, all[i].cpus)};
    return (struct rows){.item = copy, .n = nodes->n};
}

void refit_for_move(struct engine *engine, struct move *move)
{
    const struct vm *vm = fleet_vm(engine->fleet, move->record.vm);
    const struct host *from = fleet_host(engine->fleet, move->record.from);
    const struct host *to = fleet_host(engine->fleet, move->record.to);
    if (!vm || !from || !to || from->numa.n == 0 || to->numa.n == 0 || !is_pinned(vm) ||
        is_same(&from->numa, &to->numa))
        return;
    move->how.nodes_from = copy_nodes(&from->numa, &move->arena);
    move->how.nodes_to = copy_nodes(&to->numa, &move->arena);
    notice(engine, NOTICE_INFO, "migration.refit", move->record.to, move->record.name,
           "VM %s is pinned, and host %s numbers its CPUs and nodes otherwise than host %s: its "
           "pinning is fitted", move->record.name, move->record.to, move->record.from)
        ->move = move->record.id;
}
