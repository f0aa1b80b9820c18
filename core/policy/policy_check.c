/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the field tables cannot check in a policy. See policy_check.h. */
#include "policy/policy_check.h"

#include "base/scalar.h"
#include "codec/yaml.h"
#include "model/ruleset.h"

#include <stdio.h>
#include <string.h>

/*
 * The same document, read for where its scalars stand: a field that may be a text or a record
 * keeps its mark. The other fields are here so that their keys are known.
 */
struct places {
    struct text_or_record policy, summary, extends, selector, balance, resilience;
    struct {
        struct text_or_record policy, bandwidth, encryption, network;
    } migration;
    struct texts filters;
    struct pairs weights, parameters, on_error;
};

#define PLACE(name, member)                                                                        \
    {.key = name, .type = FIELD_TEXT_OR_RECORD, .offset = offsetof(struct places, member),         \
     .flags = FIELD_NULLABLE}
#define MIGRATION_PLACE(member)                                                                    \
    {.key = #member, .type = FIELD_TEXT_OR_RECORD, .flags = FIELD_NULLABLE,                        \
     .offset = offsetof(struct places, migration.member) - offsetof(struct places, migration)}

static const struct field migration_places[] = {
    MIGRATION_PLACE(policy),
    MIGRATION_PLACE(bandwidth),
    MIGRATION_PLACE(encryption),
    MIGRATION_PLACE(network),
    {0},
};

static const struct field place_fields[] = {
    PLACE("policy", policy),
    PLACE("summary", summary),
    PLACE("extends", extends),
    {.key = "filters", .type = FIELD_TEXTS, .offset = offsetof(struct places, filters)},
    {.key = "weights", .type = FIELD_PAIRS, .offset = offsetof(struct places, weights)},
    PLACE("selector", selector),
    PLACE("balance", balance),
    {.key = "parameters", .type = FIELD_PAIRS, .offset = offsetof(struct places, parameters)},
    {.key = "migration", .type = FIELD_RECORD, .offset = offsetof(struct places, migration),
     .rows = migration_places},
    PLACE("resilience", resilience),
    {.key = "on_error", .type = FIELD_PAIRS, .offset = offsetof(struct places, on_error)},
    {0},
};

int policy_marks_read(struct policy_marks *marks, const char *file, const char *bytes,
                      size_t length, struct error *error)
{
    struct arena arena = ARENA_INIT;
    struct places places = {0};
    struct yaml_document document = {.file = file, .table = place_fields, .record = &places};
    int result = yaml_read(&document, bytes, length, &arena, error);
    *marks = (struct policy_marks){
        .policy = places.policy.mark,
        .extends = places.extends.mark,
        .selector = places.selector.mark,
        .bandwidth = places.migration.bandwidth.mark,
        .encryption = places.migration.encryption.mark,
    };
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

/* "a, b or c" */
static const char *list_words(const char *const *words, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (int i = 0; words[i] && used < size; i++) {
        const char *before = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", before, words[i]);
    }
    return buffer;
}

static int check_word(const struct policy *policy, struct mark mark, const char *key,
                      const char *value, const char *const *words, struct error *error)
{
    char expected[128];
    if (!value || field_choice(words, value) >= 0)
        return 0;
    return policy_error(error, policy, mark, "%s: expected %s, found \"%s\"", key,
                        list_words(words, expected, sizeof expected), value);
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

static int check_bandwidth(const struct policy *policy, struct mark mark, struct error *error)
{
    const char *value = policy->migration.bandwidth;
    double mbps;
    if (!value || strcmp(value, "auto") == 0 || strcmp(value, "hypervisor_default") == 0 ||
        (scalar_number(value, &mbps) && mbps > 0))
        return 0;
    return policy_error(error, policy, mark,
                        "migration: bandwidth: expected auto, hypervisor_default or Mbps, "
                        "found \"%s\"",
                        value);
}

int policy_check(const struct policy *policy, const struct policy_marks *marks,
                 struct error *error)
{
    static const struct policy_marks nowhere;
    static const char *const yes_no[] = {"yes", "no", NULL};
    if (!marks)
        marks = &nowhere;
    if (check_word(policy, marks->selector, "selector", policy->selector, selector_names, error) ||
        check_word(policy, marks->encryption, "migration: encryption",
                   policy->migration.encryption, yes_no, error) ||
        check_bandwidth(policy, marks->bandwidth, error) ||
        check_filters(policy, marks, error) || check_weights(policy, error))
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
