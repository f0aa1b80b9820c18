/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole journal in order, for replay. Events by number and effects by number are two sorted
 * lists; they are merged, so that neither needs to fit in memory.
 */
#include "store/store_private.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct cursor {
    sqlite3_stmt *statement;
    struct store_record record;
    bool there; /* record holds the next one */
    bool given; /* and it was handed out: the next call goes on */
};

struct store_reader {
    sqlite3 *db;
    char *path;
    struct cursor events, effects;
    sqlite3_stmt *decision, *migration, *text;
    uint64_t effects_from;
};

static int fail(struct store_reader *reader, struct error *error)
{
    return database_error(reader->db, reader->path, error);
}

static int advance(struct store_reader *reader, struct cursor *cursor, struct error *error)
{
    int code = sqlite3_step(cursor->statement);
    cursor->given = false;
    cursor->there = code == SQLITE_ROW;
    if (code == SQLITE_DONE)
        return 0;
    if (code != SQLITE_ROW)
        return fail(reader, error);
    struct store_record *record = &cursor->record;
    record->event = (uint64_t)sqlite3_column_int64(cursor->statement, 0);
    record->at = sqlite3_column_double(cursor->statement, 1);
    record->n = (uint64_t)sqlite3_column_int64(cursor->statement, 2);
    record->json = (const char *)sqlite3_column_text(cursor->statement, 3);
    record->length = (size_t)sqlite3_column_bytes(cursor->statement, 3);
    if (!record->json)
        return error_set(error, ERROR_INPUT, "the journal %s: a record has no text", reader->path);
    return 0;
}

static int prepare(struct store_reader *reader, sqlite3_stmt **statement, const char *sql,
                   struct error *error)
{
    if (sqlite3_prepare_v2(reader->db, sql, -1, statement, NULL) == SQLITE_OK)
        return 0;
    return fail(reader, error);
}

static int begin(struct store_reader *reader, struct error *error)
{
    reader->events.record.kind = STORE_EVENT;
    reader->effects.record.kind = STORE_EFFECT;
    /* One read transaction: all lists are of the same moment. */
    sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL);
    if (prepare(reader, &reader->events.statement,
                "SELECT seq, at, seq, json FROM event ORDER BY seq", error) < 0 ||
        prepare(reader, &reader->effects.statement,
                "SELECT event, at, n, json FROM effect ORDER BY n", error) < 0 ||
        prepare(reader, &reader->decision, "SELECT json FROM decision WHERE id = ?1", error) < 0 ||
        prepare(reader, &reader->migration, "SELECT json FROM migration WHERE id = ?1",
                error) < 0 ||
        prepare(reader, &reader->text, "SELECT text, name FROM text WHERE hash = ?1", error) < 0)
        return -1;
    if (advance(reader, &reader->events, error) < 0)
        return -1;
    if (advance(reader, &reader->effects, error) < 0)
        return -1;
    const struct store_record *first = &reader->effects.record;
    if (!reader->effects.there)
        reader->effects_from = UINT64_MAX;
    else if (first->n > 1) /* the first one's event may have had others before */
        reader->effects_from = first->event + 1;
    return 0;
}

uint64_t store_reader_effects_from(const struct store_reader *reader)
{
    return reader->effects_from;
}

struct store_reader *store_reader_open(const char *path, struct error *error)
{
    struct store_reader *reader = memory_new(sizeof *reader);
    reader->path = memory_copy_text(path);
    reader->db = database_open_reader(path, error);
    if (reader->db && begin(reader, error) == 0)
        return reader;
    store_reader_close(reader);
    return NULL;
}

void store_reader_close(struct store_reader *reader)
{
    if (!reader)
        return;
    sqlite3_finalize(reader->events.statement);
    sqlite3_finalize(reader->effects.statement);
    sqlite3_finalize(reader->decision);
    sqlite3_finalize(reader->migration);
    sqlite3_finalize(reader->text);
    sqlite3_close(reader->db);
    free(reader->path);
    free(reader);
}

const struct store_record *store_reader_next(struct store_reader *reader, struct error *error)
{
    struct cursor *events = &reader->events, *effects = &reader->effects;
    if (events->given && advance(reader, events, error) < 0)
        return NULL;
    if (effects->given && advance(reader, effects, error) < 0)
        return NULL;
    if (!events->there && !effects->there)
        return NULL;
    bool event = events->there &&
                 (!effects->there || events->record.event <= effects->record.event);
    struct cursor *next = event ? events : effects;
    next->given = true;
    return &next->record;
}

/* The one row of this key; its texts are valid until the next question of the same kind. */
static bool look_up(sqlite3_stmt *statement)
{
    return sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0);
}

static const char *by_id(sqlite3_stmt *statement, uint64_t id, size_t *length)
{
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, (int64_t)id);
    if (!look_up(statement))
        return NULL;
    *length = (size_t)sqlite3_column_bytes(statement, 0);
    return (const char *)sqlite3_column_text(statement, 0);
}

const char *store_reader_decision(struct store_reader *reader, uint64_t id, size_t *length)
{
    return by_id(reader->decision, id, length);
}

const char *store_reader_migration(struct store_reader *reader, uint64_t id, size_t *length)
{
    return by_id(reader->migration, id, length);
}

const char *store_reader_text(struct store_reader *reader, const char *hash, const char **name)
{
    sqlite3_reset(reader->text);
    sqlite3_bind_text(reader->text, 1, hash, -1, SQLITE_TRANSIENT);
    if (!look_up(reader->text))
        return NULL;
    if (name)
        *name = (const char *)sqlite3_column_text(reader->text, 1);
    return (const char *)sqlite3_column_text(reader->text, 0);
}
