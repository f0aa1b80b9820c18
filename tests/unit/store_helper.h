/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal in a directory of its own, and the main loop that its answers arrive on. */
#ifndef DROVER_TESTS_STORE_HELPER_H
#define DROVER_TESTS_STORE_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "codec/json.h"
#include "store/store.h"

#define PATIENCE_S 60 /* how long to wait for what must happen; never a measure of speed */

struct place {
    char directory[64];
    char path[96];
};

struct said {
    unsigned failing, working;
    char text[600];
};

static inline void on_notice(void *self, bool failing, const char *text)
{
    struct said *said = self;
    if (failing)
        said->failing++;
    else
        said->working++;
    snprintf(said->text, sizeof said->text, "%s", text);
}

static inline int place_make(void **state)
{
    struct place *place = memory_new(sizeof *place);
    snprintf(place->directory, sizeof place->directory, "/tmp/drover-store-XXXXXX");
    if (!mkdtemp(place->directory))
        return -1;
    snprintf(place->path, sizeof place->path, "%s/drover.db", place->directory);
    *state = place;
    return 0;
}

static inline int place_remove(void **state)
{
    struct place *place = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    umount2(place->directory, MNT_DETACH); /* where a test failed half way */
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", place->path, suffixes[i]);
        unlink(path);
    }
    rmdir(place->directory);
    free(place);
    return 0;
}

/* Run the main loop until *flag, or fail. */
static inline void wait_for_flag(const volatile unsigned *flag)
{
    gint64 until = g_get_monotonic_time() + (gint64)PATIENCE_S * G_USEC_PER_SEC;
    while (!*flag && g_get_monotonic_time() < until) {
        g_main_context_iteration(NULL, FALSE);
        if (!*flag)
            g_usleep(1000);
    }
    assert_true(*flag);
}

struct barrier {
    unsigned answered;
    bool on_disk;
};

static inline void on_barrier(void *self, bool on_disk)
{
    struct barrier *barrier = self;
    barrier->answered = 1;
    barrier->on_disk = on_disk;
}

static inline bool flush(struct store *store)
{
    struct barrier barrier = {0, false};
    store_barrier(store, on_barrier, &barrier);
    wait_for_flag(&barrier.answered);
    return barrier.on_disk;
}

static inline struct store *open_store(const struct place *place, struct said *said)
{
    struct error error = ERROR_INIT;
    struct store *store = store_open(place->path, 0, 0, said ? on_notice : NULL, said, &error);
    assert_string_equal(error.text, "");
    assert_non_null(store);
    return store;
}

/* One event of a kind, with a host; returns its number. */
static inline uint64_t put_event(struct store *store, enum event_kind kind, double at,
                                 const char *host)
{
    struct event *event = event_new(kind, at);
    event_set(event, &event->host, host);
    uint64_t seq = store_event(store, event);
    event_free(event);
    return seq;
}

static inline struct effect effect_of(enum effect_kind kind, uint64_t id)
{
    struct effect effect;
    memset(&effect, 0, sizeof effect);
    field_defaults(effect_fields, &effect);
    effect.kind = kind;
    effect.id = id;
    effect.at = 1000;
    return effect;
}

static inline void put_effect(struct store *store, uint64_t seq, struct effect effect)
{
    struct effects effects = {.item = &effect, .n = 1, .capacity = 1};
    store_effects(store, seq, &effects);
}

static inline void remember(struct store *store, const char *name, const char *value)
{
    struct effect effect = effect_of(EFFECT_REMEMBER, 1);
    effect.name = name;
    effect.value = value;
    put_effect(store, 1, effect);
}

/* Every record of a journal, until each() returns false. */
static inline int store_walk(const char *path,
                             bool (*each)(void *self, const struct store_record *record),
                             void *self, struct error *error)
{
    struct store_reader *reader = store_reader_open(path, error);
    const struct store_record *record;
    while (reader && (record = store_reader_next(reader, error)) && each(self, record))
        ;
    store_reader_close(reader);
    return error->kind == ERROR_NONE ? 0 : -1;
}

/* What is remembered, as "name=value name=value". */
static inline char *recalled(struct store *store)
{
    struct error error = ERROR_INIT;
    uint32_t n;
    struct event **events = store_recall(store, 5, &n, &error);
    assert_non_null(events);
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(events[i]->kind, EVENT_RECALLED);
        g_string_append_printf(text, "%s%s=%s", i ? " " : "", events[i]->name, events[i]->text);
        event_free(events[i]);
    }
    free(events);
    return g_string_free(text, FALSE);
}

#endif
