/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON values to records. Scalars go through literal.c, so JSON is accepted exactly as YAML is;
 * only the place in a message differs: keys that lead there, for a value has no line.
 */
#include "codec/json.h"

#include "base/table.h"
#include "codec/literal.h"
#include "codec/yaml.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    double now;
    struct arena *arena;
    struct error *error;
    const char *key; /* of the member that is being read */
    const struct reader *outer;
    size_t index; /* in a list; SIZE_MAX: none */
};

static int read_record(struct reader *reader, const struct field *table, json_t *json,
                       void *record);

/* "hosts[2].memory_mib" */
static void path_text(const struct reader *reader, struct text *path)
{
    if (reader->outer)
        path_text(reader->outer, path);
    if (!reader->key)
        return;
    text_printf(path, "%s%s", path->length ? "." : "", reader->key);
    if (reader->index != SIZE_MAX)
        text_printf(path, "[%zu]", reader->index);
}

static int wrong(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int wrong(const struct reader *reader, const char *format, ...)
{
    struct text path = TEXT_INIT;
    char message[600];
    path_text(reader, &path);
    char *at = text_take(&path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(reader->error, ERROR_INPUT, "%.300s%s%s", at, *at ? ": " : "", message);
    free(at);
    return -1;
}

static const char *found_text(json_t *json, char buffer[TEXT_SHOWN])
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return text_show(buffer, json_string_value(json), json_string_length(json));
    case JSON_INTEGER:
    case JSON_REAL:
        return number_text(buffer, json_number_value(json));
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        break;
    }
    return "null";
}

static int unexpected(const struct reader *reader, const struct field *field, json_t *json)
{
    char expected[EXPECTED_TEXT], found[TEXT_SHOWN];
    return wrong(reader, "expected %s, found %s", field_expected(field, expected),
                 found_text(json, found));
}

