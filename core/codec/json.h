/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records to JSON and back, by their field tables; and whole JSON texts in a fixed form.
 *
 * Numbers that are not known (NAN) are null, and null reads back as NAN for every field of type
 * double: whatever was written to the journal can be read. Texts that are not UTF-8 are written
 * with U+FFFD in the place of each wrong byte. FIELD_SECRET is never written.
 */
#ifndef DROVER_CODEC_JSON_H
#define DROVER_CODEC_JSON_H

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"

#include <jansson.h>

#define JSON_SKIP_DEFAULTS 1u /* leave out what has its default: for the journal */

#define JSON_LENGTH_LIMIT ((size_t)64 * 1024 * 1024) /* bytes that json_parse() accepts */
#define JSON_DEPTH_LIMIT 32

/* Times of FIELD_AGE are written as ages before `now`; NAN for now: as absolute seconds. */
json_t *json_from_record(const struct field *table, const void *record, double now, unsigned flags);
json_t *json_from_rows(const struct field *table, size_t row_size, const struct rows *rows,
                       double now, unsigned flags);

/*
 * The other way: defaults, then what is there. Unknown keys, missing ones and wrong types are
 * errors, with the keys that lead there: "hosts[2].memory_mib: expected ...".
 */
int json_to_record(const struct field *table, json_t *json, void *record, double now,
                   struct arena *arena, struct error *error);

/*
 * Same value, same bytes: one line, no blanks, keys in their order, shortest numbers that read
 * back the same, whole ones without a fraction. free() it.
 */
char *json_text(json_t *json);

/* A text as JSON string, also where it is not UTF-8; NULL is null. */
json_t *json_from_text(const char *text);

/*
 * Parse a bounded text: no duplicate keys, at most JSON_DEPTH_LIMIT levels. `what` names it in
 * messages: "WHAT:line:column: ...". NULL with the error set.
 */
json_t *json_parse(const char *bytes, size_t length, const char *what, struct error *error);

#endif
