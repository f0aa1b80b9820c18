/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks and storage that a host's VMs use and that are gone. That a host does not list a thing
 * is not enough: an image may lie in a directory of which nobody made a pool, and a VM that runs
 * has what it needs. Gone is what the host has listed while a VM there used it, and lists no more
 * (`lost`, which is remembered over a restart), and a pool that a disk names: without it being
 * active the VM would not have started.
 */
#include "engine/internal.h"

#include "base/field_lines.h"

#include <string.h>

static const struct kind {
    const char *what;
    size_t host, vm, lost; /* offsets of struct texts */
} kinds[] = {
    {"network", offsetof(struct host, networks), offsetof(struct vm, networks),
     offsetof(struct lost, networks)},
    {"storage", offsetof(struct host, storage), offsetof(struct vm, storage),
     offsetof(struct lost, storage)},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

#define LOST(member) offsetof(struct lost, member)
static const struct field lost_fields[] = {
    {.key = "networks", .type = FIELD_TEXTS, .offset = LOST(networks), .default_text = ""},
    {.key = "storage", .type = FIELD_TEXTS, .offset = LOST(storage), .default_text = ""},
    {.key = NULL},
};

static const struct texts *texts_of(const void *record, size_t offset)
{
    return (const struct texts *)(const void *)((const char *)record + offset);
}

static struct texts *texts_in(struct lost *lost, const struct kind *kind)
{
    return (struct texts *)(void *)((char *)lost + kind->lost);
}

static bool has(const struct texts *texts, const char *name)
{
    for (uint32_t i = 0; i < texts->n; i++)
        if (strcmp(texts->item[i], name) == 0)
            return true;
    return false;
}

static bool is_used(const struct engine *engine, const char *host, const struct kind *kind,
                    const char *name)
{
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        const struct vm *vm = engine->fleet->vms[i];
        if (vm->host && strcmp(vm->host, host) == 0 && vm_occupies(vm) &&
            has(texts_of(vm, kind->vm), name))
            return true;
    }
    return false;
}

/* Whether it is gone where the host does not list it. */
static bool was_there(const struct watch *watch, const struct kind *kind, const char *name)
{
    bool is_pool = kind->host == offsetof(struct host, storage) && name[0] != '/';
    return is_pool || has(texts_of(&watch->lost, kind->lost), name);
}

void lost_init(struct lost *lost)
{
    *lost = (struct lost){0};
    field_defaults(lost_fields, lost);
}

void lost_free(struct lost *lost)
{
    arena_free(&lost->arena);
}

static void remember_lost(struct engine *engine, struct watch *watch)
{
    const char *name = emit_printf(engine, "lost/%s", watch->name);
    if (watch->lost.networks.n + watch->lost.storage.n > 0)
        remember(engine, name,
                 field_lines_write(&engine->out->arena, lost_fields, &watch->lost));
    else
        forget(engine, name);
}

/* Texts are copied; some of them may be those of the old one. */
static void set_lost(struct engine *engine, struct watch *watch, const struct lost *fresh)
{
    if (field_equal(lost_fields, &watch->lost, fresh))
        return;
    struct lost kept = {0};
    field_copy(lost_fields, &kept, fresh, &kept.arena);
    lost_free(&watch->lost);
    watch->lost = kept;
    remember_lost(engine, watch);
}

/*
 * Those of `names` that VMs of this host use and the host lists no more, after those that are
 * there already. Where the host cannot tell what it has, it may be any of them.
 */
static struct texts lose(const struct engine *engine, const struct watch *watch,
                         const struct kind *kind, const struct texts *before,
                         const struct texts *now, struct arena *arena)
{
    const struct texts *lost = texts_of(&watch->lost, kind->lost);
    const char **item = arena_array(arena, lost->n + before->n, sizeof *item);
    struct texts all = {.item = item, .n = lost->n, .known = true};
    for (uint32_t i = 0; i < lost->n; i++)
        item[i] = lost->item[i];
    for (uint32_t i = 0; i < before->n; i++)
        if (!has(now, before->item[i]) && !has(lost, before->item[i]) &&
            is_used(engine, watch->name, kind, before->item[i]))
            item[all.n++] = before->item[i];
    return all;
}

