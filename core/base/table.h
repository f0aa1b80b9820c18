/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table from texts to numbers (mostly: a name to an index). Keys are borrowed: whoever puts
 * them in keeps them alive. It has no order: never walk it where the order could be seen.
 */
#ifndef DROVER_BASE_TABLE_H
#define DROVER_BASE_TABLE_H

#include <stdint.h>

#define TABLE_NONE UINT32_MAX

struct table_slot {
    const char *key; /* NULL: free */
    uint32_t value;
    uint32_t hash;
};

struct table {
    struct table_slot *slot;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t n;
};

#define TABLE_INIT {NULL, 0, 0}

/* The value of key, or TABLE_NONE. */
uint32_t table_get(const struct table *table, const char *key);

/* Put or replace; value must not be TABLE_NONE. */
void table_put(struct table *table, const char *key, uint32_t value);

/* Returns the removed value, or TABLE_NONE. */
uint32_t table_remove(struct table *table, const char *key);

void table_free(struct table *table);

#endif
