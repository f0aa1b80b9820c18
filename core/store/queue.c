/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue between the loop and the writer. It is bounded by bytes: a disk that is full for a
 * night must not take the daemon's memory with it. What can be had again goes first.
 */
#include "base/memory.h"
#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_LIMIT ((size_t)64 * 1024 * 1024)

void queue_init(struct store_queue *queue)
{
    memset(queue, 0, sizeof *queue);
    queue->last = &queue->first;
}

void queue_put(struct store_queue *queue, struct store_entry *entry)
{
    entry->next = NULL;
    *queue->last = entry;
    queue->last = &entry->next;
    queue->bytes[entry->class] += entry->bytes;
    queue->n++;
}

struct store_entry *queue_take(struct store_queue *queue)
{
    struct store_entry *entry = queue->first;
    if (!entry)
        return NULL;
    queue->first = entry->next;
    if (!queue->first)
        queue->last = &queue->first;
    queue->bytes[entry->class] -= entry->bytes;
    queue->n--;
    entry->next = NULL;
    return entry;
}

void queue_clear(struct store_queue *queue)
{
    for (struct store_entry *entry; (entry = queue_take(queue)) != NULL;)
        free(entry);
}

size_t queue_bytes(const struct store_queue *queue)
{
    size_t bytes = 0;
    for (int class = 0; class < N_CLASSES; class ++)
        bytes += queue->bytes[class];
    return bytes;
}

/* Drop the oldest samples until `need` bytes are free. */
static void drop_samples(struct store_queue *queue, size_t need, uint64_t *dropped)
{
    size_t freed = 0;
    struct store_entry **place = &queue->first;
    while (*place && freed < need) {
        struct store_entry *entry = *place;
        if (entry->class != CLASS_SAMPLE) {
            place = &entry->next;
            continue;
        }
        *place = entry->next;
        queue->bytes[CLASS_SAMPLE] -= entry->bytes;
        queue->n--;
        freed += entry->bytes;
        (*dropped)++;
        free(entry);
    }
    /* The last one may have gone. */
    while (*place)
        place = &(*place)->next;
    queue->last = place;
}

bool queue_make_room(struct store_queue *queue, size_t held, const struct store_entry *entry,
                     uint64_t *dropped)
{
    size_t used = queue_bytes(queue) + held;
    if (used + entry->bytes <= QUEUE_LIMIT)
        return true;
    if (entry->class != CLASS_SAMPLE && queue->bytes[CLASS_SAMPLE] > 0) {
        /* An eighth at once, so that a queue that stays full is not walked for every record. */
        size_t need = used + entry->bytes - QUEUE_LIMIT;
        drop_samples(queue, need > QUEUE_LIMIT / 8 ? need : QUEUE_LIMIT / 8, dropped);
        used = queue_bytes(queue) + held;
    }
    if (used + entry->bytes <= QUEUE_LIMIT || entry->class == CLASS_KEPT)
        return true;
    (*dropped)++;
    return false;
}

struct store_entry *entry_new(enum store_op op, enum store_class class, int64_t number0,
                              int64_t number1, double at, const char *const texts[3])
{
    size_t length[3] = {0}, total = 0;
    for (int i = 0; i < 3; i++)
        if (texts[i])
            total += length[i] = strlen(texts[i]) + 1;
    struct store_entry *entry = memory_new(sizeof *entry + total);
    entry->op = op;
    entry->class = class;
    entry->bytes = sizeof *entry + total;
    entry->number[0] = number0;
    entry->number[1] = number1;
    entry->at = at;
    char *place = entry->data;
    for (int i = 0; i < 3; i++) {
        if (!texts[i])
            continue;
        entry->text[i] = memcpy(place, texts[i], length[i]);
        place += length[i];
    }
    return entry;
}
