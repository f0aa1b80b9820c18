/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open addressing with linear probing. Removal shifts the run back, so there are no tombstones
 * and a table that lives for years does not slow down.
 */
#include "base/table.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash_text(const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        hash = (hash ^ *p) * 16777619u;
    return hash;
}

/* The slot that holds key, or the free one where it would go. */
static uint32_t find(const struct table *table, const char *key, uint32_t hash)
{
    uint32_t mask = table->capacity - 1;
    uint32_t i = hash & mask;
    while (table->slot[i].key &&
           (table->slot[i].hash != hash || strcmp(table->slot[i].key, key) != 0))
        i = (i + 1) & mask;
    return i;
}

uint32_t table_get(const struct table *table, const char *key)
{
    if (table->capacity == 0)
        return TABLE_NONE;
    const struct table_slot *slot = &table->slot[find(table, key, hash_text(key))];
    return slot->key ? slot->value : TABLE_NONE;
}

static void enlarge(struct table *table)
{
    struct table old = *table;
    table->capacity = old.capacity ? old.capacity * 2 : 16;
    table->slot = memory_array(table->capacity, sizeof *table->slot);
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.slot[i].key)
            table->slot[find(table, old.slot[i].key, old.slot[i].hash)] = old.slot[i];
    free(old.slot);
}

void table_put(struct table *table, const char *key, uint32_t value)
{
    if ((table->n + 1) * 4 > table->capacity * 3)
        enlarge(table);
    uint32_t hash = hash_text(key);
    struct table_slot *slot = &table->slot[find(table, key, hash)];
    if (!slot->key)
        table->n++;
    *slot = (struct table_slot){.key = key, .value = value, .hash = hash};
}

uint32_t table_remove(struct table *table, const char *key)
{
    if (table->capacity == 0)
        return TABLE_NONE;
    uint32_t mask = table->capacity - 1;
    uint32_t hole = find(table, key, hash_text(key));
    if (!table->slot[hole].key)
        return TABLE_NONE;
    uint32_t value = table->slot[hole].value;
    for (uint32_t i = (hole + 1) & mask; table->slot[i].key; i = (i + 1) & mask) {
        uint32_t home = table->slot[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table->slot[hole] = table->slot[i];
            hole = i;
        }
    }
    table->slot[hole].key = NULL;
    table->n--;
    return value;
}

void table_free(struct table *table)
{
    free(table->slot);
    *table = (struct table)TABLE_INIT;
}
