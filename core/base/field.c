/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Field tables: defaults, copies and comparisons of records. See field.h. */
#include "base/field.h"

#include "base/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *at(void *record, const struct field *field)
{
    return (char *)record + field->offset;
}

static const void *const_at(const void *record, const struct field *field)
{
    return (const char *)record + field->offset;
}

static double default_number(const struct field *field)
{
    if (!field->default_text)
        return 0;
    char *end;
    double number = strtod(field->default_text, &end);
    if (*end)
        abort();
    return number;
}

static void default_one(const struct field *field, void *value)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME: {
        bool null = (field->flags & FIELD_NULLABLE) && !field->default_text;
        *(const char **)value = null ? NULL : field->default_text ? field->default_text : "";
        break;
    }
    case FIELD_BOOL:
        *(bool *)value = field->default_text && strcmp(field->default_text, "true") == 0;
        break;
    case FIELD_U32:
        *(uint32_t *)value = (uint32_t)default_number(field);
        break;
    case FIELD_U64:
        *(uint64_t *)value = (uint64_t)default_number(field);
        break;
    case FIELD_NUMBER:
        *(double *)value = default_number(field);
        break;
    case FIELD_OPTIONAL:
    case FIELD_AGE:
        *(double *)value = field->default_text ? default_number(field) : NAN;
        break;
    case FIELD_DURATION:
        *(double *)value = 0;
        if (field->default_text && !scalar_duration_s(field->default_text, value))
            abort();
        break;
    case FIELD_CHOICE: {
        int choice = field->default_text ? field_choice(field->choices, field->default_text) : 0;
        if (choice < 0)
            abort();
        *(int *)value = choice;
        break;
    }
    case FIELD_TEXTS:
        *(struct texts *)value = (struct texts){.known = field->default_text != NULL};
        break;
    case FIELD_PAIRS:
        *(struct pairs *)value = (struct pairs){0};
        break;
    case FIELD_NUMBERS:
        *(struct numbers *)value = (struct numbers){0};
        break;
    case FIELD_ROWS:
        *(struct rows *)value = (struct rows){0};
        break;
    case FIELD_RECORD:
        field_defaults(field->rows, value);
        break;
    case FIELD_TEXT_OR_RECORD:
        *(struct text_or_record *)value = (struct text_or_record){.text = field->default_text};
        break;
    }
}

void field_defaults(const struct field *table, void *record)
{
    for (const struct field *field = table; field->key; field++)
        default_one(field, at(record, field));
}

const struct field *field_find(const struct field *table, const char *key)
{
    for (const struct field *field = table; field->key; field++)
        if (strcmp(field->key, key) == 0)
            return field->flags & FIELD_INTERNAL ? NULL : field;
    return NULL;
}

static const char *copy_text(struct arena *arena, const char *text)
{
    return text ? arena_text(arena, text) : NULL;
}

static void copy_texts(struct texts *to, const struct texts *from, struct arena *arena)
{
    *to = *from;
    to->item = arena_array(arena, from->n, sizeof *to->item);
    for (uint32_t i = 0; i < from->n; i++)
        to->item[i] = arena_text(arena, from->item[i]);
}

static void copy_pairs(struct pairs *to, const struct pairs *from, struct arena *arena)
{
    *to = *from;
    to->item = arena_array(arena, from->n, sizeof *to->item);
    for (uint32_t i = 0; i < from->n; i++)
        to->item[i] = (struct pair){
            .key = arena_text(arena, from->item[i].key),
            .value = copy_text(arena, from->item[i].value),
            .mark = from->item[i].mark,
        };
}

static void copy_rows(const struct field *field, struct rows *to, const struct rows *from,
                      struct arena *arena)
{
    to->n = from->n;
    to->item = arena_array(arena, from->n, field->row_size);
    for (uint32_t i = 0; i < from->n; i++)
        field_copy(field->rows, (char *)to->item + i * field->row_size,
                   (const char *)from->item + i * field->row_size, arena);
}

static void copy_either(const struct field *field, struct text_or_record *to,
                        const struct text_or_record *from, struct arena *arena)
{
    *to = (struct text_or_record){.text = copy_text(arena, from->text), .mark = from->mark};
    if (from->record) {
        to->record = arena_new(arena, field->row_size);
        field_copy(field->rows, to->record, from->record, arena);
    }
}

