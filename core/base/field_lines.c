/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records as lines; see field_lines.h. */
#include "base/field_lines.h"

#include "base/memory.h"
#include "base/scalar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ writing */

struct buffer {
    char *text;
    uint32_t n, room;
};

static void put(struct buffer *buffer, const char *text, size_t length)
{
    char *grown = memory_grow(buffer->text, &buffer->room, buffer->n + (uint32_t)length + 1, 1);
    memcpy(grown + buffer->n, text, length);
    buffer->text = grown;
    buffer->n += (uint32_t)length;
    buffer->text[buffer->n] = '\0';
}

static void put_escaped(struct buffer *buffer, const char *text)
{
    while (*text) {
        size_t plain = strcspn(text, "\n\t\\");
        put(buffer, text, plain);
        text += plain;
        if (*text) {
            const char escape[2] = {'\\', *text == '\n' ? 'n' : *text == '\t' ? 't' : '\\'};
            put(buffer, escape, 2);
            text++;
        }
    }
}

static void put_number(struct buffer *buffer, double number)
{
    char text[32] = "null";
    if (!isnan(number))
        snprintf(text, sizeof text, "%.17g", number);
    put(buffer, text, strlen(text));
}

static void put_key(struct buffer *buffer, const struct field *field, const char *sign)
{
    put(buffer, field->key, strlen(field->key));
    put(buffer, sign, strlen(sign));
}

static void write_lines(struct buffer *buffer, const struct field *table, const void *record);

static void put_record(struct buffer *buffer, const struct field *table, const void *record)
{
    struct buffer inner = {0};
    write_lines(&inner, table, record);
    if (inner.text)
        put_escaped(buffer, inner.text);
    free(inner.text);
}

static void put_scalar(struct buffer *buffer, const struct field *field, const void *value)
{
    switch (field->type) {
    case FIELD_BOOL: put_number(buffer, *(const bool *)value); break;
    case FIELD_U32: put_number(buffer, *(const uint32_t *)value); break;
    case FIELD_CHOICE: put_number(buffer, *(const int *)value); break;
    case FIELD_U64: {
        char text[32];
        snprintf(text, sizeof text, "%llu", (unsigned long long)*(const uint64_t *)value);
        put(buffer, text, strlen(text));
        break;
    }
    case FIELD_NUMBER:
    case FIELD_OPTIONAL:
    case FIELD_DURATION:
    case FIELD_AGE: put_number(buffer, *(const double *)value); break;
    case FIELD_RECORD: put_record(buffer, field->rows, value); break;
    default: put_escaped(buffer, *(const char *const *)value);
    }
}

static uint32_t list_length(const struct field *field, const void *value, bool *known)
{
    *known = true;
    switch (field->type) {
    case FIELD_TEXTS: *known = ((const struct texts *)value)->known;
        return ((const struct texts *)value)->n;
    case FIELD_PAIRS: *known = ((const struct pairs *)value)->known;
        return ((const struct pairs *)value)->n;
    case FIELD_NUMBERS: return ((const struct numbers *)value)->n;
    default: return ((const struct rows *)value)->n;
    }
}

static void put_item(struct buffer *buffer, const struct field *field, const void *value,
                     uint32_t i)
{
    if (field->type == FIELD_TEXTS) {
        put_escaped(buffer, ((const struct texts *)value)->item[i]);
    } else if (field->type == FIELD_NUMBERS) {
        put_number(buffer, ((const struct numbers *)value)->item[i]);
    } else if (field->type == FIELD_PAIRS) {
        const struct pair *pair = &((const struct pairs *)value)->item[i];
        put_escaped(buffer, pair->key);
        put(buffer, "\t", 1);
        put_escaped(buffer, pair->value);
    } else {
        const char *item = ((const struct rows *)value)->item;
        put_record(buffer, field->rows, item + (size_t)i * field->row_size);
    }
}

static void write_list(struct buffer *buffer, const struct field *field, const void *value)
{
    bool known;
    uint32_t n = list_length(field, value, &known);
    if (known) {
        put_key(buffer, field, "[]=");
        put(buffer, "\n", 1);
    }
    for (uint32_t i = 0; i < n; i++) {
        put_key(buffer, field, "+=");
        put_item(buffer, field, value, i);
        put(buffer, "\n", 1);
    }
}

static bool is_list(const struct field *field)
{
    return field->type == FIELD_TEXTS || field->type == FIELD_PAIRS ||
           field->type == FIELD_NUMBERS || field->type == FIELD_ROWS;
}

static bool is_text(const struct field *field)
{
    return field->type == FIELD_TEXT || field->type == FIELD_NAME;
}

static void write_lines(struct buffer *buffer, const struct field *table, const void *record)
{
    for (const struct field *field = table; field->key; field++) {
        const void *value = (const char *)record + field->offset;
        if (field->flags & FIELD_SECRET || field->type == FIELD_TEXT_OR_RECORD ||
            (is_text(field) && !*(const char *const *)value))
            continue;
        if (is_list(field)) {
            write_list(buffer, field, value);
            continue;
        }
        put_key(buffer, field, "=");
        put_scalar(buffer, field, value);
        put(buffer, "\n", 1);
    }
}

const char *field_lines_write(struct arena *arena, const struct field *table, const void *record)
{
    struct buffer buffer = {0};
    write_lines(&buffer, table, record);
    const char *text = buffer.n ? arena_bytes(arena, buffer.text, buffer.n) : "";
    free(buffer.text);
    return text;
}

