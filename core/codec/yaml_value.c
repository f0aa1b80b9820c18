/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of fields out of a YAML document: scalars, lists, rows, records within records. */
#include "codec/yaml_reader.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Items of a list while their number is not known yet. */
struct list {
    char *item;
    uint32_t n, capacity;
};

static void *list_add(struct list *list, size_t size)
{
    list->item = memory_grow(list->item, &list->capacity, list->n + 1, size);
    void *item = list->item + list->n++ * size;
    memset(item, 0, size);
    return item;
}

static void *list_keep(const struct list *list, size_t size, struct arena *arena)
{
    void *items = arena_array(arena, list->n, size);
    if (list->n)
        memcpy(items, list->item, list->n * size);
    return items;
}

static int unexpected(struct yaml_reader *reader, const struct field *field)
{
    char expected[EXPECTED_TEXT];
    return yaml_unexpected(reader, field->key, field_expected(field, expected));
}

static int read_scalar(struct yaml_reader *reader, const struct field *field, void *place)
{
    struct literal literal = yaml_literal(reader);
    struct mark mark = yaml_mark(reader);
    if (!literal_set(field, place, &literal, reader->arena))
        return unexpected(reader, field);
    if (field->type == FIELD_TEXT_OR_RECORD)
        ((struct text_or_record *)place)->mark = mark;
    return 0;
}

static int text_item(struct yaml_reader *reader, const struct field *field, struct list *list)
{
    if (reader->event.type != YAML_SCALAR_EVENT)
        return unexpected(reader, field);
    struct literal literal = yaml_literal(reader);
    if (!literal_is_item(field, &literal))
        return unexpected(reader, field);
    char *copy = arena_bytes(reader->arena, literal.text, literal.length);
    *(const char **)list_add(list, sizeof(const char *)) = copy;
    return 0;
}

static int number_item(struct yaml_reader *reader, const struct field *field, struct list *list)
{
    double number;
    if (reader->event.type != YAML_SCALAR_EVENT)
        return unexpected(reader, field);
    struct literal literal = yaml_literal(reader);
    if (!literal_number(field, &literal, &number))
        return unexpected(reader, field);
    *(double *)list_add(list, sizeof number) = number;
    return 0;
}

static int row_item(struct yaml_reader *reader, const struct field *field, struct list *list)
{
    struct yaml_mapping mapping = {
        .what = field->key,
        .table = field->rows,
        .record = list_add(list, field->row_size),
    };
    return yaml_read_mapping(reader, &mapping);
}

static int read_items(struct yaml_reader *reader, const struct field *field, struct list *list,
                      int (*item)(struct yaml_reader *, const struct field *, struct list *))
{
    for (;;) {
        if (yaml_next(reader))
            return -1;
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return 0;
        if (item(reader, field, list))
            return -1;
    }
}

static int read_list(struct yaml_reader *reader, const struct field *field, void *place)
{
    struct list list = {0};
    int result = -1;
    if (field->type == FIELD_TEXTS) {
        result = read_items(reader, field, &list, text_item);
        struct texts texts = {.n = list.n, .known = true};
        texts.item = list_keep(&list, sizeof *texts.item, reader->arena);
        *(struct texts *)place = texts;
    } else if (field->type == FIELD_NUMBERS) {
        result = read_items(reader, field, &list, number_item);
        struct numbers numbers = {.n = list.n};
        numbers.item = list_keep(&list, sizeof *numbers.item, reader->arena);
        *(struct numbers *)place = numbers;
    } else if (field->type == FIELD_ROWS) {
        result = read_items(reader, field, &list, row_item);
        struct rows rows = {.n = list.n};
        rows.item = list_keep(&list, field->row_size, reader->arena);
        *(struct rows *)place = rows;
    } else {
        unexpected(reader, field);
    }
    free(list.item);
    return result;
}

static int read_either(struct yaml_reader *reader, const struct field *field,
                       struct text_or_record *either)
{
    void *record = arena_new(reader->arena, field->row_size);
    *either = (struct text_or_record){.record = record, .mark = yaml_mark(reader)};
    struct yaml_mapping mapping = {.what = field->key, .table = field->rows, .record = record};
    return yaml_read_mapping(reader, &mapping);
}

static int read_map(struct yaml_reader *reader, const struct field *field, void *place)
{
    struct yaml_mapping mapping = {
        .what = field->key,
        .table = field->rows,
        .record = place,
        .keep = reader->flags & YAML_KEEP,
    };
    switch (field->type) {
    case FIELD_PAIRS:
        return yaml_read_pairs(reader, field, place);
    case FIELD_RECORD:
        return yaml_read_mapping(reader, &mapping);
    case FIELD_TEXT_OR_RECORD:
        return read_either(reader, field, place);
    default:
        return unexpected(reader, field);
    }
}

int yaml_read_field(struct yaml_reader *reader, const struct field *field, void *place)
{
    switch (reader->event.type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, field, place);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(reader, field, place);
    case YAML_MAPPING_START_EVENT:
        return read_map(reader, field, place);
    default:
        return unexpected(reader, field);
    }
}
