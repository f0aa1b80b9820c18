/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must be known of a VM when its host is dead and droverd has been restarted meanwhile: where
 * it ran, and what it needs. Of HA VMs, and of those that were lost with their host (or of all,
 * restarts.keep_all) that is remembered, without what changes all the time. What is recalled is
 * hearsay until a host speaks of the VM: then the host is right, also where it is another one.
 */
#include "engine/internal.h"

#include "base/field_lines.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void keep_free(struct kept *kept)
{
    free(kept->key);
    free(kept->lines);
}

/* The position of the key, or where it would stand. */
static uint32_t place_of(const struct engine *engine, const char *key, bool *found)
{
    uint32_t low = 0, high = engine->n_kept;
    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(engine->kept[middle].key, key);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct kept *put(struct engine *engine, const char *key)
{
    bool found;
    uint32_t place = place_of(engine, key, &found);
    if (found)
        return &engine->kept[place];
    engine->kept =
        memory_grow(engine->kept, &engine->kept_room, engine->n_kept + 1, sizeof *engine->kept);
    memmove(&engine->kept[place + 1], &engine->kept[place],
            (engine->n_kept++ - place) * sizeof *engine->kept);
    engine->kept[place] = (struct kept){.key = memory_copy_text(key)};
    return &engine->kept[place];
}

static const char *name_of(struct engine *engine, const char *key)
{
    return emit_printf(engine, "ha/%s", key);
}

void keep_vm(struct engine *engine, const struct vm *vm)
{
    const char *key = vm_key(vm);
    if (!vm->host || (!vm_occupies(vm) && !vm->lost) ||
        (!vm->ha && !vm->lost && !engine->settings.restarts.keep_all)) {
        keep_end(engine, key);
        return;
    }
    struct vm lasting = *vm;
    lasting.to = NULL;
    lasting.state = vm->lost ? DROVER_VM_DOWN : DROVER_VM_RUNNING;
    lasting.cpu_usage_pct = lasting.memory_used_mib = lasting.dirty_mib_s = NAN;
    lasting.dirty_at = NAN;
    lasting.moved_at = NAN;
    const char *lines = field_lines_write(&engine->out->arena, vm_fields, &lasting);
    struct kept *kept = put(engine, key);
    kept->confirmed = true;
    if (kept->lines && strcmp(kept->lines, lines) == 0)
        return;
    set_text(&kept->lines, lines);
    remember(engine, name_of(engine, key), lines);
}

void keep_end(struct engine *engine, const char *key)
{
    bool found;
    uint32_t place = place_of(engine, key, &found);
    if (!found)
        return;
    forget(engine, name_of(engine, key));
    keep_free(&engine->kept[place]);
    memmove(&engine->kept[place], &engine->kept[place + 1],
            (--engine->n_kept - place) * sizeof *engine->kept);
}

bool keep_is_hearsay(const struct engine *engine, const char *key)
{
    bool found;
    uint32_t place = place_of(engine, key, &found);
    return found && !engine->kept[place].confirmed;
}

void keep_confirm(struct engine *engine, const char *key)
{
    bool found;
    uint32_t place = place_of(engine, key, &found);
    if (found)
        engine->kept[place].confirmed = true;
}

void keep_recall(struct engine *engine, const char *key, const char *lines)
{
    struct arena arena = ARENA_INIT;
    struct vm vm;
    field_defaults(vm_fields, &vm);
    vm.name = "";
    field_lines_read(&arena, vm_fields, lines, &vm);
    bool sound = vm.name[0] && strcmp(vm_key(&vm), key) == 0 && vm.host &&
                 watch_find(engine, vm.host);
    if (sound) {
        vm.moved_at = moved_at(engine, key); /* if that was recalled first */
        fleet_put_vm(engine->fleet, &vm);
        set_text(&put(engine, key)->lines, lines);
    } else { /* its host is not configured any more, or this is nothing that was once written */
        forget(engine, name_of(engine, key));
    }
    arena_free(&arena);
}
