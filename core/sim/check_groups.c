/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hard rules between VMs, counted here and not by any unit: no order brings a VM to a host where
 * one is, or is on its way to, or has yet to leave, from which it must stay apart. Where the policy
 * lets a drain break a rule, the move says so.
 */
#include "sim/check.h"

#include <string.h>

static bool is_member(const struct group *group, const struct vm *vm)
{
    for (uint32_t i = 0; i < group->vms.n; i++)
        if (strcmp(group->vms.item[i], vm_key(vm)) == 0 || strcmp(group->vms.item[i], vm->name) == 0)
            return true;
    return false;
}

static bool is_at(const struct vm *vm, const char *host)
{
    return vm->state != DROVER_VM_DOWN &&
           ((vm->host && strcmp(vm->host, host) == 0) || (vm->to && strcmp(vm->to, host) == 0));
}

/* It was sent there after the nth order of this step, and may break rules: then nobody knew yet. */
static bool breaks_later(const struct run *run, uint32_t nth, const struct vm *vm)
{
    for (uint32_t i = nth + 1; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        const struct migration *move =
            effect->kind == EFFECT_MIGRATE ? migration_of(run, effect->move) : NULL;
        if (move && move->breaks.n > 0 && strcmp(effect->vm, vm_key(vm)) == 0)
            return true;
    }
    return false;
}

static void check_group(struct run *run, const struct group *group, uint32_t nth)
{
    const struct fleet *fleet = engine_fleet(run->engine);
    const struct effect *effect = &run->effects.item[nth];
    const struct vm *moved = fleet_vm(fleet, effect->vm);
    if (!moved || !is_member(group, moved))
        return;
    for (uint32_t i = 0; i < fleet->n_vms; i++) {
        const struct vm *other = fleet->vms[i];
        if (other != moved && is_member(group, other) && is_at(other, effect->to) &&
            !breaks_later(run, nth, other))
            run_broken(run, "VM %s was ordered to host %s, where VM %s is, from which group %s "
                       "keeps it apart", effect->vm, effect->to, vm_key(other), group->name);
    }
}

static bool policy_has_filter(const struct run *run, const char *name)
{
    for (uint32_t i = 0; i < run->simulation->n_rules; i++) {
        const struct ruleset *rules = run->simulation->rules[i].ruleset;
        bool found = false;
        for (uint32_t f = 0; f < rules->n_filters; f++)
            found |= strcmp(rules->filters[f].unit->name, name) == 0;
        if (!found)
            return false;
    }
    return true;
}

void check_groups(struct run *run, const struct event *event)
{
    const struct fleet *fleet = engine_fleet(run->engine);
    (void)event;
    for (uint32_t i = 0; i < run->effects.n; i++) {
        const struct effect *effect = &run->effects.item[i];
        const struct migration *migration =
            effect->kind == EFFECT_MIGRATE ? migration_of(run, effect->move) : NULL;
        if (!migration || migration->breaks.n > 0)
            continue;
        if (fleet->n_groups == 0 || !policy_has_filter(run, "vm_affinity"))
            return;
        for (uint32_t g = 0; g < fleet->n_groups; g++)
            if (fleet->groups[g]->vm_enforcing &&
                fleet->groups[g]->vm_rule == DROVER_RULE_NEGATIVE)
                check_group(run, fleet->groups[g], i);
    }
}
