/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A journal that somebody made: every line is a row of it,
 *
 *   event SEQ JSON    effect EVENT JSON    decision ID JSON    text HASH TEXT
 *
 * (in TEXT, "\n" stands for a new line), or the whole is the database itself. Whatever it says,
 * drover replay ends with an error or with a report, and the same one each time.
 */
#include "fuzz/fuzz.h"

#include "codec/yaml.h"
#include "replay/replay.h"
#include "store/store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/drover-fuzz-XXXXXX";
static char path[64];
static char *empty; /* an empty journal, as a file: made once, for that takes a disk its time */
static size_t empty_length;
static struct plug *here;
static struct policies *policies;

static void remove_all(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[96];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static void clean_up(void)
{
    remove_all();
    rmdir(directory);
    free(empty);
    plug_unref(here);
    policies_free(policies);
}

static void put_bytes(const void *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
}

static sqlite3 *open_database(const char *pragmas)
{
    sqlite3 *db = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        abort();
    return db;
}

static void make_empty(void)
{
    struct error error = ERROR_INIT;
    store_close(store_open(path, 0, 0, NULL, NULL, &error));
    fuzz_must(error.kind == ERROR_NONE, error.text, NULL, NULL);
    sqlite3_close(open_database("PRAGMA journal_mode = DELETE"));
    empty = file_read(path, &empty_length, &error);
    fuzz_must(empty != NULL, error.text, NULL, NULL);
}

static void begin(void)
{
    if (here)
        return;
    if (!mkdtemp(directory))
        abort();
    snprintf(path, sizeof path, "%s/journal.db", directory);
    make_empty();
    here = plug_new(PLUG_TRUST_ANY);
    policies = policies_new();
    atexit(clean_up);
}

static void put_row(sqlite3 *db, const char *sql, long long number, const char *key,
                    const char *text)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        abort();
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, text, -1, SQLITE_STATIC);
    sqlite3_step(statement);
    sqlite3_finalize(statement);
}

static void break_lines(char *text)
{
    char *to = text;
    for (; *text; text++) {
        bool newline = text[0] == '\\' && text[1] == 'n';
        *to++ = newline ? '\n' : *text;
        text += newline;
    }
    *to = '\0';
}

static void put_line(sqlite3 *db, char *line)
{
    char *word = strsep(&line, " "), *key = strsep(&line, " ");
    if (!key || !line)
        return;
    long long number = strtoll(key, NULL, 10);
    if (strcmp(word, "event") == 0) {
        put_row(db, "INSERT OR REPLACE INTO event VALUES (?1, 0, ?3)", number, key, line);
    } else if (strcmp(word, "effect") == 0) {
        put_row(db, "INSERT INTO effect(event, at, kind, json) VALUES (?1, 0, 'notice', ?3)",
                number, key, line);
    } else if (strcmp(word, "decision") == 0) {
        put_row(db, "INSERT OR REPLACE INTO decision VALUES (?1, 0, '', '', ?3)", number, key,
                line);
    } else if (strcmp(word, "text") == 0) {
        break_lines(line);
        put_row(db, "INSERT OR REPLACE INTO text VALUES (?2, '1', ?3)", number, key, line);
    }
}

static void put_lines(char *text)
{
    put_bytes(empty, empty_length);
    sqlite3 *db =
        open_database("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN");
    for (char *line; (line = strsep(&text, "\n"));)
        put_line(db, line);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char magic[] = "SQLite format 3";
    struct replay_report report;
    struct error error = ERROR_INIT;
    begin();
    remove_all();
    if (length >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0) {
        put_bytes(bytes, length);
    } else {
        char *text = fuzz_text(bytes, length);
        put_lines(text);
        free(text);
    }
    struct replay_options options = {.journal = path, .here = here, .policies = policies};
    int result = replay_journal(&options, &report, &error);
    fuzz_must((result < 0) == (error.kind != ERROR_NONE), "an error without words", NULL, NULL);
    replay_report_free(&report);
    return 0;
}
