/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the field tables cannot check in a policy. See policy_check.h. */
#include "policy/policy_check.h"

#include "base/scalar.h"
#include "codec/yaml.h"
#include "model/ruleset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * The same document, read for where its scalars stand: a field that may be a text or a record
 * keeps its mark. The other fields are here so that their keys are known.
 */
struct places {
    struct text_or_record policy, summary, extends, selector, balance, resilience;
    struct text_or_record migration[POLICY_MIGRATION_KEYS];
    struct texts filters;
    struct pairs weights, parameters, on_error;
};

#define PLACE(name, member)                                                                        \
    {.key = name, .type = FIELD_TEXT_OR_RECORD, .offset = offsetof(struct places, member),         \
     .flags = FIELD_NULLABLE}

/* The keys of `migration`, in the order of their own table. */
static void list_migration_places(struct field *places)
{
    for (size_t i = 0; i < POLICY_MIGRATION_KEYS && policy_migration_fields[i].key; i++)
        places[i] = (struct field){
            .key = policy_migration_fields[i].key, .type = FIELD_TEXT_OR_RECORD,
            .flags = FIELD_NULLABLE, .offset = i * sizeof(struct text_or_record),
        };
}

int policy_marks_read(struct policy_marks *marks, const char *file, const char *bytes,
                      size_t length, struct error *error)
{
    struct field migration[POLICY_MIGRATION_KEYS + 1] = {{0}};
    list_migration_places(migration);
    const struct field fields[] = {
        PLACE("policy", policy),
        PLACE("summary", summary),
        PLACE("extends", extends),
        {.key = "filters", .type = FIELD_TEXTS, .offset = offsetof(struct places, filters)},
        {.key = "weights", .type = FIELD_PAIRS, .offset = offsetof(struct places, weights)},
        PLACE("selector", selector),
        PLACE("balance", balance),
        {.key = "parameters", .type = FIELD_PAIRS, .offset = offsetof(struct places, parameters)},
        {.key = "migration", .type = FIELD_RECORD, .offset = offsetof(struct places, migration),
         .rows = migration},
        PLACE("resilience", resilience),
        {.key = "on_error", .type = FIELD_PAIRS, .offset = offsetof(struct places, on_error)},
        {0},
    };
    struct arena arena = ARENA_INIT;
    struct places places = {0};
    struct yaml_document document = {.file = file, .table = fields, .record = &places};
    int result = yaml_read(&document, bytes, length, &arena, error);
    *marks = (struct policy_marks){
        .policy = places.policy.mark,
        .extends = places.extends.mark,
        .selector = places.selector.mark,
    };
    for (size_t i = 0; i < POLICY_MIGRATION_KEYS; i++)
        marks->migration[i] = places.migration[i].mark;
    arena_free(&arena);
    return result;
}

