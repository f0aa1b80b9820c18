/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scalars into fields. See literal.h. */
#include "codec/literal.h"

#include "base/scalar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool literal_is_null(const struct literal *literal)
{
    return !literal->quoted && scalar_null(literal->text);
}

static bool has_bounds(const struct field *field)
{
    return field->min < 0 || field->min > 0 || field->max < 0 || field->max > 0;
}

static bool in_bounds(const struct field *field, double value)
{
    return !has_bounds(field) || (value >= field->min && value <= field->max);
}

bool literal_is_item(const struct field *field, const struct literal *literal)
{
    return !literal_is_null(literal) &&
           (!field->choices || field_choice(field->choices, literal->text) >= 0);
}

bool literal_number(const struct field *field, const struct literal *literal, double *value)
{
    double number;
    if (literal->quoted || !scalar_number(literal->text, &number) || !in_bounds(field, number))
        return false;
    *value = number;
    return true;
}

/* Whole numbers up to `most`; 4.0 and 1e3 are whole, too: other programs write JSON so. */
static bool whole_number(const struct field *field, const struct literal *literal, uint64_t most,
                         uint64_t *value)
{
    int64_t integer;
    double number;
    if (literal->quoted)
        return false;
    if (!scalar_integer(literal->text, &integer)) {
        if (!scalar_number(literal->text, &number) || !(number >= 0 && number < 9e15))
            return false;
        integer = (int64_t)number;
        if ((double)integer < number)
            return false;
    }
    if (integer < 0 || (uint64_t)integer > most || !in_bounds(field, (double)integer))
        return false;
    *value = (uint64_t)integer;
    return true;
}

static bool set_text(const struct field *field, const char **place, const struct literal *literal,
                     struct arena *arena)
{
    if (literal_is_null(literal)) {
        if (!(field->flags & FIELD_NULLABLE))
            return false;
        *place = NULL;
        return true;
    }
    if (field->type == FIELD_NAME && !field_is_name(literal->text))
        return false;
    *place = arena_bytes(arena, literal->text, literal->length);
    return true;
}

static bool set_number(const struct field *field, double *place, const struct literal *literal)
{
    bool nullable = field->type == FIELD_OPTIONAL || field->type == FIELD_AGE ||
                    (field->flags & (FIELD_NULLABLE | FIELD_COMPUTED));
    if (nullable && literal_is_null(literal)) {
        *place = NAN;
        return true;
    }
    double value;
    bool found = field->type == FIELD_DURATION
                     ? scalar_duration_s(literal->text, &value) && in_bounds(field, value)
                     : literal_number(field, literal, &value);
    if (!found || (field->type == FIELD_AGE && value < 0))
        return false;
    *place = value;
    return true;
}

static bool set_whole(const struct field *field, void *place, const struct literal *literal)
{
    uint64_t value = 0;
    uint64_t most = field->type == FIELD_U32 ? UINT32_MAX : INT64_MAX;
    bool computed = (field->flags & FIELD_COMPUTED) && literal_is_null(literal);
    if (!computed && !whole_number(field, literal, most, &value))
        return false;
    if (field->type == FIELD_U32)
        *(uint32_t *)place = (uint32_t)value;
    else
        *(uint64_t *)place = value;
    return true;
}

/* Other programs turn a plain yes or no into true or false before they write JSON. */
static bool set_choice(const struct field *field, int *place, const struct literal *literal)
{
    bool yes;
    int choice = field_choice(field->choices, literal->text);
    if (choice < 0 && !literal->quoted && scalar_boolean(literal->text, &yes))
        choice = field_choice(field->choices, yes ? "yes" : "no");
    if (choice < 0)
        return false;
    *place = choice;
    return true;
}

bool literal_set(const struct field *field, void *place, const struct literal *literal,
                 struct arena *arena)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
        return set_text(field, place, literal, arena);
    case FIELD_BOOL:
        return !literal->quoted && scalar_boolean(literal->text, place);
    case FIELD_U32:
    case FIELD_U64:
        return set_whole(field, place, literal);
    case FIELD_NUMBER:
    case FIELD_OPTIONAL:
    case FIELD_DURATION:
    case FIELD_AGE:
        return set_number(field, place, literal);
    case FIELD_CHOICE:
        return set_choice(field, place, literal);
    case FIELD_TEXT_OR_RECORD: {
        struct text_or_record *either = place;
        const char *text;
        if (!set_text(field, &text, literal, arena))
            return false;
        *either = (struct text_or_record){.text = text, .mark = either->mark};
        return true;
    }
    case FIELD_TEXTS:
    case FIELD_PAIRS:
    case FIELD_NUMBERS:
    case FIELD_ROWS:
    case FIELD_RECORD:
        return literal_is_null(literal) && literal_set_empty(field, place);
    }
    return false;
}

bool literal_set_empty(const struct field *field, void *place)
{
    switch (field->type) {
    case FIELD_TEXTS:
        *(struct texts *)place = (struct texts){0};
        return true;
    case FIELD_PAIRS:
        *(struct pairs *)place = (struct pairs){0};
        return true;
    case FIELD_NUMBERS:
        *(struct numbers *)place = (struct numbers){0};
        return true;
    case FIELD_ROWS:
        *(struct rows *)place = (struct rows){0};
        return true;
    case FIELD_RECORD:
        field_defaults(field->rows, place);
        return true;
    default:
        return false;
    }
}
