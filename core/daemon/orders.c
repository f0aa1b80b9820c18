/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Orders to the world. A migration, or a start, is ordered only after what is remembered of it is on disk, so
 * that a droverd that dies at once knows of it when it comes back. Where the journal cannot be
 * written (its disk is full), the order goes out all the same: libvirt knows of the migration, and
 * a VM that migrates, or runs, is recognised without memory, too.
 */
#include "daemon/daemon.h"

#include "base/memory.h"

#include <stdlib.h>

struct order {
    struct orders *orders;
    struct effect *effects;
    uint32_t n, room;
    struct arena arena;
};

struct orders {
    struct daemon *daemon;
    struct order *open;  /* being filled by this step */
    GHashTable *waiting; /* orders at the store's barrier */
};

struct orders *orders_new(struct daemon *daemon)
{
    struct orders *orders = memory_new(sizeof *orders);
    orders->daemon = daemon;
    orders->waiting = g_hash_table_new(NULL, NULL);
    return orders;
}

static void order_free(struct order *order)
{
    arena_free(&order->arena);
    free(order->effects);
    free(order);
}

static void keep(struct orders *orders, const struct effect *effect)
{
    if (!orders->open) {
        orders->open = memory_new(sizeof *orders->open);
        orders->open->orders = orders;
    }
    struct order *order = orders->open;
    order->effects =
        memory_grow(order->effects, &order->room, order->n + 1, sizeof *order->effects);
    field_copy(effect_fields, &order->effects[order->n], effect, &order->arena);
    order->effects[order->n].decision = NULL;
    order->effects[order->n].migration = NULL;
    order->n++;
}

void orders_add(struct orders *orders, const struct effect *effect)
{
    bool acts = effect->kind == EFFECT_MIGRATE || effect->kind == EFFECT_START ||
                effect->kind == EFFECT_RECOVER || effect->kind == EFFECT_SHUTDOWN ||
                effect->kind == EFFECT_CARRY;
    if (acts)
        keep(orders, effect);
    else
        orders->daemon->world.perform(orders->daemon->world.self, effect);
}

static void perform(void *self, bool on_disk)
{
    (void)on_disk;
    struct order *order = self;
    struct orders *orders = order->orders;
    if (orders) { /* NULL: the daemon is ending */
        g_hash_table_remove(orders->waiting, order);
        for (uint32_t i = 0; i < order->n; i++)
            orders->daemon->world.perform(orders->daemon->world.self, &order->effects[i]);
    }
    order_free(order);
}

void orders_flush(struct orders *orders)
{
    struct order *order = orders->open;
    if (!order)
        return;
    orders->open = NULL;
    g_hash_table_add(orders->waiting, order);
    store_barrier(orders->daemon->store, perform, order);
}

void orders_free(struct orders *orders)
{
    if (!orders)
        return;
    GHashTableIter walk;
    void *order;
    g_hash_table_iter_init(&walk, orders->waiting);
    while (g_hash_table_iter_next(&walk, &order, NULL))
        ((struct order *)order)->orders = NULL;
    g_hash_table_destroy(orders->waiting);
    if (orders->open)
        order_free(orders->open);
    free(orders);
}
