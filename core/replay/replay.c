/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking a journal through the engine; see replay.h. */
#include "replay/replay.h"

#include "base/memory.h"
#include "base/table.h"
#include "codec/json.h"
#include "engine/engine.h"
#include "model/calls.h"
#include "replay/compare.h"
#include "replay/record.h"
#include "replay/remake.h"
#include "replay/state.h"
#include "set/fences.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MOST 100

/* Migrations as they were last, to be compared with the history at the end. */
struct histories {
    struct table index; /* id -> position */
    char **text;
    uint64_t *id;
    uint32_t n, text_room, id_room;
    struct arena arena;
};

struct replaying {
    const struct replay_options *options;
    struct replay_report *report;
    struct error *error;
    struct store_reader *reader;
    const struct store_record *next; /* not taken yet; NULL: the end */
    struct engine *engine;
    struct remade remade;
    struct effects effects;
    struct histories histories;
    uint64_t seq;   /* of the last event seen */
    bool running;   /* a run's events are being replayed */
    bool parted;    /* something differs: only decisions are looked at from here on */
    uint32_t note_room;
};

/* ------------------------------------------------------------------ small things */

/* Each is told once: a set is made again at every start. */
static void note(void *self, const char *text)
{
    struct replaying *r = self;
    struct texts *notes = &r->report->notes;
    for (uint32_t i = 0; i < notes->n; i++)
        if (strcmp(notes->item[i], text) == 0)
            return;
    if (notes->n == NOTES_MOST)
        return;
    notes->item = memory_grow(notes->item, &r->note_room, notes->n + 1, sizeof *notes->item);
    notes->item[notes->n++] = arena_text(&r->report->arena, text);
}

static int advance(struct replaying *r)
{
    r->next = store_reader_next(r->reader, r->error);
    return !r->next && r->error->kind != ERROR_NONE ? -1 : 0;
}

static void keep_history(struct histories *histories, const struct migration *migration)
{
    char key[32];
    snprintf(key, sizeof key, "%llu", (unsigned long long)migration->id);
    uint32_t i = table_get(&histories->index, key);
    if (i == TABLE_NONE) {
        i = histories->n++;
        histories->text = memory_grow(histories->text, &histories->text_room, histories->n,
                                      sizeof *histories->text);
        histories->id = memory_grow(histories->id, &histories->id_room, histories->n,
                                    sizeof *histories->id);
        table_put(&histories->index, arena_text(&histories->arena, key), i);
    } else {
        free(histories->text[i]);
    }
    histories->id[i] = migration->id;
    histories->text[i] = record_json(migration_fields, migration);
}

static void free_histories(struct histories *histories)
{
    for (uint32_t i = 0; i < histories->n; i++)
        free(histories->text[i]);
    free(histories->text);
    free(histories->id);
    table_free(&histories->index);
    arena_free(&histories->arena);
}

/* ------------------------------------------------------------------ reading a step */

static int damaged(struct replaying *r, const char *what, uint64_t number)
{
    return error_prefix(r->error, "the journal %s is damaged: %s %llu", r->options->journal, what,
                        (unsigned long long)number);
}

/* The event of a record that says so itself: too large to be kept, so nothing after it can be. */
static bool is_omitted(json_t *json)
{
    return json_object_get(json, "omitted_bytes") != NULL;
}

static int read_event(struct replaying *r, struct event **event)
{
    json_t *json = json_parse(r->next->json, r->next->length, "JSON", r->error);
    *event = NULL;
    if (!json)
        return damaged(r, "event", r->next->event);
    int result = 0;
    if (!is_omitted(json)) {
        *event = event_new(EVENT_TICK, 0);
        result = json_to_record(event_fields, json, *event, NAN, &(*event)->arena, r->error);
        (*event)->seq = r->next->event;
        if (result == 0)
            result = event_check(*event, r->error);
    }
    json_decref(json);
    return result < 0 ? damaged(r, "event", r->next->event) : 0;
}

struct reading {
    struct recorded *item;
    uint32_t n, room;
    struct arena arena;
};