/* ------------------------------------------------------------------ reading */

/* Up to length or the first tab; *used: how far it came. */
static const char *unescape(struct arena *arena, const char *text, size_t length, size_t *used)
{
    char *plain = arena_new(arena, length + 1);
    char *to = plain;
    size_t i = 0;
    for (; i < length && text[i] != '\t'; i++) {
        if (text[i] == '\\' && i + 1 < length) {
            i++;
            *to++ = text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
        } else {
            *to++ = text[i];
        }
    }
    *used = i;
    return plain;
}

/* Whole numbers within 0..most. */
static bool whole(const char *text, double most, double *number)
{
    return scalar_number(text, number) && *number >= 0 && *number <= most &&
           floor(*number) == *number;
}

static int n_choices(const struct field *field)
{
    int n = 0;
    while (field->choices && field->choices[n])
        n++;
    return n;
}

static void read_scalar(struct arena *arena, const struct field *field, const char *text,
                        void *value)
{
    double number;
    int64_t integer;
    switch (field->type) {
    case FIELD_BOOL:
        if (whole(text, 1, &number))
            *(bool *)value = number > 0;
        break;
    case FIELD_U32:
        if (whole(text, UINT32_MAX, &number))
            *(uint32_t *)value = (uint32_t)number;
        break;
    case FIELD_CHOICE:
        if (whole(text, n_choices(field) - 1, &number))
            *(int *)value = (int)number;
        break;
    case FIELD_U64:
        if (scalar_integer(text, &integer) && integer >= 0)
            *(uint64_t *)value = (uint64_t)integer;
        break;
    case FIELD_NUMBER:
    case FIELD_OPTIONAL:
    case FIELD_DURATION:
    case FIELD_AGE:
        if (scalar_number(text, &number) || scalar_null(text))
            *(double *)value = scalar_null(text) ? NAN : number;
        break;
    case FIELD_RECORD: field_lines_read(arena, field->rows, text, value); break;
    case FIELD_TEXT_OR_RECORD: break;
    default: *(const char **)value = text;
    }
}

/* A list's items with room for one more; lists of remembered records are short. */
static void *longer(struct arena *arena, const void *items, uint32_t n, size_t size)
{
    char *copy = arena_array(arena, (size_t)n + 1, size);
    if (n > 0)
        memcpy(copy, items, n * size);
    return copy;
}

static void append_item(struct arena *arena, const struct field *field, const char *text,
                        const char *second, void *value)
{
    if (field->type == FIELD_TEXTS) {
        struct texts *texts = value;
        texts->item = longer(arena, texts->item, texts->n, sizeof *texts->item);
        texts->item[texts->n++] = text;
    } else if (field->type == FIELD_PAIRS) {
        struct pairs *pairs = value;
        pairs->item = longer(arena, pairs->item, pairs->n, sizeof *pairs->item);
        pairs->item[pairs->n++] = (struct pair){.key = text, .value = second};
    } else if (field->type == FIELD_NUMBERS) {
        struct numbers *numbers = value;
        double number;
        if (!scalar_number(text, &number))
            return;
        numbers->item = longer(arena, numbers->item, numbers->n, sizeof *numbers->item);
        numbers->item[numbers->n++] = number;
    } else {
        struct rows *rows = value;
        char *items = longer(arena, rows->item, rows->n, field->row_size);
        char *item = items + (size_t)rows->n * field->row_size;
        field_defaults(field->rows, item);
        field_lines_read(arena, field->rows, text, item);
        rows->item = items;
        rows->n++;
    }
}

static void start_list(const struct field *field, void *value)
{
    if (field->type == FIELD_TEXTS)
        *(struct texts *)value = (struct texts){.known = true};
    else if (field->type == FIELD_PAIRS)
        *(struct pairs *)value = (struct pairs){.known = true};
    else if (field->type == FIELD_NUMBERS)
        *(struct numbers *)value = (struct numbers){0};
    else
        *(struct rows *)value = (struct rows){0};
}

static void read_line(struct arena *arena, const struct field *table, const char *line,
                      size_t length, void *record)
{
    size_t key = 0;
    while (key < length && line[key] != '=')
        key++;
    if (key == length)
        return;
    bool item = key > 0 && line[key - 1] == '+';
    bool list = key > 1 && line[key - 1] == ']' && line[key - 2] == '[';
    const char *name = arena_bytes(arena, line, key - (item ? 1 : list ? 2 : 0));
    const struct field *field = table;
    while (field->key && strcmp(field->key, name) != 0)
        field++;
    if (!field->key || field->flags & FIELD_SECRET || is_list(field) != (item || list))
        return;
    void *value = (char *)record + field->offset;
    size_t used;
    const char *text = unescape(arena, line + key + 1, length - key - 1, &used);
    size_t rest = key + 1 + used + 1; /* behind the tab of a pair */
    const char *second =
        rest <= length ? unescape(arena, line + rest, length - rest, &used) : "";
    if (list)
        start_list(field, value);
    else if (item)
        append_item(arena, field, text, second, value);
    else
        read_scalar(arena, field, text, value);
}

void field_lines_read(struct arena *arena, const struct field *table, const char *text,
                      void *record)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        read_line(arena, table, text, length, record);
        text += length + (text[length] == '\n');
    }
}
