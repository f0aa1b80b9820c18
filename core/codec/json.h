/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records to JSON and back, by their field tables; and whole JSON texts in a fixed form. */
#ifndef DROVER_CODEC_JSON_H
#define DROVER_CODEC_JSON_H

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"

#include <jansson.h>

#define JSON_SKIP_DEFAULTS 1u /* leave out what has its default: for the journal */

/* Times of FIELD_AGE are written as ages before `now`; NAN for now: as absolute seconds. */
json_t *json_from_record(const struct field *table, const void *record, double now, unsigned flags);
json_t *json_from_rows(const struct field *table, size_t row_size, const struct rows *rows,
                       double now, unsigned flags);

/* The other way: defaults, then what is there. Unknown keys and wrong types are errors. */
int json_to_record(const struct field *table, json_t *json, void *record, double now,
                   struct arena *arena, struct error *error);

/* Same value, same bytes: keys in their order, shortest numbers that read back the same. free() it. */
char *json_text(json_t *json);

/* Parse a bounded text: no duplicate keys, at most `depth` levels. NULL with the error set. */
json_t *json_parse(const char *bytes, size_t length, const char *what, struct error *error);

#endif
