/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings of free keys: labels, parameters, factors. Nested ones are flattened. */
#include "codec/yaml_reader.h"

#include "base/memory.h"
#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS_LIMIT 4096 /* of one mapping */
/* A key is written on one line, of at most 1024 characters in YAML, also where each of its bytes
   needs an escape of four. */
#define PAIR_KEY_LIMIT 253

struct pair_list {
    const struct field *field;
    struct pair *item;
    uint32_t n, capacity;
    struct table index;
};

static int add_pair(struct yaml_reader *reader, struct pair_list *list, const char *key,
                    struct mark mark)
{
    char shown[TEXT_SHOWN];
    struct literal value = yaml_literal(reader);
    uint32_t earlier = table_get(&list->index, key);
    if (list->item && earlier != TABLE_NONE)
        return yaml_error(reader->error, reader->file, mark,
                          "%s: duplicate key %s; it stands at line %u already", list->field->key,
                          text_show(shown, key, strlen(key)), list->item[earlier].mark.line);
    if (list->n == PAIRS_LIMIT)
        return yaml_error(reader->error, reader->file, mark,
                          "%s: more than %d keys are not accepted", list->field->key, PAIRS_LIMIT);
    list->item = memory_grow(list->item, &list->capacity, list->n + 1, sizeof *list->item);
    const char *text = literal_is_null(&value)
                           ? ""
                           : arena_bytes(reader->arena, value.text, value.length);
    list->item[list->n] = (struct pair){.key = key, .value = text, .mark = mark};
    table_put(&list->index, key, list->n++);
    return 0;
}

static const char *read_pair_key(struct yaml_reader *reader, const struct pair_list *list,
                                 const char *outer)
{
    char shown[TEXT_SHOWN];
    if (reader->event.type != YAML_SCALAR_EVENT) {
        yaml_unexpected(reader, list->field->key, "a key");
        return NULL;
    }
    struct literal key = yaml_literal(reader);
    if (key.length == 0 || key.length + (outer ? strlen(outer) + 1 : 0) > PAIR_KEY_LIMIT) {
        yaml_error(reader->error, reader->file, yaml_mark(reader),
                   "%s: expected a key of 1 to %d bytes, found %s", list->field->key,
                   PAIR_KEY_LIMIT, text_show(shown, key.text, key.length));
        return NULL;
    }
    return outer ? arena_printf(reader->arena, "%s.%s", outer, key.text)
                 : arena_text(reader->arena, key.text);
}

static int read_level(struct yaml_reader *reader, struct pair_list *list, const char *outer)
{
    for (;;) {
        if (yaml_next(reader))
            return -1;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return 0;
        struct mark mark = yaml_mark(reader);
        const char *key = read_pair_key(reader, list, outer);
        if (!key || yaml_next(reader))
            return -1;
        int result;
        if (reader->event.type == YAML_SCALAR_EVENT)
            result = add_pair(reader, list, key, mark);
        else if (reader->event.type == YAML_MAPPING_START_EVENT)
            result = read_level(reader, list, key);
        else
            result = yaml_unexpected(reader, list->field->key, "one value for each key");
        if (result)
            return -1;
    }
}

int yaml_read_pairs(struct yaml_reader *reader, const struct field *field, struct pairs *pairs)
{
    struct pair_list list = {.field = field};
    int result = read_level(reader, &list, NULL);
    *pairs = (struct pairs){.n = list.n, .known = true};
    pairs->item = arena_array(reader->arena, list.n, sizeof *pairs->item);
    if (list.n)
        memcpy(pairs->item, list.item, list.n * sizeof *list.item);
    free(list.item);
    table_free(&list.index);
    return result;
}