/* false where it is no scalar. `buffer` holds a number's text. */
static bool as_literal(json_t *json, char buffer[NUMBER_TEXT], struct literal *literal)
{
    *literal = (struct literal){.quoted = false};
    switch (json_typeof(json)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return false;
    case JSON_STRING:
        literal->text = json_string_value(json);
        literal->quoted = true;
        break;
    case JSON_INTEGER:
        snprintf(buffer, NUMBER_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        literal->text = buffer;
        break;
    case JSON_REAL:
        literal->text = number_text(buffer, json_real_value(json));
        break;
    case JSON_TRUE:
        literal->text = "true";
        break;
    case JSON_FALSE:
        literal->text = "false";
        break;
    case JSON_NULL:
        literal->text = "null";
        break;
    }
    literal->length = strlen(literal->text);
    return true;
}

static int read_texts(struct reader *reader, const struct field *field, json_t *json,
                      struct texts *texts)
{
    size_t n = json_array_size(json);
    *texts = (struct texts){.item = arena_array(reader->arena, n, sizeof *texts->item),
                            .n = (uint32_t)n, .known = true};
    for (size_t i = 0; i < n; i++) {
        char buffer[NUMBER_TEXT];
        struct literal literal;
        json_t *item = json_array_get(json, i);
        if (!as_literal(item, buffer, &literal) || !literal_is_item(field, &literal))
            return unexpected(reader, field, item);
        texts->item[i] = arena_bytes(reader->arena, literal.text, literal.length);
    }
    return 0;
}

static int read_numbers(struct reader *reader, const struct field *field, json_t *json,
                        struct numbers *numbers)
{
    size_t n = json_array_size(json);
    *numbers = (struct numbers){.item = arena_array(reader->arena, n, sizeof *numbers->item),
                                .n = (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        char buffer[NUMBER_TEXT];
        struct literal literal;
        json_t *item = json_array_get(json, i);
        numbers->item[i] = NAN;
        if (!json_is_null(item) && (!as_literal(item, buffer, &literal) ||
                                    !literal_number(field, &literal, &numbers->item[i])))
            return unexpected(reader, field, item);
    }
    return 0;
}

static int read_rows(struct reader *reader, const struct field *field, json_t *json,
                     struct rows *rows)
{
    size_t n = json_array_size(json);
    *rows = (struct rows){.item = arena_array(reader->arena, n, field->row_size),
                          .n = (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        reader->index = i;
        if (read_record(reader, field->rows, json_array_get(json, i),
                        (char *)rows->item + i * field->row_size))
            return -1;
    }
    reader->index = SIZE_MAX;
    return 0;
}

static size_t count_pairs(json_t *json)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach(json, key, value) {
        n += json_is_object(value) ? count_pairs(value) : 1;
    }
    return n;
}

/* "a.b" and {"a": {"b": ...}} are the same key, so JSON's own check is not enough. */
static int add_pairs(struct reader *reader, json_t *json, const char *outer, struct pairs *pairs,
                     struct table *index)
{
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) {
        char buffer[NUMBER_TEXT], found[TEXT_SHOWN], shown[TEXT_SHOWN];
        struct literal literal;
        const char *whole = outer ? arena_printf(reader->arena, "%s.%s", outer, key)
                                  : arena_text(reader->arena, key);
        if (json_is_object(value)) {
            if (add_pairs(reader, value, whole, pairs, index))
                return -1;
            continue;
        }
        if (!as_literal(value, buffer, &literal))
            return wrong(reader, "expected one value for %s, found %s",
                         text_show(shown, whole, strlen(whole)), found_text(value, found));
        if (table_get(index, whole) != TABLE_NONE)
            return wrong(reader, "duplicate key %s", text_show(found, whole, strlen(whole)));
        table_put(index, whole, pairs->n);
        pairs->item[pairs->n++] = (struct pair){
            .key = whole,
            .value = literal_is_null(&literal)
                         ? ""
                         : arena_bytes(reader->arena, literal.text, literal.length),
        };
    }
    return 0;
}

static int read_pairs(struct reader *reader, json_t *json, struct pairs *pairs)
{
    pairs->item = arena_array(reader->arena, count_pairs(json), sizeof *pairs->item);
    pairs->n = 0;
    pairs->known = true;
    struct table index = TABLE_INIT;
    int result = add_pairs(reader, json, NULL, pairs, &index);
    table_free(&index);
    return result;
}

static int read_either(struct reader *reader, const struct field *field, json_t *json,
                       struct text_or_record *either)
{
    *either = (struct text_or_record){.record = arena_new(reader->arena, field->row_size)};
    return read_record(reader, field->rows, json, either->record);
}

static bool is_double(const struct field *field)
{
    return field->type == FIELD_NUMBER || field->type == FIELD_OPTIONAL ||
           field->type == FIELD_DURATION || field->type == FIELD_AGE;
}

static int read_scalar(struct reader *reader, const struct field *field, json_t *json, void *place)
{
    char buffer[NUMBER_TEXT];
    struct literal literal;
    if (json_is_null(json) && is_double(field)) {
        *(double *)place = NAN;
        return 0;
    }
    if (!as_literal(json, buffer, &literal) || !literal_set(field, place, &literal, reader->arena))
        return unexpected(reader, field, json);
    return 0;
}

static int read_value(struct reader *reader, const struct field *field, json_t *json, void *place)
{
    if (json_is_array(json) && field->type == FIELD_TEXTS)
        return read_texts(reader, field, json, place);
    if (json_is_array(json) && field->type == FIELD_NUMBERS)
        return read_numbers(reader, field, json, place);
    if (json_is_array(json) && field->type == FIELD_ROWS)
        return read_rows(reader, field, json, place);
    if (json_is_object(json) && field->type == FIELD_PAIRS)
        return read_pairs(reader, json, place);
    if (json_is_object(json) && field->type == FIELD_RECORD)
        return read_record(reader, field->rows, json, place);
    if (json_is_object(json) && field->type == FIELD_TEXT_OR_RECORD)
        return read_either(reader, field, json, place);
    return read_scalar(reader, field, json, place);
}

static int unknown_key(struct reader *reader, const struct field *table, const char *key)
{
    char shown[TEXT_SHOWN];
    const char *nearest = nearest_key(table, NULL, key);
    return wrong(reader, "unknown key %s%s%s%s", text_show(shown, key, strlen(key)),
                 nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static int read_record(struct reader *reader, const struct field *table, json_t *json,
                       void *record)
{
    char found[TEXT_SHOWN];
    const char *key;
    json_t *value;
    field_defaults(table, record);
    if (!json_is_object(json))
        return wrong(reader, "expected a mapping, found %s", found_text(json, found));
    json_object_foreach(json, key, value) {
        const struct field *field = field_find(table, key);
        if (!field)
            return unknown_key(reader, table, key);
        struct reader inner = *reader;
        inner.outer = reader;
        inner.key = field->key;
        inner.index = SIZE_MAX;
        if (read_value(&inner, field, value, (char *)record + field->offset))
            return -1;
    }
    for (const struct field *field = table; field->key; field++)
        if ((field->flags & FIELD_REQUIRED) && !json_object_get(json, field->key))
            return wrong(reader, "\"%s\" is missing", field->key);
    return 0;
}

int json_to_record(const struct field *table, json_t *json, void *record, double now,
                   struct arena *arena, struct error *error)
{
    struct reader reader = {.now = now, .arena = arena, .error = error, .index = SIZE_MAX};
    if (read_record(&reader, table, json, record))
        return -1;
    if (!isnan(now))
        ages_turn(table, record, now);
    return 0;
}
