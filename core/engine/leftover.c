/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM that was restarted elsewhere may still be defined on the host that died. When that host is
 * back, the definition is removed before the host is up: somebody could start it there, and the
 * VM would run twice. It is removed only while the VM is known to run elsewhere, and only where a
 * restart or a cold move of drover's left it: other definitions are none of its business.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REMOVE_S 60.0 /* for so long a host waits for what was left on it to be removed */
#define ASK_S 5.0     /* and is asked so often meanwhile */

void leftover_free(struct leftover *leftover)
{
    free(leftover->vm);
    free(leftover->host);
}

static struct leftover *find(const struct engine *engine, const char *vm, const char *host)
{
    for (uint32_t i = 0; i < engine->n_leftovers; i++)
        if (strcmp(engine->leftovers[i].vm, vm) == 0 &&
            strcmp(engine->leftovers[i].host, host) == 0)
            return &engine->leftovers[i];
    return NULL;
}

static const char *name_of(struct engine *engine, const char *vm, const char *host)
{
    return emit_printf(engine, "left/%s/%s", host, vm);
}

bool leftover_is_at(const struct engine *engine, const char *vm, const char *host)
{
    return find(engine, vm, host) != NULL;
}

void leftover_recall(struct engine *engine, const char *vm, const char *host)
{
    if (find(engine, vm, host))
        return;
    engine->leftovers = memory_grow(engine->leftovers, &engine->leftover_room,
                                    engine->n_leftovers + 1, sizeof *engine->leftovers);
    engine->leftovers[engine->n_leftovers++] = (struct leftover){
        .vm = memory_copy_text(vm), .host = memory_copy_text(host), .until = NAN,
    };
}

void leftover_add(struct engine *engine, const char *vm, const char *host)
{
    if (find(engine, vm, host))
        return; /* and remembered */
    leftover_recall(engine, vm, host);
    remember(engine, name_of(engine, vm, host), host);
}

/*
 * Its host says so, now: what is remembered of it, or was said before that went, is not enough. Nor
 * does it go to where the definition is: then that is the one that it will need.
 */
static bool is_known_to_run(const struct engine *engine, const struct vm *vm)
{
    const struct watch *watch = vm->host ? watch_find(engine, vm->host) : NULL;
    return watch && watch->connected && watch->reported && vm_occupies(vm) && !vm->to &&
           vm->state != DROVER_VM_MIGRATING && !keep_is_hearsay(engine, vm_key(vm)) &&
           !vm_is_doubted(engine, vm_key(vm));
}

/*
 * The host is back, and has it defined, and off. Where it runs may have to be heard first, as after
 * a restart of droverd: the host waits for that, too.
 */
void leftover_seen(struct engine *engine, const char *vm, const char *host)
{
    struct leftover *leftover = find(engine, vm, host);
    const struct vm *known = fleet_vm(engine->fleet, vm);
    if (!leftover || !known || !known->host || !vm_occupies(known) ||
        strcmp(known->host, host) == 0)
        return;
    if (isnan(leftover->until))
        leftover->until = engine->now + REMOVE_S;
    leftover->ask_at = engine->now + ASK_S;
    if (!is_known_to_run(engine, known))
        return;
    struct effect *effect = emit(engine, EFFECT_UNDEFINE);
    effect->host = emit_text(engine, host);
    effect->vm = emit_text(engine, vm);
    notice(engine, NOTICE_INFO, "vm.leftover", host, known->name,
           "host %s still has the definition of VM %s, which was started on host %s: it is "
           "removed there", host, known->name, known->host);
    engine->dirty = true;
}

void leftover_gone(struct engine *engine, const char *vm, const char *host)
{
    struct leftover *leftover = find(engine, vm, host);
    if (!leftover)
        return;
    forget(engine, name_of(engine, vm, host));
    leftover_free(leftover);
    *leftover = engine->leftovers[--engine->n_leftovers];
    engine->dirty = true;
}

static bool lists(const struct event *event, const char *vm)
{
    const struct vm *vms = event->vms.item;
    for (uint32_t i = 0; i < event->vms.n; i++)
        if (strcmp(vm_key(&vms[i]), vm) == 0)
            return true;
    return false;
}

/* What a whole report does not list is not there. */
void leftovers_of_report(struct engine *engine, const struct event *event)
{
    for (uint32_t i = engine->n_leftovers; i-- > 0;)
        if (strcmp(engine->leftovers[i].host, event->host) == 0 &&
            !lists(event, engine->leftovers[i].vm))
            leftover_gone(engine, engine->leftovers[i].vm, event->host);
}

/* When it is back it waits anew. */
void leftovers_lost_host(struct engine *engine, const char *host)
{
    for (uint32_t i = 0; i < engine->n_leftovers; i++)
        if (strcmp(engine->leftovers[i].host, host) == 0)
            engine->leftovers[i].until = NAN;
}

bool leftovers_hold(struct engine *engine, const char *host)
{
    bool hold = false, ask = false;
    for (uint32_t i = 0; i < engine->n_leftovers; i++) {
        struct leftover *leftover = &engine->leftovers[i];
        if (strcmp(leftover->host, host) != 0 || !(engine->now < leftover->until))
            continue;
        ask |= engine->now >= leftover->ask_at;
        if (engine->now >= leftover->ask_at)
            leftover->ask_at = engine->now + ASK_S;
        wake_at(engine, fmin(leftover->until, leftover->ask_at));
        hold = true;
    }
    if (ask)
        emit(engine, EFFECT_REFRESH)->host = emit_text(engine, host);
    return hold;
}