static int read_effect(struct replaying *r, struct reading *reading)
{
    reading->item = memory_grow(reading->item, &reading->room, reading->n + 1,
                                sizeof *reading->item);
    struct recorded *recorded = &reading->item[reading->n++];
    *recorded = (struct recorded){
        .json = arena_bytes(&reading->arena, r->next->json, r->next->length),
        .length = r->next->length,
        .n = r->next->n,
    };
    json_t *json = json_parse(recorded->json, recorded->length, "JSON", r->error);
    int result = json ? json_to_record(effect_fields, json, &recorded->effect, NAN,
                                       &reading->arena, r->error)
                      : -1;
    json_decref(json);
    return result < 0 ? damaged(r, "effect", recorded->n) : 0;
}

/* Effects of an event stand behind it; those of events that are gone are passed by. */
static int read_effects(struct replaying *r, uint64_t event, struct reading *reading)
{
    while (r->next && r->next->kind == STORE_EFFECT) {
        if (r->next->event == event && read_effect(r, reading) < 0)
            return -1;
        if (advance(r) < 0)
            return -1;
    }
    return 0;
}

static void free_reading(struct reading *reading)
{
    free(reading->item);
    arena_free(&reading->arena);
}

/* ------------------------------------------------------------------ a step */

/* What overran then overruns now. */
static void repeat_overruns(struct replaying *r, struct event *event,
                            const struct reading *reading)
{
    struct overrun *overruns = arena_array(&event->arena, reading->n, sizeof *overruns);
    uint32_t n = 0;
    for (uint32_t i = 0; i < reading->n; i++) {
        const struct effect *effect = &reading->item[i].effect;
        if (effect->kind != EFFECT_OVERRAN || !(effect->number >= 1 && effect->number < UINT32_MAX))
            continue;
        overruns[n++] = (struct overrun){
            .call = (uint32_t)effect->number,
            .within = (uint32_t)effect->status,
            .unit = effect->name,
            .error = effect->text,
        };
    }
    event->overruns = (struct rows){.item = overruns, .n = n};
    r->report->overruns += n;
}

static bool is_start(const struct event *event)
{
    return event->kind == EVENT_SET_CHANGED && event->ok;
}

/* The next record begins another run, or there is none: this step may not be whole. */
static bool next_is_start(const struct replaying *r)
{
    if (!r->next)
        return true;
    json_t *json = json_parse(r->next->json, r->next->length, "JSON", NULL);
    const char *kind = json_string_value(json_object_get(json, "kind"));
    bool start = kind && strcmp(kind, event_kind_names[EVENT_SET_CHANGED]) == 0 &&
                 json_is_true(json_object_get(json, "ok"));
    json_decref(json);
    return start;
}

static void keep_histories(struct replaying *r, uint32_t n)
{
    for (uint32_t i = 0; i < r->effects.n && i < n; i++)
        if (r->effects.item[i].kind == EFFECT_MIGRATION)
            keep_history(&r->histories, r->effects.item[i].migration);
}

static void judge(struct replaying *r, const struct event *event, const struct reading *reading)
{
    struct step step = {
        .event = event->seq, .recorded = reading->item, .n_recorded = reading->n,
        .now = &r->effects, .last = next_is_start(r), .loose = r->options->policy != NULL,
        .other_units = r->remade.other_units,
        .reader = r->reader, .report = r->report, .error = r->error,
    };
    if (event->seq < store_reader_effects_from(r->reader)) {
        r->report->uncompared++;
    } else if (r->parted) {
        compare_decisions(&step);
    } else if (compare_step(&step)) {
        r->report->events++;
        keep_histories(r, reading->n);
    } else {
        r->parted = true;
    }
}

static void end_run(struct replaying *r)
{
    engine_free(r->engine);
    r->engine = NULL;
    r->running = false;
}

static int take_set(struct replaying *r, struct event *event)
{
    if (is_start(event)) {
        end_run(r);
        r->engine = engine_new();
        r->running = true;
        r->report->runs++;
    }
    if (!r->running)
        return 0;
    if (remake_set(&r->remade, r->reader, r->options, event->text, note, r, r->error) < 0)
        return -1;
    event->rules = r->remade.rules;
    event->n_rules = r->remade.n_rules;
    if (event->settings.n > 0)
        fences_mark(event->settings.item, r->remade.plug);
    return 0;
}

