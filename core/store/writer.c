/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The writer thread. It takes what waits, at most a batch at a time, into one transaction.
 *
 * What must a restart find? After droverd alone died, everything that was committed: WAL gives
 * that without any sync. After a loss of power, whatever was relied upon: a migration is
 * started only when "remember it" is on disk. So a batch that carries something of that kind (or
 * that somebody waits for) is committed with synchronous = FULL, which syncs the log and with
 * it all earlier commits; a batch of statistics with NORMAL, which does not, so that a quiet night
 * is quiet on the disk as well. A loss of power may then cost the last statistics, never order:
 * what is missing is always the end.
 */
#include "base/memory.h"
#include "store/store_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#define BATCH_RECORDS 2000
#define BATCH_BYTES ((size_t)8 * 1024 * 1024)
#define GATHER_MS 50
#define FIRST_RETRY_MS 500
#define LONGEST_RETRY_MS 10000
#define TRIM_EVERY_MS 60000

static const char *const sql[N_OPS] = {
    [OP_EVENT] = "INSERT OR REPLACE INTO event(seq, at, json) VALUES (?1, ?3, ?4)",
    [OP_EFFECT] = "INSERT OR REPLACE INTO effect(n, event, at, kind, json)"
                  " VALUES (?1, ?2, ?3, ?4, ?5)",
    [OP_DECISION] = "INSERT OR REPLACE INTO decision(id, at, vm, uuid, json)"
                    " VALUES (?1, ?3, ?4, ?5, ?6)",
    [OP_MIGRATION] = "INSERT OR REPLACE INTO migration(id, ended, at, json)"
                     " VALUES (?1, ?2, ?3, ?4)",
    [OP_REMEMBER] = "INSERT OR REPLACE INTO remembered(name, value) VALUES (?4, ?5)",
    [OP_FORGET] = "DELETE FROM remembered WHERE name = ?4",
    [OP_DEFINITION] =
        "INSERT OR REPLACE INTO definition(vm, at, host, xml) VALUES (?4, ?3, ?5, ?6)",
    [OP_TEXT] = "INSERT OR REPLACE INTO text(hash, name, text) VALUES (?4, ?5, ?6)",
};

/* `commits` always changes: an empty transaction would not be synced. */
static const char counters_sql[] =
    "INSERT OR REPLACE INTO counter(name, value) SELECT 'seq', ?1 UNION ALL SELECT 'n', ?2"
    " UNION ALL SELECT 'id', ?3 UNION ALL"
    " SELECT 'commits', value + 1 FROM counter WHERE name = 'commits'";

int writer_prepare(struct store *store, struct error *error)
{
    for (int op = 0; op < N_OPS; op++)
        if (sql[op] && sqlite3_prepare_v3(store->writer, sql[op], -1, SQLITE_PREPARE_PERSISTENT,
                                          &store->statement[op], NULL) != SQLITE_OK)
            return database_error(store->writer, store->path, error);
    if (sqlite3_prepare_v3(store->writer, counters_sql, -1, SQLITE_PREPARE_PERSISTENT,
                           &store->counters, NULL) != SQLITE_OK)
        return database_error(store->writer, store->path, error);
    store->synced_mode = true;
    return 0;
}

void writer_finish(struct store *store)
{
    for (int op = 0; op < N_OPS; op++)
        sqlite3_finalize(store->statement[op]);
    sqlite3_finalize(store->counters);
    sqlite3_close(store->writer);
}

/* --- one batch --------------------------------------------------------------------------- */

static void bind(sqlite3_stmt *statement, const struct store_entry *entry)
{
    int n = sqlite3_bind_parameter_count(statement);
    for (int i = 0; i < 2 && i < n; i++)
        sqlite3_bind_int64(statement, i + 1, entry->number[i]);
    if (n >= 3)
        sqlite3_bind_double(statement, 3, entry->at);
    for (int i = 0; i < 3 && i + 4 <= n; i++)
        sqlite3_bind_text(statement, i + 4, entry->text[i], -1, SQLITE_STATIC);
}

/* These are about one record; the others are about the file, and will pass or be seen to. */
static bool record_is_at_fault(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_TOOBIG || primary == SQLITE_CONSTRAINT || primary == SQLITE_MISMATCH;
}

static bool write_entry(struct store *store, const struct store_entry *entry, uint64_t *refused)
{
    sqlite3_stmt *statement = store->statement[entry->op];
    if (!statement)
        return true;
    bind(statement, entry);
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (code == SQLITE_DONE)
        return true;
    if (!record_is_at_fault(code))
        return false;
    (*refused)++;
    return true;
}

struct counters {
    uint64_t seq, n, id;
};

static bool write_counters(struct store *store, const struct counters *counters)
{
    sqlite3_bind_int64(store->counters, 1, (int64_t)counters->seq);
    sqlite3_bind_int64(store->counters, 2, (int64_t)counters->n);
    sqlite3_bind_int64(store->counters, 3, (int64_t)counters->id);
    int code = sqlite3_step(store->counters);
    sqlite3_reset(store->counters);
    return code == SQLITE_DONE;
}

static bool run(struct store *store, const char *text)
{
    return sqlite3_exec(store->writer, text, NULL, NULL, NULL) == SQLITE_OK;
}

