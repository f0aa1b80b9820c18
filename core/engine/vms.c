/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMs: where each is, from what its hosts say. During a migration two hosts speak of the same VM
 * in any order; the rule is: it is where it was last said to run.
 */
#include "engine/internal.h"

#include <math.h>
#include <string.h>

bool vm_occupies(const struct vm *vm)
{
    return vm->state != DROVER_VM_DOWN;
}

bool vm_changed_since(const struct vm *vm, double at)
{
    return vm->moved_at > at || vm->heard_at > at; /* moved_at may be NAN: no */
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Its host would start it at boot, before it is heard of, while it was brought back elsewhere. */
static void warn_of_autostart(struct engine *engine, const char *host, const struct vm *seen,
                              const struct vm *known)
{
    bool told = known && known->autostart && same(known->host, host);
    if (seen->ha && seen->autostart && !told)
        notice(engine, NOTICE_WARNING, "vm.autostart", host, seen->name,
               "VM %s is highly available, and libvirt on host %s starts it by itself at boot: "
               "restarted elsewhere meanwhile, it would run twice; switch that off there "
               "(virsh autostart --disable)",
               seen->name, host);
}

/* Copy what was seen over what is known, keeping what only drover knows. */
static void update(struct engine *engine, const char *host, const struct vm *seen,
                   const struct vm *known)
{
    struct vm merged = *seen;
    warn_of_autostart(engine, host, seen, known);
    merged.host = host;
    merged.to = NULL;
    merged.moved_at = moved_at(engine, vm_key(seen));
    if (known) {
        if (!isnan(known->moved_at)) /* what was recalled of a VM does not have it */
            merged.moved_at = known->moved_at;
        merged.to = same(known->host, host) ? known->to : NULL;
        if (isnan(merged.cpu_usage_pct))
            merged.cpu_usage_pct = known->cpu_usage_pct;
        if (isnan(merged.memory_used_mib))
            merged.memory_used_mib = known->memory_used_mib;
        if (isnan(merged.dirty_mib_s)) {
            merged.dirty_mib_s = known->dirty_mib_s;
            merged.dirty_at = known->dirty_at;
        }
        merged.lost = (known->lost || staged_owes(engine, vm_key(seen), host)) &&
                      merged.state == DROVER_VM_DOWN;
        if (field_equal(vm_fields, known, &merged)) {
            keep_confirm(engine, vm_key(known));
            return;
        }
    }
    keep_vm(engine, fleet_put_vm(engine->fleet, &merged));
}

/* Somebody moved it; we, or another tool. A person's move gives it the same rest as ours. */
static void arrived_elsewhere(struct engine *engine, const char *from, const char *host,
                              const char *key)
{
    struct move *move = move_of_vm(engine, key);
    if (move && same(move->record.to, host)) {
        move->arrived = true;
        move_arrived(engine, move);
        return;
    }
    struct vm *vm = fleet_vm(engine->fleet, key);
    notice(engine, NOTICE_INFO, "vm.moved", host, vm->name,
           "VM %s moved from host %s to host %s, not by drover", vm->name, from, host);
    vm->moved_at = engine->now;
    remember_moved(engine, key);
}

static bool is_moving(const struct engine *engine, const struct vm *vm)
{
    const struct move *move = move_of_vm(engine, vm_key(vm));
    return vm->state == DROVER_VM_MIGRATING || (move && move_is_active(move));
}

void vm_seen(struct engine *engine, const char *host, const struct vm *seen)
{
    const char *key = vm_key(seen);
    if (vm_occupies(seen) && seen->state != DROVER_VM_MIGRATING)
        booking_seen(engine, key, host);
    const struct vm *known = fleet_vm(engine->fleet, key);
    bool elsewhere = known && known->host && strcmp(known->host, host) != 0;
    if (!vm_occupies(seen))
        doubt_end(engine, key, host);
    if (elsewhere && seen->state == DROVER_VM_DOWN) {
        leftover_seen(engine, key, host); /* the VM itself is elsewhere */
        return;
    }
    struct move *move = move_of_vm(engine, key);
    if (elsewhere && !move && keep_is_hearsay(engine, key)) { /* nobody has said that it is there */
        update(engine, host, seen, known);
        engine->dirty = true;
        return;
    }
    if (elsewhere && vm_occupies(known) && seen->state == DROVER_VM_MIGRATING)
        return; /* the source still speaks; the destination has it */
    if (elsewhere && move && move->arrived && !move_is_staged(move) &&
        same(move->record.from, host))
        return; /* the same, said late */
    if (vm_occupies(seen) && doubt_seen(engine, seen, host) && elsewhere)
        return; /* until it is clear it stays where it was said to be last */
    if (elsewhere && vm_occupies(known) && !is_moving(engine, known))
        doubt_raise(engine, key, known->host, host);
    const char *from = elsewhere && vm_occupies(known) ? known->host : NULL; /* stays in the arena */
    update(engine, host, seen, known);
    if (seen->postcopy_failed && move)
        move->arrived = false; /* one half of it is; when the call ends it is seen to */
    else if (from)
        arrived_elsewhere(engine, from, host, key);
    else if (move && same(move->record.to, host) && move_is_active(move) && vm_occupies(seen)) {
        move->arrived = true; /* a definition that lies there, off, is no arrival */
        move_arrived(engine, move);
    } else if (move && same(move->record.from, host) && vm_occupies(seen))
        move->left = false; /* it is here after all */
    engine->dirty = true;
}

/* The VM's own host says so, of this very VM. */
static void heard(struct engine *engine, const struct event *event, const char *key)
{
    struct vm *vm = fleet_vm(engine->fleet, key);
    if (vm && same(vm->host, event->host))
        vm->heard_at = word_at(engine, event);
}

void on_vm_changed(struct engine *engine, const struct event *event)
{
    struct watch *watch = watch_find(engine, event->host);
    if (!watch || event->vms.n != 1)
        return;
    vm_seen(engine, event->host, event->vms.item);
    heard(engine, event, vm_key(event->vms.item));
    host_update_lack(engine, watch);
    drains_touch(engine);
}

/* Ends that mean the guest itself is over, wherever its memory was going. */
static bool is_end_of_guest(const char *why)
{
    static const char *const ends[] = {"shutdown", "destroyed", "crashed", "saved", NULL};
    return field_choice(ends, why) >= 0;
}

/* Its host lives, so its end was its own. An HA VM stays known, and comes back. */
static bool ended_badly(struct engine *engine, const char *host, struct vm *vm, const char *why)
{
    if (strcmp(why, "crashed") != 0 && strcmp(why, "failed") != 0)
        return false;
    notice(engine, NOTICE_WARNING, "vm.ended", host, vm->name, "VM %s on host %s: %s", vm->name,
           host, why);
    if (!vm->ha)
        return false;
    vm->state = DROVER_VM_DOWN;
    vm->lost = true;
    keep_vm(engine, vm);
    restart_crashed(engine, vm, why);
    return true;
}

void vm_gone(struct engine *engine, const char *host, const char *key, const char *why)
{
    if (strcmp(why, "unknown") != 0) /* a report that does not list it yet says nothing */
        booking_end(engine, key, host);
    struct vm *vm = fleet_vm(engine->fleet, key);
    struct move *move = move_of_vm(engine, key);
    doubt_end(engine, key, host);
    if (strcmp(why, "undefined") == 0 || strcmp(why, "unknown") == 0)
        leftover_gone(engine, key, host);
    if (move && move_is_restart(move))
        return; /* it is known to run nowhere, and is to come back */
    if (staged_gone(engine, host, key, why))
        return;
    if (move && same(move->record.from, host)) {
        move->left = true;
        move->vm_ended |= is_end_of_guest(why);
        move->vm_failed |= strcmp(why, "failed") == 0;
        if (move_is_active(move) && !move->vm_ended)
            return; /* on its way: the destination will say that it has it */
    }
    if (!vm || !same(vm->host, host))
        return;
    if (move && move->record.state == MIGRATION_QUEUED)
        move_end(engine, move, MIGRATION_CANCELLED, "the VM does not run any more");
    if (ended_badly(engine, host, vm, why))
        return;
    keep_end(engine, key);
    fleet_remove_vm(engine->fleet, key);
}

void on_vm_gone(struct engine *engine, const struct event *event)
{
    vm_gone(engine, event->host, event->vm, event->name);
    heard(engine, event, event->vm);
    struct watch *watch = watch_find(engine, event->host);
    if (watch)
        host_update_lack(engine, watch);
    drains_touch(engine);
}
