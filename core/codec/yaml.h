/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one door for YAML (and JSON, which is YAML): reads a document into a record by its field
 * table. Unknown keys, duplicate keys, wrong types, values out of bounds, anchors, aliases,
 * tags, more than one document, too deep nesting are errors with file:line:column.
 *
 * Ages (FIELD_AGE) are stored as they stand in the document, seconds ago: `now` may stand after
 * them. ages_turn() makes times of them when it is known.
 */
#ifndef DROVER_CODEC_YAML_H
#define DROVER_CODEC_YAML_H

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"

/* A top-level key that is told to the caller row by row, so that big lists need no big memory. */
struct yaml_rows {
    const char *key; /* NULL ends the table */
    const struct field *table;
    size_t row_size;
    /* Each row, defaults filled in; it and its texts live until this returns. -1: stop. */
    int (*row)(void *self, const void *row, struct mark mark, struct error *error);
};

/* Fields that are absent keep what the record has: for a second file over a first one. */
#define YAML_KEEP 1u
/* A document with nothing in it is an empty mapping; without this it is an error. */
#define YAML_MAY_BE_EMPTY 2u

struct yaml_document {
    const char *file;           /* for messages */
    const struct field *table;  /* keys of the top-level mapping; NULL: none but rows */
    void *record;
    const struct yaml_rows *rows; /* ends with key NULL; may be NULL */
    void *self;                 /* for rows' callbacks */
    unsigned flags;             /* YAML_... */
};

/* Read `length` bytes. Texts go to arena. 0, or -1 with the error set. */
int yaml_read(const struct yaml_document *document, const char *bytes, size_t length,
              struct arena *arena, struct error *error);

/* Set "file:line:column: ..." as error (kind ERROR_INPUT). Returns -1. */
int yaml_error(struct error *error, const char *file, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* now - value for every FIELD_AGE of the record, and of records and rows within it. */
void ages_turn(const struct field *table, void *record, double now);

/* A whole file, at most 256 MiB; "-" is standard input. NULL with the error set. free() it. */
char *file_read(const char *path, size_t *length, struct error *error);

#endif