static void copy_one(const struct field *field, void *to, const void *from, struct arena *arena)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
        *(const char **)to = copy_text(arena, *(const char *const *)from);
        break;
    case FIELD_BOOL:
        *(bool *)to = *(const bool *)from;
        break;
    case FIELD_U32:
        *(uint32_t *)to = *(const uint32_t *)from;
        break;
    case FIELD_U64:
        *(uint64_t *)to = *(const uint64_t *)from;
        break;
    case FIELD_NUMBER:
    case FIELD_OPTIONAL:
    case FIELD_DURATION:
    case FIELD_AGE:
        *(double *)to = *(const double *)from;
        break;
    case FIELD_CHOICE:
        *(int *)to = *(const int *)from;
        break;
    case FIELD_TEXTS:
        copy_texts(to, from, arena);
        break;
    case FIELD_PAIRS:
        copy_pairs(to, from, arena);
        break;
    case FIELD_NUMBERS: {
        const struct numbers *source = from;
        struct numbers *copy = to;
        copy->n = source->n;
        copy->item = arena_array(arena, source->n, sizeof *copy->item);
        for (uint32_t i = 0; i < source->n; i++)
            copy->item[i] = source->item[i];
        break;
    }
    case FIELD_ROWS:
        copy_rows(field, to, from, arena);
        break;
    case FIELD_RECORD:
        field_copy(field->rows, to, from, arena);
        break;
    case FIELD_TEXT_OR_RECORD:
        copy_either(field, to, from, arena);
        break;
    }
}

void field_copy(const struct field *table, void *to, const void *from, struct arena *arena)
{
    for (const struct field *field = table; field->key; field++)
        copy_one(field, at(to, field), const_at(from, field), arena);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a >= b && a <= b);
}

static bool same_texts(const struct texts *a, const struct texts *b)
{
    if (a->n != b->n || a->known != b->known)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_text(a->item[i], b->item[i]))
            return false;
    return true;
}

static bool same_pairs(const struct pairs *a, const struct pairs *b)
{
    if (a->n != b->n || a->known != b->known)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_text(a->item[i].key, b->item[i].key) ||
            !same_text(a->item[i].value, b->item[i].value))
            return false;
    return true;
}

static bool same_numbers(const struct numbers *a, const struct numbers *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_number(a->item[i], b->item[i]))
            return false;
    return true;
}

static bool same_rows(const struct field *field, const struct rows *a, const struct rows *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!field_equal(field->rows, (const char *)a->item + i * field->row_size,
                         (const char *)b->item + i * field->row_size))
            return false;
    return true;
}

static bool same_either(const struct field *field, const struct text_or_record *a,
                        const struct text_or_record *b)
{
    if (!same_text(a->text, b->text) || !a->record != !b->record)
        return false;
    return !a->record || field_equal(field->rows, a->record, b->record);
}

static bool same_one(const struct field *field, const void *a, const void *b)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
        return same_text(*(const char *const *)a, *(const char *const *)b);
    case FIELD_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case FIELD_U32:
        return *(const uint32_t *)a == *(const uint32_t *)b;
    case FIELD_U64:
        return *(const uint64_t *)a == *(const uint64_t *)b;
    case FIELD_NUMBER:
    case FIELD_OPTIONAL:
    case FIELD_DURATION:
    case FIELD_AGE:
        return same_number(*(const double *)a, *(const double *)b);
    case FIELD_CHOICE:
        return *(const int *)a == *(const int *)b;
    case FIELD_TEXTS:
        return same_texts(a, b);
    case FIELD_PAIRS:
        return same_pairs(a, b);
    case FIELD_NUMBERS:
        return same_numbers(a, b);
    case FIELD_ROWS:
        return same_rows(field, a, b);
    case FIELD_RECORD:
        return field_equal(field->rows, a, b);
    case FIELD_TEXT_OR_RECORD:
        return same_either(field, a, b);
    }
    return false;
}

bool field_equal(const struct field *table, const void *a, const void *b)
{
    for (const struct field *field = table; field->key; field++)
        if (!same_one(field, const_at(a, field), const_at(b, field)))
            return false;
    return true;
}

int field_choice(const char *const *choices, const char *name)
{
    for (int i = 0; choices[i]; i++)
        if (strcmp(choices[i], name) == 0)
            return i;
    return -1;
}

bool field_is_name(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._:@-";
    size_t length = strlen(text);
    return length >= 1 && length <= 253 && strspn(text, allowed) == length;
}
