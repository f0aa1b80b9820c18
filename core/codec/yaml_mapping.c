/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings of a YAML document by their field tables: which keys, how often, which are missing. */
#include "codec/yaml_reader.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_LIMIT 128 /* fields of one table and rows; tables are ours, not the document's */

/* The keys of one mapping: first those of the table, then those of the rows. */
struct keys {
    const struct yaml_mapping *mapping;
    unsigned n_fields, n;
    struct mark seen[KEYS_LIMIT];
};

static void keys_begin(struct keys *keys, const struct yaml_mapping *mapping)
{
    *keys = (struct keys){.mapping = mapping};
    while (mapping->table && mapping->table[keys->n_fields].key)
        keys->n_fields++;
    keys->n = keys->n_fields;
    while (mapping->rows && mapping->rows[keys->n - keys->n_fields].key)
        keys->n++;
    if (keys->n > KEYS_LIMIT)
        abort();
}

static const char *key_at(const struct keys *keys, unsigned i)
{
    return i < keys->n_fields ? keys->mapping->table[i].key
                              : keys->mapping->rows[i - keys->n_fields].key;
}

static bool is_internal(const struct keys *keys, unsigned i)
{
    return i < keys->n_fields && keys->mapping->table[i].flags & FIELD_INTERNAL;
}

/* Documents mostly keep the order of the table, so the search begins where the last one ended. */
static unsigned find_key(const struct keys *keys, unsigned begin, const char *key)
{
    for (unsigned i = 0; i < keys->n; i++) {
        unsigned at = begin + i < keys->n ? begin + i : begin + i - keys->n;
        if (strcmp(key_at(keys, at), key) == 0 && !is_internal(keys, at))
            return at;
    }
    return keys->n;
}

static int unknown_key(struct yaml_reader *reader, const struct keys *keys)
{
    const struct yaml_mapping *mapping = keys->mapping;
    struct literal key = yaml_literal(reader);
    char shown[TEXT_SHOWN];
    const char *more[KEYS_LIMIT + 1] = {NULL};
    for (unsigned i = keys->n_fields; i < keys->n; i++)
        more[i - keys->n_fields] = key_at(keys, i);
    const char *nearest = nearest_key(mapping->table, more, key.text);
    return yaml_error(reader->error, reader->file, yaml_mark(reader), "unknown key %s%s%s%s%s%s",
                      text_show(shown, key.text, key.length), mapping->what ? " in " : "",
                      mapping->what ? mapping->what : "", nearest ? "; did you mean \"" : "",
                      nearest ? nearest : "", nearest ? "\"?" : "");
}

/* The current key's place among the keys, or keys->n with the error set. */
static unsigned read_key(struct yaml_reader *reader, struct keys *keys, unsigned begin)
{
    if (reader->event.type != YAML_SCALAR_EVENT) {
        yaml_unexpected(reader, keys->mapping->what, "a key");
        return keys->n;
    }
    struct literal key = yaml_literal(reader);
    unsigned i = find_key(keys, begin, key.text);
    if (i == keys->n) {
        unknown_key(reader, keys);
        return i;
    }
    if (keys->seen[i].line) {
        yaml_error(reader->error, reader->file, yaml_mark(reader),
                   "duplicate key \"%s\"; it stands at line %u already", key_at(keys, i),
                   keys->seen[i].line);
        return keys->n;
    }
    keys->seen[i] = yaml_mark(reader);
    return i;
}

static int read_row(struct yaml_reader *reader, const struct yaml_rows *rows, void *self,
                    void *record)
{
    struct arena arena = ARENA_INIT;
    struct arena *outer = reader->arena;
    struct yaml_mapping mapping = {.what = rows->key, .table = rows->table, .record = record};
    struct mark mark = yaml_mark(reader);
    reader->arena = &arena;
    int result = yaml_read_mapping(reader, &mapping);
    if (result == 0)
        result = rows->row(self, record, mark, reader->error);
    reader->arena = outer;
    arena_free(&arena);
    return result;
}

static int read_rows(struct yaml_reader *reader, const struct yaml_rows *rows, void *self)
{
    if (reader->event.type == YAML_SCALAR_EVENT) {
        struct literal literal = yaml_literal(reader);
        if (literal_is_null(&literal))
            return 0;
    }
    if (reader->event.type != YAML_SEQUENCE_START_EVENT)
        return yaml_unexpected(reader, rows->key, "a list of mappings");
    void *record = memory_new(rows->row_size);
    int result = 0;
    while (result == 0 && (result = yaml_next(reader)) == 0 &&
           reader->event.type != YAML_SEQUENCE_END_EVENT)
        result = read_row(reader, rows, self, record);
    free(record);
    return result;
}

static int check_required(struct yaml_reader *reader, const struct keys *keys, struct mark mark)
{
    for (unsigned i = 0; i < keys->n_fields; i++) {
        const struct field *field = &keys->mapping->table[i];
        if ((field->flags & FIELD_REQUIRED) && keys->seen[i].line == 0)
            return yaml_error(reader->error, reader->file, mark, "%s%s\"%s\" is missing",
                              keys->mapping->what ? keys->mapping->what : "",
                              keys->mapping->what ? ": " : "", field->key);
    }
    return 0;
}

static int read_value(struct yaml_reader *reader, const struct keys *keys, unsigned i)
{
    const struct yaml_mapping *mapping = keys->mapping;
    if (i >= keys->n_fields && mapping->rows)
        return read_rows(reader, &mapping->rows[i - keys->n_fields], mapping->self);
    const struct field *field = &mapping->table[i];
    return yaml_read_field(reader, field, (char *)mapping->record + field->offset);
}

int yaml_read_mapping(struct yaml_reader *reader, const struct yaml_mapping *mapping)
{
    struct keys keys;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return yaml_unexpected(reader, mapping->what, "a mapping");
    keys_begin(&keys, mapping);
    struct mark mark = yaml_mark(reader);
    if (mapping->table && !mapping->keep)
        field_defaults(mapping->table, mapping->record);
    for (unsigned i = 0;;) {
        if (yaml_next(reader))
            return -1;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return mapping->keep ? 0 : check_required(reader, &keys, mark);
        i = read_key(reader, &keys, i);
        if (i == keys.n || yaml_next(reader))
            return -1;
        if (read_value(reader, &keys, i))
            return -1;
    }
}
