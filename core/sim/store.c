/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal of a simulation: what a restart needs, in memory, in order of names. */
#include "sim/run_private.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void drop(struct memory_store *store, uint32_t i)
{
    free(store->item[i].name);
    free(store->item[i].value);
    memmove(&store->item[i], &store->item[i + 1], (store->n - i - 1) * sizeof *store->item);
    store->n--;
}

static void insert(struct memory_store *store, uint32_t i, const char *name, const char *value)
{
    store->item = memory_grow(store->item, &store->capacity, store->n + 1, sizeof *store->item);
    memmove(&store->item[i + 1], &store->item[i], (store->n - i) * sizeof *store->item);
    store->item[i] = (struct memo){memory_copy_text(name), memory_copy_text(value)};
    store->n++;
}

void memory_put(struct memory_store *store, const char *name, const char *value)
{
    uint32_t i = 0;
    while (i < store->n && strcmp(store->item[i].name, name) < 0)
        i++;
    if (i < store->n && strcmp(store->item[i].name, name) == 0)
        drop(store, i);
    if (value)
        insert(store, i, name, value);
}

void memory_keep(struct memory_store *store, const struct effects *effects)
{
    for (uint32_t i = 0; i < effects->n; i++) {
        const struct effect *effect = &effects->item[i];
        if (effect->id > store->last_id)
            store->last_id = effect->id;
        if (effect->kind == EFFECT_REMEMBER)
            memory_put(store, effect->name, effect->value);
        else if (effect->kind == EFFECT_FORGET)
            memory_put(store, effect->name, NULL);
    }
}

void memory_free(struct memory_store *store)
{
    while (store->n > 0)
        drop(store, store->n - 1);
    free(store->item);
}
