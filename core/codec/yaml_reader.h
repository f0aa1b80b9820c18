/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event stream of one YAML document, with all that drover never accepts refused on the way:
 * whoever reads values sees scalars, sequences and mappings only. Internal to codec/.
 */
#ifndef DROVER_CODEC_YAML_READER_H
#define DROVER_CODEC_YAML_READER_H

#include "codec/literal.h"
#include "codec/yaml.h"

#include <yaml.h>

#define YAML_DEPTH_LIMIT 16

struct yaml_reader {
    const char *file;
    const char *bytes;
    size_t length;
    struct arena *arena; /* where texts go; rows that are streamed have another one */
    struct error *error;
    unsigned flags;
    unsigned depth;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
};

/*
 * Go on to the next event. Every function that reads a value finds the first event of the
 * value current, and leaves its last one current.
 */
int yaml_next(struct yaml_reader *reader);

/* Where the current event begins. */
struct mark yaml_mark(const struct yaml_reader *reader);

/* The current scalar; it lives until yaml_next(). */
struct literal yaml_literal(const struct yaml_reader *reader);

/* "KEY: expected EXPECTED, found <the current event>" at the current event. Returns -1. */
int yaml_unexpected(struct yaml_reader *reader, const char *key, const char *expected);

/* A mapping to be read: by a table into a record, and rows to their callbacks. */
struct yaml_mapping {
    const char *what; /* for messages: the key it stands under; NULL: the document itself */
    const struct field *table;
    void *record;
    const struct yaml_rows *rows;
    void *self;
    bool keep; /* do not set defaults */
};

int yaml_read_mapping(struct yaml_reader *reader, const struct yaml_mapping *mapping);

/* The value of a field, to its place in a record. */
int yaml_read_field(struct yaml_reader *reader, const struct field *field, void *place);

/* A mapping of free keys, nested ones flattened: "outer.inner". */
int yaml_read_pairs(struct yaml_reader *reader, const struct field *field, struct pairs *pairs);

/* JSON's pairs of escapes made one character each: a copy to free(); NULL where there are none. */
char *yaml_join_surrogates(const char *bytes, size_t *length);

#endif