static int replay_event(struct replaying *r, struct event *event, const struct reading *reading)
{
    if (event->kind == EVENT_SET_CHANGED && take_set(r, event) < 0)
        return -1;
    if (!r->running) {
        r->report->skipped++;
        return 0;
    }
    if (r->report->first_event == 0)
        r->report->first_event = event->seq;
    r->report->last_event = event->seq;
    repeat_overruns(r, event, reading);
    engine_step(r->engine, event, &r->effects);
    judge(r, event, reading);
    effects_clear(&r->effects);
    return 0;
}

/* Records that were lost: what comes after them was decided on more than is known. */
static void look_for_gap(struct replaying *r, uint64_t seq)
{
    if (r->running && seq != r->seq + 1) {
        char text[200];
        snprintf(text, sizeof text, "events from %llu to %llu are not in the journal: what follows "
                 "is passed by, up to the next start", (unsigned long long)r->seq + 1,
                 (unsigned long long)seq - 1);
        note(r, text);
        end_run(r);
    }
    r->seq = seq;
}

static int take_next(struct replaying *r)
{
    if (r->next->kind == STORE_EFFECT)
        return advance(r); /* its event has passed the limits */
    struct event *event;
    struct reading reading = {0};
    uint64_t seq = r->next->event;
    look_for_gap(r, seq);
    int result = read_event(r, &event);
    if (result == 0)
        result = advance(r);
    if (result == 0)
        result = read_effects(r, seq, &reading);
    if (result == 0 && event)
        result = replay_event(r, event, &reading);
    if (result == 0 && !event) {
        note(r, "an event was too large for the journal: what follows is passed by, up to the "
                "next start");
        end_run(r);
    }
    free_reading(&reading);
    event_free(event);
    return result;
}

/* ------------------------------------------------------------------ the end */

static void compare_histories(struct replaying *r)
{
    struct histories *histories = &r->histories;
    if (r->options->policy || r->remade.other_units)
        return; /* they name what decided them */
    for (uint32_t i = 0; i < histories->n && !r->parted; i++) {
        size_t length;
        const char *text = store_reader_migration(r->reader, histories->id[i], &length);
        if (!text)
            continue;
        const char *where = NULL;
        json_differs("migration", text, histories->text[i], &r->report->arena, &where, NULL);
        if (where) {
            r->parted = true;
            r->report->effect = (struct replay_effect){
                .there = true,
                .event = r->report->last_event,
                .where = arena_printf(&r->report->arena, "migration %llu in the history: %s",
                                      (unsigned long long)histories->id[i], where),
            };
        } else {
            r->report->migrations++;
        }
    }
}

static int compare_state(struct replaying *r)
{
    const char *name;
    const char *kept = store_reader_text(r->reader, RECORD_STATE, &name);
    if (!kept || !r->engine || r->parted || r->options->policy || r->remade.other_units ||
        strtoull(name, NULL, 10) != r->report->last_event)
        return 0;
    char *now = state_text(r->engine);
    int result = json_differs("state", kept, now, &r->report->arena, &r->report->state_where,
                              r->error);
    free(now);
    r->report->state_known = true;
    return result;
}

static int nothing_replayed(struct replaying *r)
{
    return error_set(r->error, ERROR_INPUT,
                     "the journal %s has no start of a controller any more (%llu events): only "
                     "from there on can it be replayed; journal_days and journal_mib in drover.yaml "
                     "say how much is kept", r->options->journal,
                     (unsigned long long)r->report->skipped);
}

static int walk(struct replaying *r)
{
    if (advance(r) < 0)
        return -1;
    while (r->next && !(r->parted && r->report->decision.there))
        if (take_next(r) < 0)
            return -1;
    if (r->report->runs == 0)
        return nothing_replayed(r);
    compare_histories(r);
    return compare_state(r);
}

int replay_journal(const struct replay_options *options, struct replay_report *report,
                   struct error *error)
{
    *report = (struct replay_report){.same = false};
    struct replaying r = {.options = options, .report = report, .error = error};
    r.reader = store_reader_open(options->journal, error);
    int result = r.reader ? walk(&r) : -1;
    report->same = result == 0 && !r.parted && !report->state_where;
    engine_free(r.engine);
    effects_free(&r.effects);
    remade_free(&r.remade);
    free_histories(&r.histories);
    store_reader_close(r.reader);
    return result;
}

void replay_report_free(struct replay_report *report)
{
    free(report->notes.item);
    arena_free(&report->arena);
}
