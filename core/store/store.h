/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal: SQLite (WAL). Every event in, every effect out, decisions with reasons, migration
 * history, what is to be remembered over a restart, and the texts (policies, Lua) of each set by
 * hash. Writing never blocks the loop: records are handed to a writer thread, which commits in
 * batches; what must be on disk before it is done (remember before migrate) is waited for by
 * store_barrier() callbacks, not by blocking. A full disk is said once, and again when it is over.
 */
#ifndef DROVER_STORE_STORE_H
#define DROVER_STORE_STORE_H

#include "base/error.h"
#include "model/effect.h"
#include "model/event.h"

#include <jansson.h>

struct store;
struct store_reader;

/*
 * Open or create (mode 0600); one process at a time. Limits: age in days, size in MiB, 0: none;
 * what a restart needs is kept whatever they say. A file that is not a journal, or of a newer
 * version, is an error that says what to do.
 * notice: called on GLib's default main context when writing begins to fail or works again.
 * While it fails, records wait in memory, which is bounded: samples and ticks are dropped first,
 * then other events; what is remembered, decisions and migrations never.
 */
struct store *store_open(const char *path, double days, double mib,
                         void (*notice)(void *self, bool failing, const char *text), void *self,
                         struct error *error);

/*
 * Writes what is pending, then closes. Barriers that still wait are answered from within. May be
 * given NULL.
 */
void store_close(struct store *store);

/* Copies what it keeps. Returns the event's sequence number, counting on over restarts. */
uint64_t store_event(struct store *store, const struct event *event);
void store_effects(struct store *store, uint64_t event_seq, const struct effects *effects);

/*
 * Call done(self) on the main context once everything handed over so far is on disk: synced, so
 * that it is still there after a loss of power. False: it could not be written by now (it is
 * tried again, but nobody knows when).
 */
void store_barrier(struct store *store, void (*done)(void *self, bool on_disk), void *self);

/* Keep the text of a policy, a Lua file, or path and hash of a shared object. */
void store_text(struct store *store, const char *hash, const char *name, const char *text);

/*
 * The last known definition of a VM, with its secrets: only in the file, which nobody else may
 * read. It is kept as long as ha/KEY is remembered. find: NULL where there is none; free() it.
 */
void store_definition(struct store *store, const char *vm, const char *host, double at,
                      const char *xml);
char *store_definition_find(struct store *store, const char *vm);

/* What was remembered and not forgotten: an array of EVENT_RECALLED, in order of name. free() the array. */
struct event **store_recall(struct store *store, double at, uint32_t *n, struct error *error);

/* For `drover ...` and the API, any time after the fact. NULL with the error set. */
json_t *store_decision(struct store *store, uint64_t id, struct error *error);
json_t *store_decisions(struct store *store, const char *vm, uint32_t limit, struct error *error);
json_t *store_migrations(struct store *store, uint32_t limit, struct error *error);
json_t *store_notices(struct store *store, uint32_t limit, struct error *error);
json_t *store_shadows(struct store *store, uint32_t limit, struct error *error); /* that differed */

/* Highest decision, effect and move ids ever written, so that ids go on counting. */
uint64_t store_last_id(struct store *store);

/* Records that were lost since the store was opened: memory was full, or SQLite refused them. */
uint64_t store_lost(struct store *store);

/* Whether writing fails now. */
bool store_failing(struct store *store);

/* ------------------------------------------------------------ a whole journal, for replay */

enum store_record_kind { STORE_EVENT, STORE_EFFECT };

struct store_record {
    enum store_record_kind kind;
    uint64_t event; /* the event's sequence number; of an effect: of the event it came from */
    uint64_t n;     /* counted on over restarts; of an event: its sequence number */
    double at;
    const char *json; /* by event_fields, effect_fields; defaults left out, times absolute */
    size_t length;
};

/*
 * Reads only, and as it was when opened; droverd may be writing it. Numbers that are not there
 * were dropped, or have passed the journal's limits.
 */
struct store_reader *store_reader_open(const char *path, struct error *error);
void store_reader_close(struct store_reader *reader);

/*
 * Every event in order, its effects behind it. NULL: there are no more, or the error is set. Its
 * text is valid until the next one is asked for.
 */
const struct store_record *store_reader_next(struct store_reader *reader, struct error *error);

/* Effects of events before this one may be missing: they have passed the journal's limits. */
uint64_t store_reader_effects_from(const struct store_reader *reader);

/* By their ids, as JSON; a migration as it was last. NULL: there is none. Valid until the next. */
const char *store_reader_decision(struct store_reader *reader, uint64_t id, size_t *length);
const char *store_reader_migration(struct store_reader *reader, uint64_t id, size_t *length);

/* A text kept with the journal, and what it was called (where name is not NULL). */
const char *store_reader_text(struct store_reader *reader, const char *hash, const char **name);

#endif
