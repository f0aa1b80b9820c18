/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal's file: its schema, how it is opened, and SQLite's errors as sentences that say
 * what to do.
 *
 * Times are seconds since the epoch. JSON columns hold records by their field tables. `effect.n`
 * counts effects over all time; effects of an event stand together, so order by n is the order
 * in which things were done.
 */
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char schema[] =
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, at REAL, json TEXT NOT NULL);"
    "CREATE TABLE effect(n INTEGER PRIMARY KEY, event INTEGER NOT NULL, at REAL,"
    "                    kind TEXT NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX effect_notice ON effect(kind) WHERE kind = 'notice';"
    "CREATE TABLE decision(id INTEGER PRIMARY KEY, at REAL, vm TEXT NOT NULL, uuid TEXT NOT NULL,"
    "                      json TEXT NOT NULL);"
    "CREATE INDEX decision_vm ON decision(vm);"
    "CREATE INDEX decision_uuid ON decision(uuid);"
    "CREATE TABLE migration(id INTEGER PRIMARY KEY, at REAL, ended INTEGER NOT NULL,"
    "                       json TEXT NOT NULL);"
    "CREATE TABLE remembered(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE text(hash TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL)"
    "    WITHOUT ROWID;"
    "CREATE TABLE definition(vm TEXT PRIMARY KEY, at REAL, host TEXT NOT NULL, xml TEXT NOT NULL)"
    "    WITHOUT ROWID;"
    "CREATE TRIGGER definition_forgotten AFTER DELETE ON remembered"
    "    WHEN substr(old.name, 1, 3) = 'ha/'"
    "    BEGIN DELETE FROM definition WHERE vm = substr(old.name, 4); END;"
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO counter VALUES ('seq', 0), ('n', 0), ('id', 0), ('commits', 0);";

/* Of a journal that was begun before there were shadows as well. */
static const char shadow_index[] =
    "CREATE INDEX IF NOT EXISTS effect_shadow ON effect(kind) WHERE kind = 'shadow_differed'";

static sqlite3 *cannot_open(const char *path, struct error *error)
{
    error_set(error, ERROR_INPUT,
              "the journal %s cannot be opened: it must be there, and you must be allowed to read "
              "it (it belongs to droverd's user)",
              path);
    return NULL;
}

int database_error(sqlite3 *db, const char *path, struct error *error)
{
    int code = db ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;
    const char *what = db ? sqlite3_errmsg(db) : "out of memory";
    switch (code) {
    case SQLITE_NOTADB:
        return error_set(error, ERROR_INPUT,
                         "%s is not a journal of drover's: move it away, or set another path as "
                         "`database` in drover.yaml",
                         path);
    case SQLITE_CORRUPT:
        return error_set(error, ERROR_INPUT,
                         "the journal %s is damaged (%s): move it and its -wal file away and start "
                         "again with an empty one; `sqlite3 %s .recover` saves what can be read",
                         path, what, path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, ERROR_FAILED,
                         "the journal %s is locked by another program (%s): is it open in sqlite3 "
                         "or in a backup?",
                         path, what);
    case SQLITE_CANTOPEN:
        cannot_open(path, error);
        return -1;
    case SQLITE_FULL:
        return error_set(error, ERROR_FAILED, "no space left for the journal %s: free some", path);
    default:
        return error_set(error, ERROR_FAILED, "the journal %s: %s", path, what);
    }
}

/* Create it with our mode (SQLite's own would follow the umask), and read how it begins. */
int database_check_file(const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return error_set(error, ERROR_FAILED,
                         "cannot open the journal %s: %s. Its directory must exist and be writable "
                         "by droverd",
                         path, strerror(errno));
    struct stat status;
    char head[16] = "";
    ssize_t n = -1;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        n = pread(fd, head, sizeof head, 0);
    if (n < 0 || (n > 0 && (n < 16 || memcmp(head, "SQLite format 3", 16) != 0))) {
        close(fd);
        return error_set(error, ERROR_INPUT,
                         "%s is not a journal of drover's: move it away, or set another path as "
                         "`database` in drover.yaml",
                         path);
    }
    if ((status.st_mode & 077) && fchmod(fd, 0600) < 0) {
        /* Somebody else's file: they decide who reads it. */
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return error_set(error, ERROR_FAILED,
                         "the journal %s is in use by another droverd: stop that one, or give this "
                         "one its own `database` in drover.yaml",
                         path);
    }
    return fd;
}

static bool number(sqlite3 *db, const char *sql, int64_t *value)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *value = sqlite3_column_int64(statement, 0);
    return sqlite3_finalize(statement) == SQLITE_OK && ok;
}

