/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters by table: one row per type says how it is read, how wide it is, what it is called. */
#include "plug/parameters.h"

#include "base/scalar.h"
#include "plug/plug.h"

#include <stdio.h>
#include <string.h>

const char *const drover_parameter_type_names[] = {
    "",           [DROVER_INTEGER] = "integer",      [DROVER_NUMBER] = "number",
    [DROVER_PERCENT] = "percent", [DROVER_DURATION_S] = "duration", [DROVER_MEMORY_MIB] = "memory",
    [DROVER_BOOLEAN] = "boolean", [DROVER_TEXT] = "text",           [DROVER_CHOICE] = "choice",
    NULL,
};

struct type {
    size_t size;
    const char *article; /* what people call such a value */
    bool (*number)(const char *text, double *value); /* NULL: not a double */
};

static const struct type types[] = {
    [DROVER_INTEGER] = {sizeof(int64_t), "a whole number", NULL},
    [DROVER_NUMBER] = {sizeof(double), "a number", scalar_number},
    [DROVER_PERCENT] = {sizeof(double), "a percentage", scalar_percent},
    [DROVER_DURATION_S] = {sizeof(double), "a duration (90s, 2m, 1h)", scalar_duration_s},
    [DROVER_MEMORY_MIB] = {sizeof(double), "an amount of memory (512MiB, 4GiB)", scalar_memory_mib},
    [DROVER_BOOLEAN] = {sizeof(bool), "yes or no", NULL},
    [DROVER_TEXT] = {sizeof(const char *), "a text", NULL},
    [DROVER_CHOICE] = {sizeof(const char *), "one of", NULL},
};
#define N_TYPES (sizeof types / sizeof *types)

size_t parameter_size(uint32_t type)
{
    return type < N_TYPES ? types[type].size : 0;
}

static bool has_bounds(const struct drover_parameter *parameter)
{
    return parameter->min != 0 || parameter->max != 0;
}

static bool within(const struct drover_parameter *parameter, double value)
{
    return !has_bounds(parameter) || (value >= parameter->min && value <= parameter->max);
}

const char *parameter_expected(const struct drover_parameter *parameter, char *text, size_t size)
{
    const char *article = types[parameter->type].article;
    const char *unit = parameter->unit ? parameter->unit : "";
    const char *space = *unit && *unit != '%' ? " " : "";
    bool ranged = parameter->type >= DROVER_INTEGER && parameter->type <= DROVER_MEMORY_MIB;
    if (parameter->type == DROVER_CHOICE)
        snprintf(text, size, "one of %s", parameter->choices);
    else if (!ranged || !has_bounds(parameter))
        snprintf(text, size, "%s", article);
    else if (parameter->max == HUGE_VAL)
        snprintf(text, size, "%s, at least %.15g%s%s", article, parameter->min, space, unit);
    else if (parameter->min == -HUGE_VAL)
        snprintf(text, size, "%s, at most %.15g%s%s", article, parameter->max, space, unit);
    else
        snprintf(text, size, "%s from %.15g to %.15g%s%s", article, parameter->min, parameter->max,
                 space, unit);
    return text;
}

/* "a|b|c" has the word `text` of that length. */
static bool is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (const char *word = choices; length > 0; word++) {
        size_t part = strcspn(word, "|");
        if (part == length && memcmp(word, text, part) == 0)
            return true;
        word += part;
        if (!*word)
            return false;
    }
    return false;
}

union value {
    int64_t integer;
    double number;
    bool boolean;
    const char *text;
};

static bool read_value(const struct drover_parameter *parameter, const char *text,
                       union value *value)
{
    const struct type *type = &types[parameter->type];
    if (type->number)
        return type->number(text, &value->number) && within(parameter, value->number);
    switch (parameter->type) {
    case DROVER_INTEGER:
        return scalar_integer(text, &value->integer) && within(parameter, (double)value->integer);
    case DROVER_BOOLEAN:
        return scalar_boolean(text, &value->boolean);
    case DROVER_CHOICE:
        value->text = text;
        return is_choice(parameter->choices, text);
    default:
        value->text = text;
        return true;
    }
}

int parameter_set(const struct drover_parameter *parameter, void *self, const char *text,
                  struct arena *arena, struct error *error)
{
    union value value = {0};
    char expected[256];
    if (!read_value(parameter, text, &value))
        return error_set(error, ERROR_INPUT, "%s: expected %s, found \"%.100s\"", parameter->key,
                         parameter_expected(parameter, expected, sizeof expected), text);
    if (!self)
        return 0;
    if (parameter->type == DROVER_TEXT || parameter->type == DROVER_CHOICE)
        value.text = arena_text(arena, text);
    memcpy((char *)self + parameter->offset, &value, parameter_size(parameter->type));
    return 0;
}

void parameter_defaults(const struct drover_parameter *table, void *self, struct arena *arena)
{
    static const char *const empty = "";
    for (; table && table->key; table++) {
        void *place = (char *)self + table->offset;
        if (table->default_text)
            parameter_set(table, self, table->default_text, arena, NULL);
        else if (table->type == DROVER_TEXT)
            memcpy(place, &empty, sizeof empty);
    }
}

const struct drover_parameter *parameter_find(const struct drover_parameter *table,
                                              const char *key)
{
    for (; table && table->key; table++) {
        if (strcmp(table->key, key) == 0)
            return table;
    }
    return NULL;
}
