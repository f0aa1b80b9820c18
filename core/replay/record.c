/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a simulation; see record.h. */
#include "replay/record.h"

#include "base/memory.h"
#include "replay/state.h"
#include "set/manifest.h"
#include "store/store.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A simulation is faster than any disk: it waits, and the journal's memory never runs over. */
#define EVENTS_AT_ONCE 2000

struct record {
    struct store *store;
    char *path;
    struct set set;
    struct simulation_journal journal;
    uint64_t last;
    uint32_t waiting;
    char problem[600];
};

struct barrier {
    bool answered, on_disk;
};

static void on_barrier(void *self, bool on_disk)
{
    *(struct barrier *)self = (struct barrier){.answered = true, .on_disk = on_disk};
}

static void on_notice(void *self, bool failing, const char *text)
{
    struct record *record = self;
    if (failing && !record->problem[0])
        snprintf(record->problem, sizeof record->problem, "%s", text);
}

static bool settle(struct record *record)
{
    struct barrier barrier = {.answered = false};
    store_barrier(record->store, on_barrier, &barrier);
    while (!barrier.answered)
        g_main_context_iteration(NULL, TRUE);
    record->waiting = 0;
    return barrier.on_disk;
}

static uint64_t take_event(void *self, const struct event *event)
{
    struct record *record = self;
    if (++record->waiting > EVENTS_AT_ONCE)
        settle(record);
    record->last = store_event(record->store, event);
    return record->last;
}

static void take_effects(void *self, uint64_t event, const struct effects *effects)
{
    struct record *record = self;
    store_effects(record->store, event, effects);
}

static void take_end(void *self, const struct engine *engine)
{
    struct record *record = self;
    if (!engine)
        return;
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)record->last);
    char *text = state_text(engine);
    store_text(record->store, RECORD_STATE, number, text);
    free(text);
}

static void keep_text(void *self, const char *hash, const char *name, const char *text)
{
    struct record *record = self;
    store_text(record->store, hash, name, text);
}

struct record *record_open(const char *path, const struct set *set, struct error *error)
{
    if (access(path, F_OK) == 0) {
        error_set(error, ERROR_INPUT, "%s is there already: a journal of one run begins empty; "
                  "remove it, or name another file", path);
        return NULL;
    }
    struct record *record = memory_new(sizeof *record);
    record->path = memory_copy_text(path);
    record->set = *set;
    set_hash(&record->set);
    record->journal = (struct simulation_journal){
        .self = record, .event = take_event, .effects = take_effects, .end = take_end,
    };
    record->store = store_open(path, 0, 0, on_notice, record, error);
    if (!record->store) {
        free(record->path);
        free(record);
        return NULL;
    }
    manifest_tell(&record->set, keep_text, record);
    return record;
}

void record_attach(struct record *record, struct simulation *simulation)
{
    simulation->journal = &record->journal;
    simulation->set = record->set.hash;
}

int record_close(struct record *record, struct error *error)
{
    int result = 0;
    if (!settle(record) || store_lost(record->store) > 0)
        result = error_set(error, ERROR_FAILED, "the journal %s could not be written whole: %s",
                           record->path, record->problem[0] ? record->problem
                                                            : "a record was too large");
    store_close(record->store);
    free(record->path);
    free(record);
    return result;
}
