/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON of the journal: a digit that says which record, then its JSON. What is read can be
 * written, with its defaults and without; that reads back, and is written the same.
 */
#include "fuzz/fuzz.h"

#include "codec/json.h"
#include "model/decision.h"
#include "model/effect.h"
#include "model/event.h"
#include "model/plan.h"

#include <math.h>

static const struct kind {
    const struct field *table;
    size_t size;
} kinds[] = {
    {event_fields, sizeof(struct event)},
    {effect_fields, sizeof(struct effect)},
    {migration_fields, sizeof(struct migration)},
    {decision_fields, sizeof(struct decision)},
    {plan_fields, sizeof(struct plan)},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

static char *write_record(const struct kind *kind, const void *record, unsigned flags)
{
    json_t *json = json_from_record(kind->table, record, NAN, flags);
    char *text = json_text(json);
    json_decref(json);
    return text;
}

/* A record out of JSON: to be freed, its texts are in arena. NULL where it is refused. */
static void *read_record(const struct kind *kind, const char *bytes, size_t length,
                         struct arena *arena, struct error *error)
{
    json_t *json = json_parse(bytes, length, "input", error);
    if (!json)
        return NULL;
    void *record = calloc(1, kind->size);
    if (json_to_record(kind->table, json, record, NAN, arena, error) != 0) {
        free(record);
        record = NULL;
    }
    json_decref(json);
    return record;
}

static void try_again(const struct kind *kind, const void *record, unsigned flags)
{
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    char *text = write_record(kind, record, flags);
    void *back = read_record(kind, text, strlen(text), &arena, &error);
    fuzz_must(back != NULL, "what was written does not read", text, error.text);
    char *same = write_record(kind, back, flags);
    fuzz_must(strcmp(text, same) == 0, "written twice, and not the same", text, same);
    free(same);
    free(back);
    free(text);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (!length)
        return 0;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    const struct kind *kind = &kinds[bytes[0] % N_KINDS];
    void *record = read_record(kind, (const char *)bytes + 1, length - 1, &arena, &error);
    fuzz_must((record != NULL) == (error.kind == ERROR_NONE), "refused without a word", NULL,
              NULL);
    if (record) {
        try_again(kind, record, 0);
        try_again(kind, record, JSON_SKIP_DEFAULTS);
    }
    free(record);
    arena_free(&arena);
    return 0;
}
