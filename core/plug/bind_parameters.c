/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameters of a policy: `key` goes to every unit that declares it, `unit.key` to one unit,
 * and some to the core. A key that nobody knows is a mistake; one that a unit knows which this
 * policy does not use is not: it may have come along with `extends`.
 */
#include "plug/bind_parameters.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RHV's names, defaults and bounds. */
static const struct drover_parameter core_parameters[] = {
    {.key = "high_utilization", .type = DROVER_PERCENT, .unit = "%", .min = 50, .max = 99,
     .default_text = "80", .offset = offsetof(struct rule_parameters, high_utilization)},
    {.key = "low_utilization", .type = DROVER_PERCENT, .unit = "%", .min = 0, .max = 49,
     .default_text = "20", .offset = offsetof(struct rule_parameters, low_utilization)},
    {.key = "cpu_overcommit_duration", .type = DROVER_DURATION_S, .unit = "s", .min = 60,
     .max = HUGE_VAL, .default_text = "2m",
     .offset = offsetof(struct rule_parameters, cpu_overcommit_duration)},
    {.key = "vcpu_consumption_percentage", .type = DROVER_PERCENT, .unit = "%", .min = 0,
     .max = 100, .default_text = "10",
     .offset = offsetof(struct rule_parameters, vcpu_consumption_percentage)},
    {.key = "ignore_vm_to_vm_affinity_for_host_maintenance", .type = DROVER_BOOLEAN,
     .default_text = "yes",
     .offset = offsetof(struct rule_parameters, ignore_vm_to_vm_affinity_for_host_maintenance)},
    {.key = NULL},
};

void binding_add(struct binding *b, struct bound_unit *bound)
{
    b->unit = memory_grow(b->unit, &b->unit_capacity, b->n_units + 1, sizeof(struct bound_unit *));
    b->unit[b->n_units++] = bound;
}

int binding_error(const struct binding *b, struct mark mark, const char *format, ...)
{
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_set(b->error, ERROR_INPUT, "%s: %s", b->subject, text);
    if (b->file && mark.line)
        return error_prefix(b->error, "%s:%u:%u", b->file, mark.line, mark.column);
    if (mark.line)
        return error_prefix(b->error, "line %u, column %u", mark.line, mark.column);
    return b->file ? error_prefix(b->error, "%s", b->file) : -1;
}

/* "unit" of "unit.key": the unit's name has that length; whole: any unit. */
static bool is_meant(const char *name, const char *key, size_t unit_length)
{
    return unit_length == 0 || (strlen(name) == unit_length && memcmp(name, key, unit_length) == 0);
}

static int set_one(struct binding *b, const struct pair *pair,
                   const struct drover_parameter *parameter, void *self)
{
    struct error error = ERROR_INIT;
    if (parameter_set(parameter, self, pair->value, b->arena, &error) == 0)
        return 0;
    return binding_error(b, pair->mark, "%s", error.text);
}

static bool is_declared(const struct binding *b, const char *key, const char *word,
                        size_t unit_length)
{
    for (uint32_t i = 0; i < b->plug->n_units; i++) {
        const struct loaded_unit *unit = b->plug->unit[i];
        if (is_meant(unit->public.name, key, unit_length) &&
            parameter_find(unit->unit.parameters, word))
            return true;
    }
    return false;
}

static int unknown_key(struct binding *b, const struct pair *pair)
{
    const char *words[1024];
    uint32_t n = 0;
    for (const struct drover_parameter *p = core_parameters; b->policy && p->key; p++)
        words[n++] = p->key;
    for (uint32_t i = 0; i < b->n_units; i++) {
        const struct drover_parameter *p = b->unit[i]->unit->parameters;
        for (; p && p->key && n < sizeof words / sizeof *words; p++)
            words[n++] = p->key;
    }
    const char *dot = strrchr(pair->key, '.');
    const char *near = nearest(dot ? dot + 1 : pair->key, words, n);
    if (near)
        return binding_error(b, pair->mark, "parameters: no unit declares %s; did you mean %s?",
                             pair->key, near);
    return binding_error(b, pair->mark, "parameters: no unit declares %s", pair->key);
}

