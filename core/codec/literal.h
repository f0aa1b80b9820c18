/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scalars of a document into fields of a record, the same for YAML and JSON: what is accepted,
 * within which bounds, and the words for what was expected. Internal to codec/.
 */
#ifndef DROVER_CODEC_LITERAL_H
#define DROVER_CODEC_LITERAL_H

#include "base/arena.h"
#include "base/field.h"
#include "codec/text.h"

#define LITERAL_LIMIT (64u * 1024) /* bytes of one text in a YAML document */

/* A scalar as it stood in the document. JSON's null, true and 12 are plain; its strings quoted. */
struct literal {
    const char *text;
    size_t length;
    bool quoted;
};

/* Whether this is null: plain null, ~ or nothing at all. */
bool literal_is_null(const struct literal *literal);

/*
 * Set the field at `place` (not the record: the place within it). false, and nothing is set,
 * where the literal is not what the field takes.
 */
bool literal_set(const struct field *field, void *place, const struct literal *literal,
                 struct arena *arena);

/* A field whose null is its empty value: lists, pairs, records. Sets it. */
bool literal_set_empty(const struct field *field, void *place);

/* One text of FIELD_TEXTS: neither null nor outside the field's choices. */
bool literal_is_item(const struct field *field, const struct literal *literal);

/* One number of FIELD_NUMBERS. */
bool literal_number(const struct field *field, const struct literal *literal, double *value);

#define EXPECTED_TEXT 400

/* What the field takes: "a number from 0 to 100 or null". Returns `buffer`. */
const char *field_expected(const struct field *field, char buffer[EXPECTED_TEXT]);

/* The key of the table (or of `more`, which may be NULL and ends with NULL) nearest to what was
   written, or NULL where none is near. */
const char *nearest_key(const struct field *table, const char *const *more, const char *written);

#endif
