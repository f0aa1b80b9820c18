/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeping the journal within its age and size. Oldest first, in steps so small that a step does
 * not hold up the records that wait. What a restart needs is never touched: remembered things,
 * migrations that have not ended, counters; nor the texts that decisions name by hash.
 */
#include "store/store_private.h"

#include <math.h>
#include <time.h>

#define N_STEPS 4

/*
 * ?1: events up to this number, ?2: or everything older than this. Each looks only at its
 * oldest rows, so a step costs the same however large the journal is.
 */
static const char *const by_age[N_STEPS] = {
    "DELETE FROM event WHERE seq IN (SELECT seq FROM event ORDER BY seq LIMIT 500) AND at < ?2",
    "DELETE FROM effect WHERE n IN (SELECT n FROM effect ORDER BY n LIMIT 1000) AND at < ?2",
    "DELETE FROM decision WHERE id IN (SELECT id FROM decision ORDER BY id LIMIT 200) AND at < ?2",
    ("DELETE FROM migration WHERE id IN (SELECT id FROM migration WHERE ended ORDER BY id"
     " LIMIT 200) AND at < ?2"),
};

static const char *const by_size[N_STEPS] = {
    "DELETE FROM event WHERE seq <= ?1",
    "DELETE FROM effect WHERE n IN (SELECT n FROM effect ORDER BY n LIMIT 2000) AND event <= ?1",
    "DELETE FROM decision WHERE id IN (SELECT id FROM decision ORDER BY id LIMIT 200) AND at <= ?2",
    ("DELETE FROM migration WHERE id IN (SELECT id FROM migration WHERE ended ORDER BY id"
     " LIMIT 200) AND at <= ?2"),
};

static bool run_all(struct store *store, const char *const sql[N_STEPS], int64_t seq, double at)
{
    sqlite3 *db = store->writer;
    int before = sqlite3_total_changes(db);
    bool ok = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    for (int i = 0; ok && i < N_STEPS; i++) {
        sqlite3_stmt *statement = NULL;
        ok = sqlite3_prepare_v2(db, sql[i], -1, &statement, NULL) == SQLITE_OK;
        if (ok && sqlite3_bind_parameter_index(statement, "?1"))
            sqlite3_bind_int64(statement, 1, seq);
        if (ok && sqlite3_bind_parameter_index(statement, "?2"))
            sqlite3_bind_double(statement, 2, at);
        ok = ok && sqlite3_step(statement) == SQLITE_DONE;
        sqlite3_finalize(statement);
    }
    ok = ok && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return ok && sqlite3_total_changes(db) != before;
}

static double pragma(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    double value = 0;
    if (sqlite3_prepare_v2(store->writer, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* What is in use; pages that are free will be filled again, or given back by retention_tidy. */
static double used_mib(struct store *store)
{
    double pages = pragma(store, "PRAGMA page_count") - pragma(store, "PRAGMA freelist_count");
    return pages * pragma(store, "PRAGMA page_size") / (1024 * 1024);
}

/* The oldest 500 events: up to which number, and to what time. All gone: everything else may. */
static void oldest_chunk(struct store *store, int64_t *seq, double *at)
{
    sqlite3_stmt *statement = NULL;
    *seq = INT64_MAX;
    *at = INFINITY;
    if (sqlite3_prepare_v2(store->writer,
                           "SELECT max(seq), max(at) FROM"
                           " (SELECT seq, at FROM event ORDER BY seq LIMIT 500)",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL) {
        *seq = sqlite3_column_int64(statement, 0);
        *at = sqlite3_column_double(statement, 1);
    }
    sqlite3_finalize(statement);
}

/*
 * Now is the newest event's time, for a journal may be a simulator's; but never later than the
 * real clock, or one event from the future would empty it.
 */
static double cutoff(const struct store *store, double newest)
{
    double real = (double)time(NULL);
    return (newest < real ? newest : real) - store->days * 86400;
}

bool retention_step(struct store *store, double newest)
{
    if (store->days > 0 && run_all(store, by_age, 0, cutoff(store, newest)))
        return true;
    if (store->mib <= 0 || used_mib(store) <= store->mib)
        return false;
    int64_t seq;
    double at;
    oldest_chunk(store, &seq, &at);
    bool some = run_all(store, by_size, seq, at);
    store->trim_stuck = !some;
    return some;
}

void retention_tidy(struct store *store)
{
    if (pragma(store, "PRAGMA freelist_count") > 256)
        sqlite3_exec(store->writer, "PRAGMA incremental_vacuum(256)", NULL, NULL, NULL);
}
