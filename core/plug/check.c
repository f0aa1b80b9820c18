/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a unit must be, whatever language it is written in. Checked once, when it is loaded, so
 * that nobody has to look again.
 */
#include "plug/loaded.h"
#include "plug/parameters.h"

#include <string.h>

const char *const drover_kind_names[] = {
    "",
    [DROVER_FILTER] = "filter",
    [DROVER_WEIGHT] = "weight",
    [DROVER_BALANCE] = "balance",
    [DROVER_RESILIENCE] = "resilience",
    [DROVER_MIGRATE] = "migrate",
    [DROVER_ADMIT] = "admit",
    [DROVER_FENCE] = "fence",
    NULL,
};

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
static const char code_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";

bool unit_name_is_good(const char *name)
{
    size_t length = strspn(name, name_bytes);
    return length > 0 && length <= 64 && !name[length] && strchr(lower, name[0]);
}

bool reason_code_is_good(const char *code)
{
    size_t length = strspn(code, code_bytes);
    return length > 0 && length < 64 && !code[length];
}

const char *unit_lacks(const struct drover_unit *unit)
{
    const bool has[] = {
        [DROVER_FILTER] = unit->filter,         [DROVER_WEIGHT] = unit->weigh,
        [DROVER_BALANCE] = unit->balance,       [DROVER_RESILIENCE] = unit->resilience,
        [DROVER_MIGRATE] = unit->migrate,       [DROVER_ADMIT] = unit->admit,
        [DROVER_FENCE] = unit->fence,
    };
    static const char *const callback[] = {
        [DROVER_FILTER] = "filter",   [DROVER_WEIGHT] = "weigh",
        [DROVER_BALANCE] = "balance", [DROVER_RESILIENCE] = "resilience",
        [DROVER_MIGRATE] = "migrate", [DROVER_ADMIT] = "admit",
        [DROVER_FENCE] = "fence",
    };
    return has[unit->kind] ? NULL : callback[unit->kind];
}

static int check_choices(const struct drover_parameter *parameter, struct error *error)
{
    const char *choices = parameter->choices;
    if (!choices || !*choices)
        return error_set(error, ERROR_INPUT, "parameter %s: a choice needs `choices`",
                         parameter->key);
    if (strstr(choices, "||") || choices[0] == '|' || choices[strlen(choices) - 1] == '|')
        return error_set(error, ERROR_INPUT, "parameter %s: empty word in choices \"%s\"",
                         parameter->key, choices);
    if (!parameter->default_text)
        return error_set(error, ERROR_INPUT, "parameter %s: a choice needs a default",
                         parameter->key);
    return 0;
}

/* A value outside self, or askew in it, would be written over something else. */
static int check_place(const struct drover_unit *unit, const struct drover_parameter *parameter,
                       struct error *error)
{
    size_t size = parameter_size(parameter->type);
    if (size == 0)
        return error_set(error, ERROR_INPUT, "parameter %s: type %u is not known to this drover",
                         parameter->key, (unsigned)parameter->type);
    if (parameter->offset > unit->self_size || size > unit->self_size - parameter->offset)
        return error_set(error, ERROR_INPUT,
                         "parameter %s: offset %zu lies outside self (%zu bytes)",
                         parameter->key, parameter->offset, unit->self_size);
    if (parameter->offset % size != 0)
        return error_set(error, ERROR_INPUT, "parameter %s: offset %zu is not aligned for its type",
                         parameter->key, parameter->offset);
    return 0;
}

static int check_default(const struct drover_parameter *parameter, struct error *error)
{
    if (isnan(parameter->min) || isnan(parameter->max) || parameter->min > parameter->max)
        return error_set(error, ERROR_INPUT, "parameter %s: min %g is above max %g", parameter->key,
                         parameter->min, parameter->max);
    if (!parameter->default_text)
        return 0;
    if (parameter_set(parameter, NULL, parameter->default_text, NULL, error) == 0)
        return 0;
    return error_prefix(error, "default of parameter");
}

static int check_parameters(const struct drover_unit *unit, struct error *error)
{
    const struct drover_parameter *table = unit->parameters;
    for (uint32_t i = 0; table && table[i].key; i++) {
        const struct drover_parameter *parameter = &table[i];
        if (!unit_name_is_good(parameter->key))
            return error_set(error, ERROR_INPUT, "parameter \"%.64s\": a key is [a-z][a-z0-9_]*",
                             parameter->key);
        if (parameter_find(table, parameter->key) != parameter)
            return error_set(error, ERROR_INPUT, "parameter %s is declared twice", parameter->key);
        if (check_place(unit, parameter, error) != 0)
            return -1;
        if (parameter->type == DROVER_CHOICE && check_choices(parameter, error) != 0)
            return -1;
        if (check_default(parameter, error) != 0)
            return -1;
    }
    return 0;
}

static int check_reasons(const struct drover_unit *unit, struct error *error)
{
    for (const struct drover_reason *r = unit->reasons; r && r->code; r++) {
        if (!reason_code_is_good(r->code))
            return error_set(error, ERROR_INPUT, "reason \"%.64s\": a code is [a-z0-9_.]+, like %s",
                             r->code, "memory.short");
        if (!r->text)
            return error_set(error, ERROR_INPUT, "reason %s has no text", r->code);
    }
    return 0;
}

static int check_head(const struct drover_unit *unit, struct error *error)
{
    if (unit->kind < DROVER_FILTER || unit->kind > DROVER_FENCE)
        return error_set(error, ERROR_INPUT, "kind %u is not known to this drover",
                         (unsigned)unit->kind);
    if (!unit->summary || !*unit->summary)
        return error_set(error, ERROR_INPUT, "has no summary: one line that says what it does");
    if (unit->self_size > SELF_SIZE_MAX)
        return error_set(error, ERROR_INPUT, "self_size %zu is above %d bytes", unit->self_size,
                         SELF_SIZE_MAX);
    const char *lacks = unit_lacks(unit);
    if (lacks)
        return error_set(error, ERROR_INPUT, "is a %s unit without a %s callback",
                         drover_kind_names[unit->kind], lacks);
    return 0;
}

int unit_check(const struct drover_unit *unit, struct error *error)
{
    if (!unit->name || !unit_name_is_good(unit->name))
        return error_set(error, ERROR_INPUT, "unit \"%.64s\": a name is [a-z][a-z0-9_]*",
                         unit->name ? unit->name : "");
    if (check_head(unit, error) == 0 && check_parameters(unit, error) == 0 &&
        check_reasons(unit, error) == 0)
        return 0;
    return error_prefix(error, "unit %s", unit->name);
}
