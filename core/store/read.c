/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the journal back, on the caller's thread, by a connection that can only read. Every
 * query goes by a key or an index and has a limit.
 */
#include "codec/json.h"
#include "base/memory.h"
#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 10000u
/* A decision over a thousand hosts is large: a list ends here, the newest are what is wanted. */
#define MOST_BYTES ((size_t)16 * 1024 * 1024)

static sqlite3_stmt *prepare(struct store *store, const char *sql, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->reader, sql, -1, &statement, NULL) == SQLITE_OK)
        return statement;
    database_error(store->reader, store->path, error);
    return NULL;
}

static json_t *parse_column(struct store *store, sqlite3_stmt *statement, struct error *error)
{
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    if (text)
        return json_parse(text, (size_t)sqlite3_column_bytes(statement, 0), store->path, error);
    error_set(error, ERROR_FAILED, "the journal %s: a record has no text", store->path);
    return NULL;
}

/* All rows' first column as a list. Takes the statement over; it may be NULL. */
static json_t *list(struct store *store, sqlite3_stmt *statement, struct error *error)
{
    json_t *rows = statement ? json_array() : NULL;
    size_t bytes = 0;
    int code = SQLITE_DONE;
    while (rows && bytes < MOST_BYTES && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        bytes += (size_t)sqlite3_column_bytes(statement, 0);
        json_t *row = parse_column(store, statement, error);
        if (row) {
            json_array_append_new(rows, row);
            continue;
        }
        json_decref(rows);
        rows = NULL;
    }
    if (rows && code != SQLITE_DONE && code != SQLITE_ROW) {
        database_error(store->reader, store->path, error);
        json_decref(rows);
        rows = NULL;
    }
    sqlite3_finalize(statement);
    return rows;
}

static json_t *latest(struct store *store, const char *sql, uint32_t limit, struct error *error)
{
    sqlite3_stmt *statement = prepare(store, sql, error);
    if (statement)
        sqlite3_bind_int64(statement, 1, limit < MOST_ROWS ? limit : MOST_ROWS);
    return list(store, statement, error);
}

json_t *store_migrations(struct store *store, uint32_t limit, struct error *error)
{
    return latest(store, "SELECT json FROM migration ORDER BY id DESC LIMIT ?1", limit, error);
}

json_t *store_notices(struct store *store, uint32_t limit, struct error *error)
{
    return latest(store, "SELECT json FROM effect WHERE kind = 'notice' ORDER BY n DESC LIMIT ?1",
                  limit, error);
}

json_t *store_shadows(struct store *store, uint32_t limit, struct error *error)
{
    return latest(store, "SELECT json FROM effect WHERE kind = 'shadow_differed'"
                         " ORDER BY n DESC LIMIT ?1", limit, error);
}

json_t *store_decisions(struct store *store, const char *vm, uint32_t limit, struct error *error)
{
    if (!vm)
        return latest(store, "SELECT json FROM decision ORDER BY id DESC LIMIT ?1", limit, error);
    sqlite3_stmt *statement =
        prepare(store, "SELECT json FROM decision WHERE vm = ?2 OR uuid = ?2"
                       " ORDER BY id DESC LIMIT ?1", error);
    if (statement) {
        sqlite3_bind_int64(statement, 1, limit < MOST_ROWS ? limit : MOST_ROWS);
        sqlite3_bind_text(statement, 2, vm, -1, SQLITE_STATIC);
    }
    return list(store, statement, error);
}

json_t *store_decision(struct store *store, uint64_t id, struct error *error)
{
    sqlite3_stmt *statement = prepare(store, "SELECT json FROM decision WHERE id = ?1", error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (int64_t)id);
    json_t *decision = NULL;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        decision = parse_column(store, statement, error);
    else if (code == SQLITE_DONE)
        error_set(error, ERROR_NOT_FOUND,
                  "there is no decision %llu in the journal: it may be too old to be kept",
                  (unsigned long long)id);
    else
        database_error(store->reader, store->path, error);
    sqlite3_finalize(statement);
    return decision;
}

static void append_recalled(struct event ***events, uint32_t *n, uint32_t *capacity,
                            sqlite3_stmt *statement, double at)
{
    struct event *event = event_new(EVENT_RECALLED, at);
    event_set(event, &event->name, (const char *)sqlite3_column_text(statement, 0));
    event_set(event, &event->text, (const char *)sqlite3_column_text(statement, 1));
    *events = memory_grow(*events, capacity, *n + 1, sizeof **events);
    (*events)[(*n)++] = event;
}

struct event **store_recall(struct store *store, double at, uint32_t *n, struct error *error)
{
    *n = 0;
    sqlite3_stmt *statement =
        prepare(store, "SELECT name, value FROM remembered ORDER BY name", error);
    if (!statement)
        return NULL;
    uint32_t capacity = 0;
    struct event **events = memory_grow(NULL, &capacity, 1, sizeof *events);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        append_recalled(&events, n, &capacity, statement, at);
    if (code == SQLITE_DONE) {
        sqlite3_finalize(statement);
        return events;
    }
    database_error(store->reader, store->path, error);
    sqlite3_finalize(statement);
    for (uint32_t i = 0; i < *n; i++)
        event_free(events[i]);
    free(events);
    *n = 0;
    return NULL;
}

char *store_definition_find(struct store *store, const char *vm)
{
    struct error error = ERROR_INIT; /* whoever asks hears that there is none */
    sqlite3_stmt *statement = prepare(store, "SELECT xml FROM definition WHERE vm = ?1", &error);
    char *xml = NULL;
    if (!statement)
        return NULL;
    sqlite3_bind_text(statement, 1, vm, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
        xml = memory_copy_text((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return xml;
}
