/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record with a field of every type, for the tests of YAML and JSON. */
#ifndef TESTS_UNIT_CODEC_RECORD_H
#define TESTS_UNIT_CODEC_RECORD_H

#include "base/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct inner {
    const char *id;
    double size;
};

struct sample_record {
    const char *text;
    const char *note; /* nullable */
    const char *name;
    bool flag;
    uint32_t count;
    uint64_t big;
    double number;
    double maybe;
    double wait_s;
    double since;
    int colour;
    struct texts list;
    struct pairs labels;
    struct numbers figures;
    struct rows rows;
    struct inner one;
    struct text_or_record either;
    const char *secret;
    int answer;
};

static const char *const colours[] = {"red", "green", "blue", NULL};
static const char *const answers[] = {"yes", "no", "perhaps", NULL};

#define INNER(member) offsetof(struct inner, member)
static const struct field inner_fields[] = {
    {.key = "id", .type = FIELD_TEXT, .offset = INNER(id), .flags = FIELD_REQUIRED},
    {.key = "size", .type = FIELD_NUMBER, .offset = INNER(size), .default_text = "1.5"},
    {0},
};

/* The same, but nothing is required: for a record that may be absent. */
static const struct field one_fields[] = {
    {.key = "id", .type = FIELD_TEXT, .offset = INNER(id)},
    {.key = "size", .type = FIELD_NUMBER, .offset = INNER(size), .default_text = "1.5"},
    {0},
};

#define SAMPLE(member) offsetof(struct sample_record, member)
static const struct field sample_table[] = {
    {.key = "text", .type = FIELD_TEXT, .offset = SAMPLE(text), .default_text = "none"},
    {.key = "note", .type = FIELD_TEXT, .offset = SAMPLE(note), .flags = FIELD_NULLABLE},
    {.key = "name", .type = FIELD_NAME, .offset = SAMPLE(name), .default_text = "x"},
    {.key = "flag", .type = FIELD_BOOL, .offset = SAMPLE(flag)},
    {.key = "count", .type = FIELD_U32, .offset = SAMPLE(count), .default_text = "3"},
    {.key = "big", .type = FIELD_U64, .offset = SAMPLE(big)},
    {.key = "number", .type = FIELD_NUMBER, .offset = SAMPLE(number), .min = -10, .max = 100},
    {.key = "maybe", .type = FIELD_OPTIONAL, .offset = SAMPLE(maybe)},
    {.key = "wait", .type = FIELD_DURATION, .offset = SAMPLE(wait_s), .default_text = "2m",
     .max = 3600},
    {.key = "since_s", .type = FIELD_AGE, .offset = SAMPLE(since)},
    {.key = "colour", .type = FIELD_CHOICE, .offset = SAMPLE(colour), .choices = colours},
    {.key = "list", .type = FIELD_TEXTS, .offset = SAMPLE(list)},
    {.key = "labels", .type = FIELD_PAIRS, .offset = SAMPLE(labels)},
    {.key = "figures", .type = FIELD_NUMBERS, .offset = SAMPLE(figures), .max = 4095},
    {.key = "rows", .type = FIELD_ROWS, .offset = SAMPLE(rows), .rows = inner_fields,
     .row_size = sizeof(struct inner)},
    {.key = "one", .type = FIELD_RECORD, .offset = SAMPLE(one), .rows = one_fields,
     .row_size = sizeof(struct inner)},
    {.key = "either", .type = FIELD_TEXT_OR_RECORD, .offset = SAMPLE(either), .rows = inner_fields,
     .row_size = sizeof(struct inner), .default_text = "plain"},
    {.key = "secret", .type = FIELD_TEXT, .offset = SAMPLE(secret), .flags = FIELD_SECRET},
    {.key = "answer", .type = FIELD_CHOICE, .offset = SAMPLE(answer), .choices = answers},
    {0},
};

#endif