static int bind_pair(struct binding *b, const struct pair *pair, struct rule_parameters *core)
{
    const char *dot = strrchr(pair->key, '.');
    const char *word = dot ? dot + 1 : pair->key;
    size_t unit_length = dot ? (size_t)(dot - pair->key) : 0;
    const struct drover_parameter *own = dot ? NULL : parameter_find(core_parameters, word);
    if (own && set_one(b, pair, own, core) != 0)
        return -1;
    for (uint32_t i = 0; i < b->n_units; i++) {
        const struct bound_unit *bound = b->unit[i];
        const struct drover_parameter *parameter = parameter_find(bound->unit->parameters, word);
        if (parameter && is_meant(bound->name, pair->key, unit_length) &&
            set_one(b, pair, parameter, bound->self) != 0)
            return -1;
    }
    return own || is_declared(b, pair->key, word, unit_length) ? 0 : unknown_key(b, pair);
}

/* First those for all, then those for one unit, in whatever order they stand in the policy. */
int bind_parameters(struct binding *b, struct rule_parameters *core)
{
    const struct pairs *pairs = &b->policy->parameters;
    parameter_defaults(core_parameters, core, b->arena);
    for (int special = 0; special <= 1; special++) {
        for (uint32_t i = 0; i < pairs->n; i++) {
            bool named = strchr(pairs->item[i].key, '.');
            if (named == special && bind_pair(b, &pairs->item[i], core) != 0)
                return -1;
        }
    }
    return 0;
}

int bind_own_parameters(struct binding *b, const struct pairs *pairs)
{
    struct bound_unit *bound = b->unit[0];
    for (uint32_t i = 0; i < pairs->n; i++) {
        const struct pair *pair = &pairs->item[i];
        const struct drover_parameter *parameter =
            parameter_find(bound->unit->parameters, pair->key);
        if ((parameter ? set_one(b, pair, parameter, bound->self) : unknown_key(b, pair)) != 0)
            return -1;
    }
    return 0;
}

/* --- hash ---------------------------------------------------------------------------------- */

static void add_text(struct sha256 *sha, const char *text)
{
    sha256_add(sha, text ? "+" : "-", 1);
    sha256_add(sha, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void add_pairs(struct sha256 *sha, const char *what, const struct pairs *pairs)
{
    add_text(sha, what);
    for (uint32_t i = 0; i < pairs->n; i++) {
        add_text(sha, pairs->item[i].key);
        add_text(sha, pairs->item[i].value);
    }
}

const char *binding_hash(const struct binding *b)
{
    const struct policy *policy = b->policy;
    const char *const texts[] = {
        policy->name, policy->selector, policy->balance, policy->resilience,
    };
    struct sha256 sha;
    sha256_begin(&sha);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_text(&sha, texts[i]);
    for (const struct field *field = policy_migration_fields; field->key; field++)
        add_text(&sha, *(const char *const *)((const char *)&policy->migration + field->offset));
    add_text(&sha, "filters");
    for (uint32_t i = 0; i < policy->filters.n; i++)
        add_text(&sha, policy->filters.item[i]);
    add_pairs(&sha, "weights", &policy->weights);
    add_pairs(&sha, "parameters", &policy->parameters);
    add_pairs(&sha, "on_error", &policy->on_error);
    for (uint32_t i = 0; i < b->n_units; i++) {
        const struct loaded_file *file = b->unit[i]->owner;
        add_text(&sha, b->unit[i]->name);
        add_text(&sha, file->hash);
    }
    char *hash = arena_new(b->arena, SHA256_TEXT_SIZE);
    sha256_end(&sha, hash);
    return hash;
}