int policy_error(struct error *error, const struct policy *policy, struct mark mark,
                 const char *format, ...)
{
    char text[sizeof error->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (policy->file && mark.line)
        return yaml_error(error, policy->file, mark, "%s", text);
    if (policy->file)
        return error_set(error, ERROR_INPUT, "%s: %s", policy->file, text);
    return error_set(error, ERROR_INPUT, "policy %s: %s", policy->name ? policy->name : "inline",
                     text);
}

/* "a, b or c"; `last`: another one after them, or NULL. */
static const char *list_words(const char *const *words, const char *last, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (int i = 0; words[i] && used < size; i++) {
        const char *before = i == 0 ? "" : words[i + 1] || last ? ", " : " or ";
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", before, words[i]);
    }
    if (last && used < size)
        snprintf(buffer + used, size - used, " or %s", last);
    return buffer;
}

static int check_word(const struct policy *policy, struct mark mark, const char *key,
                      const char *value, const char *const *words, struct error *error)
{
    char expected[128];
    if (!value || field_choice(words, value) >= 0)
        return 0;
    return policy_error(error, policy, mark, "%s: expected %s, found \"%s\"", key,
                        list_words(words, NULL, expected, sizeof expected), value);
}

#define FACTOR_MAX 1e6

static int check_weights(const struct policy *policy, struct error *error)
{
    for (uint32_t i = 0; i < policy->weights.n; i++) {
        const struct pair *pair = &policy->weights.item[i];
        double factor;
        if (!pair->value || !scalar_number(pair->value, &factor) || factor < 0 ||
            factor > FACTOR_MAX)
            return policy_error(error, policy, pair->mark,
                                "weights: %s: expected a factor from 0 to %.0f, found \"%s\"",
                                pair->key, FACTOR_MAX, pair->value ? pair->value : "null");
    }
    return 0;
}

static int check_filters(const struct policy *policy, const struct policy_marks *marks,
                         struct error *error)
{
    for (uint32_t i = 0; i < policy->filters.n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(policy->filters.item[i], policy->filters.item[j]) == 0)
                return policy_error(error, policy, marks->policy, "filters: %s is there twice",
                                    policy->filters.item[i]);
    return 0;
}

/* What a key of `migration` may be: one of the words, or a number in bounds; both 0: no number. */
static const struct allowed {
    const char *key;
    const char *const words[6];
    double min, max;
    const char *number; /* how the bounds are told */
} allowed[] = {
    {"bandwidth", {"auto", "hypervisor_default"}, 0, 1e9, "Mbps"},
    {"bandwidth_share", {"concurrent", "running"}, 0, 0, NULL},
    {"postcopy_bandwidth", {"unit", "hypervisor_default"}, 0, 1e9, "Mbps"},
    {"connections", {"unit", "auto", "auto_parallel", "disabled"}, 2, 255, "2 to 255"},
    {"compression", {"unit", "no", "xbzrle", "zlib", "zstd"}, 0, 0, NULL},
    {"compression_level", {"unit"}, 1, 20, "1 to 20"},
    {"zero_copy", {"unit", "yes", "no"}, 0, 0, NULL},
    {"auto_converge", {"unit", "yes", "no"}, 0, 0, NULL},
    {"auto_converge_initial", {"unit"}, 1, 99, "1 to 99 (%)"},
    {"auto_converge_increment", {"unit"}, 1, 99, "1 to 99 (%)"},
    {"encryption", {"yes", "no"}, 0, 0, NULL},
};

static const struct allowed *allowed_of(const char *key)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcmp(allowed[i].key, key) == 0)
            return &allowed[i];
    return NULL;
}

/* Mbps may have a fraction, but not be 0; what is counted, or in percent, is whole. */
static bool is_allowed(const struct allowed *may, const char *value)
{
    double number;
    if (field_choice(may->words, value) >= 0)
        return true;
    if (!may->number || !scalar_number(value, &number) || number > may->max)
        return false;
    return may->min > 0 ? number >= may->min && number == floor(number) : number > 0;
}

static int check_migration(const struct policy *policy, const struct policy_marks *marks,
                           struct error *error)
{
    for (size_t i = 0; policy_migration_fields[i].key; i++) {
        const struct field *field = &policy_migration_fields[i];
        const char *value =
            *(const char *const *)((const char *)&policy->migration + field->offset);
        const struct allowed *may = allowed_of(field->key);
        char expected[128];
        if (!value || !may || is_allowed(may, value))
            continue;
        return policy_error(error, policy, marks->migration[i],
                            "migration: %s: expected %s, found \"%s\"", field->key,
                            list_words(may->words, may->number, expected, sizeof expected), value);
    }
    return 0;
}

int policy_check(const struct policy *policy, const struct policy_marks *marks,
                 struct error *error)
{
    static const struct policy_marks nowhere;
    if (!marks)
        marks = &nowhere;
    if (check_word(policy, marks->selector, "selector", policy->selector, selector_names, error) ||
        check_migration(policy, marks, error) || check_filters(policy, marks, error) ||
        check_weights(policy, error))
        return -1;
    for (uint32_t i = 0; i < policy->on_error.n; i++) {
        const struct pair *pair = &policy->on_error.item[i];
        char key[128];
        snprintf(key, sizeof key, "on_error: %s", pair->key);
        if (check_word(policy, pair->mark, key, pair->value ? pair->value : "null",
                       on_error_names, error))
            return -1;
    }
    return 0;
}
