/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM that two hosts claim. Mostly it has just been moved by another tool, and one of the two
 * has not been heard yet: news of hosts come in any order, and late where droverd was away. So a
 * claim is a doubt first: both hosts are asked, and only if both, asked anew, say that it runs
 * there, it is said loudly. drover does nothing about it: which copy is the right one, people know.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static struct doubt *find(struct engine *engine, const char *vm)
{
    for (uint32_t i = 0; i < engine->n_doubts; i++)
        if (strcmp(engine->doubts[i].vm, vm) == 0)
            return &engine->doubts[i];
    return NULL;
}

void doubt_free(struct doubt *doubt)
{
    free(doubt->vm);
    free(doubt->host[0]);
    free(doubt->host[1]);
}

void doubt_raise(struct engine *engine, const char *vm, const char *one, const char *other)
{
    if (find(engine, vm))
        return;
    engine->doubts = memory_grow(engine->doubts, &engine->doubt_room, engine->n_doubts + 1,
                                 sizeof *engine->doubts);
    engine->doubts[engine->n_doubts++] = (struct doubt){
        .vm = memory_copy_text(vm),
        .host = {memory_copy_text(one), memory_copy_text(other)},
        .since = engine->now,
    };
    emit(engine, EFFECT_REFRESH)->host = emit_text(engine, one);
    emit(engine, EFFECT_REFRESH)->host = emit_text(engine, other);
}

/* A word about the VM alone may be one of before, that was long on its way: it proves nothing. */
static bool is_anew(const struct engine *engine, const struct doubt *doubt, const char *host)
{
    const struct watch *watch = watch_find(engine, host);
    return watch && watch->report_step == engine->step && watch->report_at >= doubt->since;
}

bool doubt_seen(struct engine *engine, const struct vm *seen, const char *host)
{
    struct doubt *doubt = find(engine, vm_key(seen));
    if (!doubt)
        return false;
    for (int i = 0; i < 2; i++)
        if (strcmp(doubt->host[i], host) == 0)
            doubt->seen[i] |= is_anew(engine, doubt, host);
    if (doubt->told || !doubt->seen[0] || !doubt->seen[1])
        return true;
    doubt->told = true;
    notice(engine, NOTICE_ERROR, "vm.twice", host, seen->name,
           "VM %s (%s) runs twice: host %s and host %s both say so; stop one of the two by hand, "
           "drover does not touch it",
           seen->name, vm_key(seen), doubt->host[0], doubt->host[1]);
    return true;
}

void doubt_end(struct engine *engine, const char *vm, const char *host)
{
    struct doubt *doubt = find(engine, vm);
    if (!doubt || (strcmp(doubt->host[0], host) != 0 && strcmp(doubt->host[1], host) != 0))
        return;
    doubt_free(doubt);
    *doubt = engine->doubts[--engine->n_doubts];
}

const char *doubt_other(const struct engine *engine, const char *vm, const char *host)
{
    for (uint32_t i = 0; i < engine->n_doubts; i++) {
        const struct doubt *doubt = &engine->doubts[i];
        if (strcmp(doubt->vm, vm) == 0)
            return doubt->host[strcmp(doubt->host[0], host) == 0];
    }
    return NULL;
}

bool vm_is_doubted(const struct engine *engine, const char *vm)
{
    for (uint32_t i = 0; i < engine->n_doubts; i++)
        if (strcmp(engine->doubts[i].vm, vm) == 0)
            return true;
    return false;
}