void lack_note(struct engine *engine, struct watch *watch, const struct host *before,
               const struct host *now)
{
    struct arena arena = ARENA_INIT;
    struct lost fresh = watch->lost;
    for (size_t k = 0; k < N_KINDS; k++) {
        const struct texts *then = texts_of(before, kinds[k].host);
        const struct texts *there = texts_of(now, kinds[k].host);
        *texts_in(&fresh, &kinds[k]) = lose(engine, watch, &kinds[k], then, there, &arena);
    }
    set_lost(engine, watch, &fresh);
    arena_free(&arena);
}

/* What is back, and what nobody uses any more, is not gone. */
static void find_again(struct engine *engine, struct watch *watch, const struct host *host)
{
    struct arena arena = ARENA_INIT;
    struct lost fresh;
    lost_init(&fresh);
    for (size_t k = 0; k < N_KINDS; k++) {
        const struct texts *lost = texts_of(&watch->lost, kinds[k].lost);
        const struct texts *there = texts_of(host, kinds[k].host);
        const char **item = arena_array(&arena, lost->n, sizeof *item);
        struct texts still = {.item = item, .known = true};
        for (uint32_t i = 0; i < lost->n; i++)
            if (!has(there, lost->item[i]) &&
                is_used(engine, watch->name, &kinds[k], lost->item[i]))
                item[still.n++] = lost->item[i];
        *texts_in(&fresh, &kinds[k]) = still;
    }
    set_lost(engine, watch, &fresh);
    arena_free(&arena);
}

/* What this VM uses and its host has no more; NULL: nothing. */
static const char *lack_of(struct arena *arena, const struct watch *watch,
                           const struct host *host, const struct vm *vm)
{
    for (size_t k = 0; k < N_KINDS; k++) {
        const struct texts *there = texts_of(host, kinds[k].host);
        const struct texts *wanted = texts_of(vm, kinds[k].vm);
        for (uint32_t i = 0; there->known && i < wanted->n; i++)
            if (!has(there, wanted->item[i]) && was_there(watch, &kinds[k], wanted->item[i]))
                return arena_printf(arena, "%s %s, which VM %s uses, is gone", kinds[k].what,
                                    wanted->item[i], vm->name);
    }
    return NULL;
}

/* Of several lacks the first in the alphabet is told, so that it does not change without reason. */
void host_update_lack(struct engine *engine, struct watch *watch)
{
    const struct host *host = fleet_host(engine->fleet, watch->name);
    struct arena arena = ARENA_INIT;
    const char *first = NULL;
    if (watch->reported && watch->lost.networks.n + watch->lost.storage.n > 0)
        find_again(engine, watch, host);
    for (uint32_t i = 0; i < engine->fleet->n_vms; i++) {
        const struct vm *vm = engine->fleet->vms[i];
        if (!vm->host || strcmp(vm->host, watch->name) != 0 || !vm_occupies(vm))
            continue;
        const char *lack = lack_of(&arena, watch, host, vm);
        if (lack && (!first || strcmp(lack, first) < 0))
            first = lack;
    }
    set_text(&watch->lack, first);
    arena_free(&arena);
    engine->dirty = true;
}

void lack_drop(struct engine *engine, struct watch *watch)
{
    if (watch->lost.networks.n + watch->lost.storage.n > 0)
        forget(engine, emit_printf(engine, "lost/%s", watch->name));
}

void lack_recall(struct engine *engine, const char *host, const char *lines)
{
    struct watch *watch = watch_find(engine, host);
    if (!watch) {
        forget(engine, emit_printf(engine, "lost/%s", host));
        return;
    }
    lost_free(&watch->lost);
    lost_init(&watch->lost);
    field_lines_read(&watch->lost.arena, lost_fields, lines, &watch->lost);
}