static bool set_synced(struct store *store, bool synced)
{
    if (store->synced_mode == synced)
        return true;
    bool ok = run(store, synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (ok)
        store->synced_mode = synced;
    return ok;
}

/* The error's text is taken before the rollback, which would replace it. */
static bool write_batch(struct store *store, const struct counters *counters, uint64_t *refused,
                        struct error *error)
{
    bool synced = store->batch.bytes[CLASS_KEPT] > 0;
    bool ok = set_synced(store, synced) && run(store, "BEGIN IMMEDIATE");
    for (const struct store_entry *entry = store->batch.first; ok && entry; entry = entry->next)
        ok = write_entry(store, entry, refused);
    ok = ok && write_counters(store, counters) && run(store, "COMMIT");
    if (ok)
        return true;
    database_error(store->writer, store->path, error);
    if (!sqlite3_get_autocommit(store->writer))
        run(store, "ROLLBACK");
    return false;
}

/* --- the thread -------------------------------------------------------------------------- */

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sleep under the lock for so long, or until `flag` is set or the store closes. */
static void pause_ms(struct store *store, long ms, const bool *flag)
{
    long until = now_ms() + ms;
    struct timespec when = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    while (!store->closing && !(flag && *flag))
        if (pthread_cond_timedwait(&store->wake, &store->lock, &when) == ETIMEDOUT)
            return;
}

/* Under the lock. False: closing, and nothing is left. */
static bool take_batch(struct store *store)
{
    while (!store->queue.n && !store->batch.n && !store->closing)
        pthread_cond_wait(&store->wake, &store->lock);
    if (!store->urgent && !store->batch.n)
        pause_ms(store, GATHER_MS, &store->urgent);
    while (store->batch.n < BATCH_RECORDS && queue_bytes(&store->batch) < BATCH_BYTES) {
        struct store_entry *entry = queue_take(&store->queue);
        if (!entry)
            break;
        queue_put(&store->batch, entry);
    }
    if (!store->queue.n)
        store->urgent = false;
    return store->batch.n > 0;
}

/* Under the lock: answer the barriers of a queue, and take them out where it is not written. */
static void answer_barriers(struct store *store, struct store_queue *queue, bool on_disk)
{
    struct store_queue rest;
    queue_init(&rest);
    for (struct store_entry *entry; (entry = queue_take(queue)) != NULL;) {
        if (entry->op != OP_BARRIER) {
            queue_put(&rest, entry);
            continue;
        }
        delivery_barrier(store, entry, on_disk);
        free(entry);
    }
    *queue = rest;
    if (!queue->first)
        queue->last = &queue->first;
}

/* Under the lock. What was lost is said once it is over, not for every batch. */
static void written(struct store *store)
{
    answer_barriers(store, &store->batch, true);
    queue_clear(&store->batch);
    bool over = store->queue.n == 0;
    if (store->failing)
        delivery_notice(store, false, "the journal %s is written again; %llu records were lost",
                        store->path, (unsigned long long)(store->lost - store->lost_said));
    else if (over && store->lost != store->lost_said)
        delivery_notice(store, false, "the journal %s lost %llu records: the disk is too slow for "
                        "what happens, or records were too large",
                        store->path, (unsigned long long)(store->lost - store->lost_said));
    if (over || store->failing)
        store->lost_said = store->lost;
    store->failing = false;
}

static void not_written(struct store *store, const struct error *error)
{
    answer_barriers(store, &store->batch, false);
    answer_barriers(store, &store->queue, false);
    if (!store->failing)
        delivery_notice(store, true, "%s; drover goes on without, and keeps trying", error->text);
    store->failing = true;
}

/* Without the lock: old records, while nothing new waits. */
static void trim(struct store *store)
{
    long now = now_ms();
    bool due = store->trimmed_ms == 0 || now - store->trimmed_ms > TRIM_EVERY_MS;
    if (!due && (store->mib <= 0 || store->trim_stuck))
        return;
    if (due) {
        store->trimmed_ms = now;
        store->trim_stuck = false;
    }
    for (bool more = true, waiting = false; more && !waiting;) {
        pthread_mutex_lock(&store->lock);
        double newest = store->newest;
        pthread_mutex_unlock(&store->lock);
        more = retention_step(store, newest);
        pthread_mutex_lock(&store->lock);
        waiting = store->queue.n > 0 || store->closing;
        pthread_mutex_unlock(&store->lock);
    }
    retention_tidy(store);
}

static bool attempt(struct store *store)
{
    struct counters counters = {store->last_seq, store->last_n, store->last_id};
    struct error error = ERROR_INIT;
    uint64_t refused = 0;
    pthread_mutex_unlock(&store->lock);
    bool ok = write_batch(store, &counters, &refused, &error);
    pthread_mutex_lock(&store->lock);
    if (!ok) {
        not_written(store, &error);
        return false;
    }
    store->lost += refused;
    written(store);
    return true;
}

void *writer_main(void *data)
{
    struct store *store = data;
    long retry_ms = FIRST_RETRY_MS;
    pthread_mutex_lock(&store->lock);
    while (take_batch(store)) {
        if (attempt(store)) {
            retry_ms = FIRST_RETRY_MS;
            pthread_mutex_unlock(&store->lock);
            trim(store);
            pthread_mutex_lock(&store->lock);
            continue;
        }
        if (store->closing)
            break; /* one last try was made */
        pause_ms(store, retry_ms, NULL);
        retry_ms = retry_ms * 2 < LONGEST_RETRY_MS ? retry_ms * 2 : LONGEST_RETRY_MS;
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}
