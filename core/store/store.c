/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's side of the journal: records become JSON here and wait for the writer. */
#include "store/store.h"

#include "base/memory.h"
#include "codec/json.h"
#include "store/store_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A record larger than this is kept as a note of its size: nothing that happens needs more. */
#define RECORD_LIMIT ((size_t)16 * 1024 * 1024)

/* --- opening and closing ----------------------------------------------------------------- */

static void init_sync(struct store *store)
{
    pthread_mutex_init(&store->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

/*
 * The writer goes behind the reader: the last connection folds the log into the file, and one that
 * only reads cannot. The lock goes last: closing its descriptor would drop SQLite's own locks.
 */
static void destroy(struct store *store)
{
    delivery_close(store);
    sqlite3_close(store->reader);
    writer_finish(store);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    queue_clear(&store->queue);
    queue_clear(&store->batch);
    pthread_cond_destroy(&store->wake);
    pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

static int open_all(struct store *store, struct error *error)
{
    store->lock_fd = database_check_file(store->path, error);
    if (store->lock_fd < 0)
        return -1;
    store->writer = database_open_writer(store->path, error);
    if (!store->writer || database_load_counters(store, error) < 0 ||
        writer_prepare(store, error) < 0)
        return -1;
    store->reader = database_open_reader(store->path, error);
    return store->reader ? delivery_open(store, error) : -1;
}

struct store *store_open(const char *path, double days, double mib,
                         void (*notice)(void *self, bool failing, const char *text), void *self,
                         struct error *error)
{
    struct store *store = memory_new(sizeof *store);
    store->path = memory_copy_text(path);
    store->lock_fd = store->wake_fd = -1;
    store->days = days;
    store->mib = mib;
    store->notice = notice;
    store->notice_self = self;
    store->last_delivery = &store->deliveries;
    store->newest = -INFINITY;
    queue_init(&store->queue);
    queue_init(&store->batch);
    init_sync(store);
    if (open_all(store, error) < 0) {
        destroy(store);
        return NULL;
    }
    if (pthread_create(&store->thread, NULL, writer_main, store) != 0) {
        error_set(error, ERROR_FAILED, "no thread could be started for the journal %s", path);
        destroy(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    pthread_mutex_lock(&store->lock);
    store->closing = true;
    pthread_cond_broadcast(&store->wake);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->thread, NULL);
    destroy(store);
}

/* --- handing over ------------------------------------------------------------------------ */

/* Under the lock. Takes the entry over. */
static void enqueue(struct store *store, struct store_entry *entry)
{
    if (!queue_make_room(&store->queue, queue_bytes(&store->batch), entry, &store->lost)) {
        free(entry);
        return;
    }
    bool was_empty = store->queue.n == 0;
    queue_put(&store->queue, entry);
    if (entry->class == CLASS_KEPT && !store->urgent) {
        store->urgent = true;
        pthread_cond_signal(&store->wake);
    } else if (was_empty) {
        pthread_cond_signal(&store->wake);
    }
}

static void hand_over(struct store *store, struct store_entry *entry)
{
    pthread_mutex_lock(&store->lock);
    enqueue(store, entry);
    pthread_mutex_unlock(&store->lock);
}

/* A record's JSON; free() it. One that is far too large leaves a note. */
static char *record_text(const struct field *table, const void *record)
{
    json_t *json = json_from_record(table, record, NAN, JSON_SKIP_DEFAULTS);
    char *text = json_text(json);
    size_t length = strlen(text);
    if (length > RECORD_LIMIT) {
        json_t *note = json_pack("{s:O*, s:O*, s:I}", "kind", json_object_get(json, "kind"), "at",
                                 json_object_get(json, "at"), "omitted_bytes",
                                 (json_int_t)length);
        free(text);
        text = json_text(note);
        json_decref(note);
    }
    json_decref(json);
    return text;
}

uint64_t store_event(struct store *store, const struct event *event)
{
    bool sample = event->kind == EVENT_SAMPLE || event->kind == EVENT_TICK;
    char *text = record_text(event_fields, event);
    pthread_mutex_lock(&store->lock);
    uint64_t seq = ++store->last_seq;
    if (event->at > store->newest)
        store->newest = event->at;
    enqueue(store, entry_new(OP_EVENT, sample ? CLASS_SAMPLE : CLASS_PLAIN, (int64_t)seq, 0,
                             event->at, (const char *const[3]){text}));
    pthread_mutex_unlock(&store->lock);
    free(text);
    return seq;
}

static void note_id(struct store *store, uint64_t id)
{
    if (id > store->last_id)
        store->last_id = id;
}

/* The effect as such: what a replay compares with. */
static void put_effect(struct store *store, uint64_t event_seq, const struct effect *effect)
{
    char *text = record_text(effect_fields, effect);
    pthread_mutex_lock(&store->lock);
    note_id(store, effect->id);
    note_id(store, effect->move);
    uint64_t n = ++store->last_n;
    enqueue(store, entry_new(OP_EFFECT, CLASS_PLAIN, (int64_t)n, (int64_t)event_seq, effect->at,
                             (const char *const[3]){effect_kind_names[effect->kind], text}));
    pthread_mutex_unlock(&store->lock);
    free(text);
}

static void put_decision(struct store *store, const struct effect *effect)
{
    const struct decision *decision = effect->decision;
    if (!decision)
        return;
    char *text = record_text(decision_fields, decision);
    pthread_mutex_lock(&store->lock);
    note_id(store, decision->id);
    enqueue(store, entry_new(OP_DECISION, CLASS_KEPT, (int64_t)decision->id, 0, decision->at,
                             (const char *const[3]){decision->vm ? decision->vm : "",
                                                    decision->uuid ? decision->uuid : "", text}));
    pthread_mutex_unlock(&store->lock);
    free(text);
}

static void put_migration(struct store *store, const struct effect *effect)
{
    if (!effect->migration)
        return;
    char *text = record_text(migration_fields, effect->migration);
    hand_over(store, entry_new(OP_MIGRATION, CLASS_KEPT, (int64_t)effect->migration->id,
                               migration_ended(effect->migration), effect->at,
                               (const char *const[3]){text}));
    free(text);
}

static void put_remember(struct store *store, const struct effect *effect)
{
    hand_over(store, entry_new(OP_REMEMBER, CLASS_KEPT, 0, 0, effect->at,
                               (const char *const[3]){effect->name,
                                                      effect->value ? effect->value : ""}));
}

static void put_forget(struct store *store, const struct effect *effect)
{
    hand_over(store, entry_new(OP_FORGET, CLASS_KEPT, 0, 0, effect->at,
                               (const char *const[3]){effect->name}));
}

void store_effects(struct store *store, uint64_t event_seq, const struct effects *effects)
{
    static void (*const also[EFFECT_KINDS])(struct store *, const struct effect *) = {
        [EFFECT_REMEMBER] = put_remember,
        [EFFECT_FORGET] = put_forget,
        [EFFECT_DECISION] = put_decision,
        [EFFECT_MIGRATION] = put_migration,
    };
    for (uint32_t i = 0; i < effects->n; i++) {
        const struct effect *effect = &effects->item[i];
        put_effect(store, event_seq, effect);
        if (also[effect->kind])
            also[effect->kind](store, effect);
    }
}

void store_barrier(struct store *store, void (*done)(void *self, bool on_disk), void *self)
{
    struct store_entry *entry =
        entry_new(OP_BARRIER, CLASS_KEPT, 0, 0, 0, (const char *const[3]){NULL});
    entry->done = done;
    entry->self = self;
    hand_over(store, entry);
}

void store_text(struct store *store, const char *hash, const char *name, const char *text)
{
    if (strlen(text) > RECORD_LIMIT)
        return;
    hand_over(store, entry_new(OP_TEXT, CLASS_PLAIN, 0, 0, 0,
                               (const char *const[3]){hash, name, text}));
}

void store_definition(struct store *store, const char *vm, const char *host, double at,
                      const char *xml)
{
    hand_over(store, entry_new(OP_DEFINITION, CLASS_KEPT, 0, 0, at,
                               (const char *const[3]){vm, host, xml}));
}

/* --- small questions --------------------------------------------------------------------- */

uint64_t store_last_id(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    uint64_t id = store->last_id;
    pthread_mutex_unlock(&store->lock);
    return id;
}

uint64_t store_lost(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    uint64_t lost = store->lost;
    pthread_mutex_unlock(&store->lock);
    return lost;
}

bool store_failing(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    bool failing = store->failing;
    pthread_mutex_unlock(&store->lock);
    return failing;
}
