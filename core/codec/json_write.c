/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records to JSON values, in the order of their field tables. */
#include "codec/json.h"

#include "base/memory.h"
#include "codec/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    double now;
    unsigned flags;
};

static json_t *checked(json_t *json)
{
    if (!json)
        abort();
    return json;
}

static json_t *clean_text(const char *text)
{
    struct text clean = TEXT_INIT;
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        unsigned value;
        size_t n = text_character(text + at, length - at, &value);
        if (n)
            text_add_bytes(&clean, text + at, n);
        else
            text_add(&clean, "\xef\xbf\xbd"); /* U+FFFD */
        at += n ? n : 1;
    }
    char *bytes = text_take(&clean);
    json_t *json = checked(json_string(bytes));
    free(bytes);
    return json;
}

json_t *json_from_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *json = json_string(text);
    return json ? json : clean_text(text);
}

static json_t *from_number(double number)
{
    if (!isfinite(number))
        return json_null();
    if (fabs(number) < 1e15 && number <= floor(number))
        return checked(json_integer((json_int_t)number));
    return checked(json_real(number));
}

static json_t *from_age(const struct writer *writer, double time)
{
    char buffer[NUMBER_TEXT];
    if (isnan(writer->now) || isnan(time))
        return from_number(time);
    return from_number(strtod(age_text(buffer, writer->now, time), NULL));
}

static json_t *from_choice(const struct field *field, int choice)
{
    for (int i = 0; field->choices[i]; i++)
        if (i == choice)
            return checked(json_string(field->choices[i]));
    return json_null();
}

static json_t *from_texts(const struct texts *texts)
{
    if (!texts->known)
        return json_null();
    json_t *list = checked(json_array());
    for (uint32_t i = 0; i < texts->n; i++)
        json_array_append_new(list, json_from_text(texts->item[i]));
    return list;
}

static json_t *from_pairs(const struct pairs *pairs)
{
    json_t *object = checked(json_object());
    for (uint32_t i = 0; i < pairs->n; i++) {
        json_t *key = json_from_text(pairs->item[i].key);
        json_object_set_new(object, json_string_value(key), json_from_text(pairs->item[i].value));
        json_decref(key);
    }
    return object;
}

static json_t *from_numbers(const struct numbers *numbers)
{
    json_t *list = checked(json_array());
    for (uint32_t i = 0; i < numbers->n; i++)
        json_array_append_new(list, from_number(numbers->item[i]));
    return list;
}

static json_t *from_either(const struct writer *writer, const struct field *field,
                           const struct text_or_record *either)
{
    if (!either->record)
        return json_from_text(either->text);
    return json_from_record(field->rows, either->record, writer->now, writer->flags);
}

static json_t *from_field(const struct writer *writer, const struct field *field, const void *value)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
        return json_from_text(*(const char *const *)value);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)value);
    case FIELD_U32:
        return checked(json_integer(*(const uint32_t *)value));
    case FIELD_U64:
        return checked(json_integer((json_int_t)*(const uint64_t *)value));
    case FIELD_NUMBER:
    case FIELD_OPTIONAL:
    case FIELD_DURATION:
        return from_number(*(const double *)value);
    case FIELD_AGE:
        return from_age(writer, *(const double *)value);
    case FIELD_CHOICE:
        return from_choice(field, *(const int *)value);
    case FIELD_TEXTS:
        return from_texts(value);
    case FIELD_PAIRS:
        return ((const struct pairs *)value)->known ? from_pairs(value) : json_null();
    case FIELD_NUMBERS:
        return from_numbers(value);
    case FIELD_ROWS:
        return json_from_rows(field->rows, field->row_size, value, writer->now, writer->flags);
    case FIELD_RECORD:
        return json_from_record(field->rows, value, writer->now, writer->flags);
    case FIELD_TEXT_OR_RECORD:
        return from_either(writer, field, value);
    }
    return json_null();
}

/* Room for the value of any field but a record, which is asked field by field. */
union any_value {
    double number;
    uint64_t integer;
    const char *text;
    struct texts texts;
    struct pairs pairs;
    struct numbers numbers;
    struct rows rows;
    struct text_or_record either;
};

static bool is_default(const struct writer *writer, const struct field *field, const void *value)
{
    if (field->type == FIELD_RECORD)
        return false;
    struct field alone[2] = {*field, {.key = NULL}};
    alone[0].offset = 0;
    union any_value given;
    memset(&given, 0, sizeof given);
    field_defaults(alone, &given);
    if (field->type == FIELD_AGE && !isnan(writer->now))
        given.number = writer->now - given.number;
    return field_equal(alone, &given, value);
}

json_t *json_from_record(const struct field *table, const void *record, double now, unsigned flags)
{
    struct writer writer = {.now = now, .flags = flags};
    bool skip = flags & JSON_SKIP_DEFAULTS;
    json_t *object = checked(json_object());
    for (const struct field *field = table; field->key; field++) {
        const void *value = (const char *)record + field->offset;
        if (field->flags & (FIELD_SECRET | FIELD_INTERNAL))
            continue;
        if (skip && !(field->flags & FIELD_REQUIRED) && is_default(&writer, field, value))
            continue;
        json_t *json = from_field(&writer, field, value);
        if (skip && field->type == FIELD_RECORD && json_object_size(json) == 0)
            json_decref(json);
        else
            json_object_set_new(object, field->key, json);
    }
    return object;
}

json_t *json_from_rows(const struct field *table, size_t row_size, const struct rows *rows,
                       double now, unsigned flags)
{
    json_t *list = checked(json_array());
    for (uint32_t i = 0; i < rows->n; i++)
        json_array_append_new(list, json_from_record(table, (const char *)rows->item + i * row_size,
                                                     now, flags));
    return list;
}
