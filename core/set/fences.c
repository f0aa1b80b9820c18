/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fence devices of a set: see fences.h. */
#include "set/fences.h"

#include "base/memory.h"
#include "base/sha256.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct fences {
    atomic_uint references;
    struct fence_device *device;
    uint32_t n, room;
    char hash[SHA256_TEXT_SIZE];
    struct arena arena;
};

static void add_text(struct sha256 *sha, const char *text)
{
    sha256_add(sha, text, strlen(text) + 1);
}

static void add_to_hash(struct sha256 *sha, const struct host_setting *host,
                        const struct fence_setting *setting)
{
    add_text(sha, host->name);
    add_text(sha, host->uri);
    add_text(sha, setting->unit);
    for (uint32_t i = 0; i < setting->parameters.n; i++) {
        add_text(sha, setting->parameters.item[i].key);
        add_text(sha, setting->parameters.item[i].value);
    }
}

/* unit NULL: it is not here, and so nothing is known of it. */
static void mark(struct fence_setting *setting, const struct drover_unit *unit)
{
    setting->soft = unit && unit->flags & DROVER_SOFT;
    setting->listens = unit && unit->flags & DROVER_LISTENS;
}

static int bind_device(struct fences *fences, const struct host_setting *host, uint32_t index,
                       struct plug *plug, struct error *error)
{
    struct fence_setting *setting = (struct fence_setting *)host->fence.item + index;
    struct unit_wanted wanted = {
        .kind = DROVER_FENCE,
        .name = setting->unit,
        .parameters = &setting->parameters,
        .subject = arena_printf(&fences->arena, "host %s: fence %s", host->name, setting->unit),
        .file = host->file,
        .mark = {host->line, host->column},
    };
    struct bound_unit *unit = plug_bind_alone(plug, &wanted, error);
    if (!unit)
        return -1;
    mark(setting, unit->unit);
    fences->device =
        memory_grow(fences->device, &fences->room, fences->n + 1, sizeof *fences->device);
    fences->device[fences->n++] = (struct fence_device){
        .host = arena_text(&fences->arena, host->name),
        .uri = arena_text(&fences->arena, host->uri),
        .index = index,
        .timeout_s = setting->timeout_s,
        .unit = unit,
    };
    return 0;
}

static int bind_all(struct fences *fences, const struct settings *settings, struct plug *plug,
                    struct error *error)
{
    const struct host_setting *hosts = settings->hosts.item;
    struct sha256 sha;
    sha256_begin(&sha);
    for (uint32_t i = 0; i < settings->hosts.n; i++) {
        for (uint32_t j = 0; j < hosts[i].fence.n; j++) {
            if (bind_device(fences, &hosts[i], j, plug, error) < 0)
                return -1;
            add_to_hash(&sha, &hosts[i], (const struct fence_setting *)hosts[i].fence.item + j);
        }
    }
    sha256_end(&sha, fences->hash);
    return 0;
}

struct fences *fences_bind(struct settings *settings, struct plug *plug, struct error *error)
{
    struct fences *fences = memory_new(sizeof *fences);
    atomic_init(&fences->references, 1);
    if (bind_all(fences, settings, plug, error) == 0)
        return fences;
    fences_unref(fences);
    return NULL;
}

void fences_mark(struct settings *settings, const struct plug *plug)
{
    const struct host_setting *hosts = settings->hosts.item;
    for (uint32_t i = 0; i < settings->hosts.n; i++) {
        struct fence_setting *devices = hosts[i].fence.item;
        for (uint32_t j = 0; j < hosts[i].fence.n; j++) {
            const struct plug_unit *unit = plug_find(plug, DROVER_FENCE, devices[j].unit);
            mark(&devices[j], unit ? unit->unit : NULL);
        }
    }
}

struct fences *fences_ref(struct fences *fences)
{
    atomic_fetch_add(&fences->references, 1);
    return fences;
}

void fences_unref(struct fences *fences)
{
    if (!fences || atomic_fetch_sub(&fences->references, 1) > 1)
        return;
    for (uint32_t i = 0; i < fences->n; i++)
        plug_unbind_alone(fences->device[i].unit);
    free(fences->device);
    arena_free(&fences->arena);
    free(fences);
}

const struct fence_device *fences_find(const struct fences *fences, const char *host,
                                       uint32_t index)
{
    for (uint32_t i = 0; i < fences->n; i++)
        if (fences->device[i].index == index && strcmp(fences->device[i].host, host) == 0)
            return &fences->device[i];
    return NULL;
}

const char *fences_hash(const struct fences *fences)
{
    return fences->hash;
}