/* 1: ours; 0: empty, a new one; -1 with the error set. */
static int identify(sqlite3 *db, const char *path, struct error *error)
{
    int64_t application, version, tables;
    if (!number(db, "PRAGMA application_id", &application) ||
        !number(db, "PRAGMA user_version", &version) ||
        !number(db, "SELECT count(*) FROM sqlite_master", &tables))
        return database_error(db, path, error);
    if (tables == 0 && application == 0)
        return 0;
    if (application != STORE_APPLICATION_ID)
        return error_set(error, ERROR_INPUT,
                         "%s is a database of another program (application id %lld): move it away, "
                         "or set another path as `database` in drover.yaml",
                         path, (long long)application);
    if (version > STORE_VERSION)
        return error_set(error, ERROR_INPUT,
                         "the journal %s was written by a newer drover (format %lld; this one "
                         "reads up to %d): install that version, or move the file away",
                         path, (long long)version, STORE_VERSION);
    return 1;
}

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool create(sqlite3 *db)
{
    char *numbers = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                    STORE_APPLICATION_ID, STORE_VERSION);
    bool ok = run(db, "BEGIN IMMEDIATE") && run(db, schema) && run(db, numbers) &&
              run(db, "COMMIT");
    sqlite3_free(numbers);
    return ok;
}

static sqlite3 *open_database(const char *path, int flags, struct error *error)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK) {
        database_error(db, path, error);
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, 2000);
    /* A journal from elsewhere may carry a schema made to hurt. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return db;
}

sqlite3 *database_open_writer(const char *path, struct error *error)
{
    sqlite3 *db = open_database(path, SQLITE_OPEN_READWRITE, error);
    if (!db)
        return NULL;
    /* auto_vacuum counts only before there is a table. */
    bool ok = run(db, "PRAGMA auto_vacuum = INCREMENTAL");
    int known = ok ? identify(db, path, error) : -1;
    if (known >= 0 && run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA journal_size_limit = 16777216") &&
        (known || create(db)) && run(db, shadow_index))
        return db;
    database_error(db, path, error); /* what is set already stays */
    sqlite3_close(db);
    return NULL;
}

static bool cannot_write_beside(sqlite3 *db)
{
    int64_t version;
    if (number(db, "PRAGMA schema_version", &version))
        return false;
    int code = sqlite3_errcode(db) & 0xff;
    return code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

/*
 * A copy in a place that cannot be written: SQLite wants to make files beside it, unless it is
 * told that nobody writes it. That may only be said where there is no log to be read with it.
 */
static sqlite3 *open_immutable(const char *path, struct error *error)
{
    char *log = sqlite3_mprintf("%s-wal", path);
    bool logged = access(log, F_OK) == 0;
    sqlite3_free(log);
    if (logged || access(path, R_OK) < 0)
        return NULL;
    sqlite3_str *uri = sqlite3_str_new(NULL);
    sqlite3_str_appendall(uri, "file:");
    for (const char *c = path; *c; c++)
        sqlite3_str_appendf(uri, strchr("%?#", *c) ? "%%%02x" : "%c", *c);
    sqlite3_str_appendall(uri, "?immutable=1");
    char *text = sqlite3_str_finish(uri);
    sqlite3 *db = open_database(text, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
    sqlite3_free(text);
    return db;
}

sqlite3 *database_open_reader(const char *path, struct error *error)
{
    sqlite3 *db = open_database(path, SQLITE_OPEN_READONLY, NULL);
    if (!db || cannot_write_beside(db)) {
        sqlite3_close(db);
        db = open_immutable(path, error);
    }
    int known = db ? identify(db, path, error) : -1;
    if (known == 1)
        return db;
    if (!db)
        return cannot_open(path, error);
    if (known == 0)
        error_set(error, ERROR_INPUT, "the journal %s is empty: droverd has not written to it yet",
                  path);
    sqlite3_close(db);
    return NULL;
}

int database_load_counters(struct store *store, struct error *error)
{
    static const char *const sql[] = {
        "SELECT max((SELECT value FROM counter WHERE name = 'seq'),"
        "           (SELECT ifnull(max(seq), 0) FROM event))",
        "SELECT max((SELECT value FROM counter WHERE name = 'n'),"
        "           (SELECT ifnull(max(n), 0) FROM effect))",
        "SELECT max((SELECT value FROM counter WHERE name = 'id'),"
        "           (SELECT ifnull(max(id), 0) FROM decision),"
        "           (SELECT ifnull(max(id), 0) FROM migration))",
    };
    int64_t value[3];
    for (int i = 0; i < 3; i++)
        if (!number(store->writer, sql[i], &value[i]))
            return database_error(store->writer, store->path, error);
    store->last_seq = (uint64_t)value[0];
    store->last_n = (uint64_t)value[1];
    store->last_id = (uint64_t)value[2];
    return 0;
}
