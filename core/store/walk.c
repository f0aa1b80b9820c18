/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole journal in order, for replay. Events by number and effects by number are two sorted
 * lists; they are merged, so that neither needs to fit in memory.
 */
#include "store/store_private.h"

#include <string.h>

struct cursor {
    sqlite3_stmt *statement;
    struct store_record record;
    bool there; /* record holds the next one */
};

struct walk {
    sqlite3 *db;
    const char *path;
    struct cursor events, effects;
};

static int advance(struct walk *walk, struct cursor *cursor, struct error *error)
{
    int code = sqlite3_step(cursor->statement);
    cursor->there = code == SQLITE_ROW;
    if (code == SQLITE_DONE)
        return 0;
    if (code != SQLITE_ROW)
        return database_error(walk->db, walk->path, error);
    struct store_record *record = &cursor->record;
    record->event = (uint64_t)sqlite3_column_int64(cursor->statement, 0);
    record->at = sqlite3_column_double(cursor->statement, 1);
    record->json = (const char *)sqlite3_column_text(cursor->statement, 2);
    record->length = (size_t)sqlite3_column_bytes(cursor->statement, 2);
    if (!record->json)
        return error_set(error, ERROR_INPUT, "the journal %s: a record has no text", walk->path);
    return 0;
}

static int start(struct walk *walk, struct cursor *cursor, enum store_record_kind kind,
                 const char *sql, struct error *error)
{
    cursor->record.kind = kind;
    if (sqlite3_prepare_v2(walk->db, sql, -1, &cursor->statement, NULL) != SQLITE_OK)
        return database_error(walk->db, walk->path, error);
    return advance(walk, cursor, error);
}

static int merge(struct walk *walk, bool (*each)(void *self, const struct store_record *record),
                 void *self, struct error *error)
{
    while (walk->events.there || walk->effects.there) {
        bool event = walk->events.there &&
                     (!walk->effects.there ||
                      walk->events.record.event <= walk->effects.record.event);
        struct cursor *next = event ? &walk->events : &walk->effects;
        if (!each(self, &next->record))
            return 0;
        if (advance(walk, next, error) < 0)
            return -1;
    }
    return 0;
}

int store_walk(const char *path, bool (*each)(void *self, const struct store_record *record),
               void *self, struct error *error)
{
    struct walk walk = {.path = path, .db = database_open_reader(path, error)};
    if (!walk.db)
        return -1;
    /* One read transaction: both lists are of the same moment. */
    sqlite3_exec(walk.db, "BEGIN", NULL, NULL, NULL);
    int status = start(&walk, &walk.events, STORE_EVENT,
                       "SELECT seq, at, json FROM event ORDER BY seq", error);
    if (status == 0)
        status = start(&walk, &walk.effects, STORE_EFFECT,
                       "SELECT event, at, json FROM effect ORDER BY n", error);
    if (status == 0)
        status = merge(&walk, each, self, error);
    sqlite3_finalize(walk.events.statement);
    sqlite3_finalize(walk.effects.statement);
    sqlite3_close(walk.db);
    return status;
}

int store_walk_texts(const char *path,
                     bool (*each)(void *self, const char *hash, const char *name, const char *text),
                     void *self, struct error *error)
{
    sqlite3 *db = database_open_reader(path, error);
    if (!db)
        return -1;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "SELECT hash, name, text FROM text ORDER BY hash", -1,
                                  &statement, NULL);
    if (code == SQLITE_OK)
        while ((code = sqlite3_step(statement)) == SQLITE_ROW &&
               each(self, (const char *)sqlite3_column_text(statement, 0),
                    (const char *)sqlite3_column_text(statement, 1),
                    (const char *)sqlite3_column_text(statement, 2)))
            ;
    int status = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_error(db, path, error);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return status;
}
