/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy becomes a ruleset: names become units, texts become parameters. Every mistake is
 * found here, before anything runs by it.
 */
#include "base/memory.h"
#include "base/scalar.h"
#include "plug/bind_parameters.h"
#include "plug/lua_file.h"

#include <stdlib.h>
#include <string.h>

struct bound {
    struct ruleset rules; /* first, so that one pointer is both */
    struct plug *plug;
    struct arena arena;
};

/* --- finding units ------------------------------------------------------------------------- */

static void list_names(const struct plug *plug, enum drover_kind kind, const char ***names,
                       uint32_t *n)
{
    *n = 0;
    *names = memory_array(plug->n_units, sizeof **names);
    for (uint32_t i = 0; i < plug->n_units; i++) {
        if (plug->unit[i]->unit.kind == kind)
            (*names)[(*n)++] = plug->unit[i]->public.name;
    }
}

static const struct loaded_unit *find_unit(const struct binding *b, enum drover_kind kind,
                                           const char *name, struct mark mark)
{
    const struct plug_unit *found = plug_find(b->plug, kind, name);
    if (found)
        return (const struct loaded_unit *)found;
    for (int other = DROVER_FILTER; other <= DROVER_FENCE; other++) {
        if (plug_find(b->plug, other, name)) {
            binding_error(b, mark, "%s is a %s unit; a %s unit was expected", name,
                          drover_kind_names[other], drover_kind_names[kind]);
            return NULL;
        }
    }
    const char **names;
    uint32_t n;
    list_names(b->plug, kind, &names, &n);
    const char *near = nearest(name, names, n);
    free(names);
    if (near)
        binding_error(b, mark, "there is no %s unit %s; did you mean %s?", drover_kind_names[kind],
                      name, near);
    else
        binding_error(b, mark, "there is no %s unit %s (see drover plugin list)",
                      drover_kind_names[kind], name);
    return NULL;
}

static void bind_unit(struct binding *b, struct bound_unit *bound, const struct loaded_unit *unit)
{
    *bound = (struct bound_unit){
        .unit = &unit->unit,
        .self = arena_new(b->arena, unit->unit.self_size),
        .name = unit->public.name,
        .factor = 1,
        .on_error = unit->unit.kind == DROVER_FILTER ? ON_ERROR_DENY : ON_ERROR_NEUTRAL,
        .mandatory = unit->unit.flags & DROVER_MANDATORY,
        .owner = unit->file,
    };
    if (unit->lua)
        ((struct lua_self *)bound->self)->unit = unit->lua;
    parameter_defaults(unit->unit.parameters, bound->self, b->arena);
    binding_add(b, bound);
}

static bool is_bound(const struct bound_unit *units, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(units[i].name, name) == 0)
            return true;
    }
    return false;
}

/* --- lists of units ------------------------------------------------------------------------ */

/* The mandatory ones first, then as the policy has them: cheap and common refusals come early. */
static int bind_filters(struct binding *b, struct ruleset *rules)
{
    const struct texts *filters = &b->policy->filters;
    rules->filters = arena_array(b->arena, b->plug->n_units + filters->n, sizeof *rules->filters);
    for (uint32_t i = 0; i < b->plug->n_units; i++) {
        const struct loaded_unit *unit = b->plug->unit[i];
        if (unit->unit.kind == DROVER_FILTER && unit->unit.flags & DROVER_MANDATORY)
            bind_unit(b, &rules->filters[rules->n_filters++], unit);
    }
    uint32_t mandatory = rules->n_filters;
    for (uint32_t i = 0; i < filters->n; i++) {
        const char *name = filters->item[i];
        if (is_bound(rules->filters, mandatory, name))
            continue;
        if (is_bound(rules->filters, rules->n_filters, name))
            return binding_error(b, (struct mark){0}, "filters: %s stands there twice", name);
        const struct loaded_unit *unit = find_unit(b, DROVER_FILTER, name, (struct mark){0});
        if (!unit)
            return -1;
        bind_unit(b, &rules->filters[rules->n_filters++], unit);
    }
    return 0;
}

static int bind_weights(struct binding *b, struct ruleset *rules)
{
    const struct pairs *weights = &b->policy->weights;
    rules->weights = arena_array(b->arena, weights->n, sizeof *rules->weights);
    for (uint32_t i = 0; i < weights->n; i++) {
        const struct pair *pair = &weights->item[i];
        double factor;
        const struct loaded_unit *unit = find_unit(b, DROVER_WEIGHT, pair->key, pair->mark);
        if (!unit)
            return -1;
        if (is_bound(rules->weights, rules->n_weights, pair->key))
            return binding_error(b, pair->mark, "weights: %s stands there twice", pair->key);
        if (!scalar_number(pair->value, &factor) || factor < 0)
            return binding_error(b, pair->mark,
                                 "weights: %s: a factor of 0 or more was expected, found \"%.64s\"",
                                 pair->key, pair->value);
        bind_unit(b, &rules->weights[rules->n_weights], unit);
        rules->weights[rules->n_weights++].factor = factor;
    }
    return 0;
}

/* Admission is a matter of the site, not of one policy: every such unit is asked. */
static void bind_admits(struct binding *b, struct ruleset *rules)
{
    rules->admits = arena_array(b->arena, b->plug->n_units, sizeof *rules->admits);
    for (uint32_t i = 0; i < b->plug->n_units; i++) {
        if (b->plug->unit[i]->unit.kind == DROVER_ADMIT)
            bind_unit(b, &rules->admits[rules->n_admits++], b->plug->unit[i]);
    }
}

/* One unit, by name; `nothing` stands for none; `absent` is taken where the policy says nothing. */
static int bind_one(struct binding *b, struct bound_unit *bound, enum drover_kind kind,
                    const char *name, const char *nothing, const char *absent)
{
    const struct plug_unit *found = plug_find(b->plug, kind, name ? name : absent);
    if (!found && (!name || strcmp(name, nothing) == 0))
        return 0;
    const struct loaded_unit *unit = found ? (const struct loaded_unit *)found
                                           : find_unit(b, kind, name, (struct mark){0});
    if (!unit)
        return -1;
    bind_unit(b, bound, unit);
    return 0;
}

/* A VM may wish for another migrate unit than its cluster's: all are there. */
static void bind_migrates(struct binding *b, struct ruleset *rules)
{
    rules->migrates = arena_array(b->arena, b->plug->n_units, sizeof *rules->migrates);
    for (uint32_t i = 0; i < b->plug->n_units; i++) {
        const struct loaded_unit *unit = b->plug->unit[i];
        if (unit->unit.kind == DROVER_MIGRATE && &unit->unit != rules->migrate.unit)
            bind_unit(b, &rules->migrates[rules->n_migrates++], unit);
    }
}

static int bind_units(struct binding *b, struct ruleset *rules)
{
    const struct policy *policy = b->policy;
    if (bind_filters(b, rules) != 0 || bind_weights(b, rules) != 0)
        return -1;
    bind_admits(b, rules);
    if (bind_one(b, &rules->balance, DROVER_BALANCE, policy->balance, "none", "none") != 0)
        return -1;
    if (bind_one(b, &rules->resilience, DROVER_RESILIENCE, policy->resilience, "do_not_migrate",
                 "migrate") != 0)
        return -1;
    if (bind_one(b, &rules->migrate, DROVER_MIGRATE, policy->migration.policy, "none",
                 "minimal_downtime") != 0)
        return -1;
    bind_migrates(b, rules);
    return 0;
}

/* --- the rest of the policy ---------------------------------------------------------------- */

static int bind_selector(struct binding *b, struct ruleset *rules)
{
    const char *name = b->policy->selector;
    int selector = name ? field_choice(selector_names, name) : SELECTOR_RANK;
    if (selector < 0)
        return binding_error(b, (struct mark){0},
                             "selector: rank, normalized or raw was expected, found \"%.64s\"",
                             name);
    rules->selector = (enum selector)selector;
    return 0;
}

static int bind_on_error(struct binding *b)
{
    for (uint32_t i = 0; i < b->policy->on_error.n; i++) {
        const struct pair *pair = &b->policy->on_error.item[i];
        int word = field_choice(on_error_names, pair->value);
        uint32_t n = 0;
        if (word < 0)
            return binding_error(b, pair->mark, "on_error: %s: deny, neutral or last_good was "
                                 "expected, found \"%.64s\"", pair->key, pair->value);
        for (uint32_t j = 0; j < b->n_units; j++) {
            if (strcmp(b->unit[j]->name, pair->key) != 0)
                continue;
            b->unit[j]->on_error = (enum on_error)word;
            if (word == ON_ERROR_LAST_GOOD && !b->unit[j]->last_good)
                b->unit[j]->last_good = answers_new();
            n++;
        }
        if (n == 0)
            return binding_error(b, pair->mark, "on_error: this policy has no unit %s", pair->key);
    }
    return 0;
}

/* Where the parameter stands that a unit names first in what it says: "schedule: expected ..." */
static struct mark mark_of(const struct binding *b, const struct bound_unit *bound,
                           const char *text, struct mark otherwise)
{
    struct mark mark = otherwise;
    size_t length = strcspn(text, ":");
    for (uint32_t i = 0; b->policy && i < b->policy->parameters.n; i++) {
        const struct pair *pair = &b->policy->parameters.item[i];
        const char *dot = strrchr(pair->key, '.');
        const char *word = dot ? dot + 1 : pair->key;
        bool meant = !dot || (strncmp(bound->name, pair->key, (size_t)(dot - pair->key)) == 0 &&
                              bound->name[dot - pair->key] == '\0');
        if (meant && strlen(word) == length && memcmp(word, text, length) == 0 &&
            (dot || !mark.line))
            mark = pair->mark;
    }
    return mark;
}

/* A unit that is not open yet must not be closed: b->n_open counts them. */
static int open_units(struct binding *b, struct mark mark)
{
    for (; b->n_open < b->n_units; b->n_open++) {
        const struct bound_unit *bound = b->unit[b->n_open];
        char text[512] = "";
        if (bound->unit->open && bound->unit->open(bound->self, text, sizeof text) != 0)
            return binding_error(b, mark_of(b, bound, text, mark), "unit %s: %s", bound->name,
                                 *text ? text : "does not open, and does not say why");
    }
    return 0;
}

static void close_unit(struct bound_unit *bound, bool is_open)
{
    if (is_open && bound->unit && bound->unit->close)
        bound->unit->close(bound->self);
    answers_free(bound->last_good);
}

static int fill(struct binding *b, struct ruleset *rules)
{
    rules->name = arena_text(b->arena, b->policy->name ? b->policy->name : "");
    field_copy(policy_migration_fields, &rules->migration, &b->policy->migration, b->arena);
    if (bind_selector(b, rules) != 0 || bind_units(b, rules) != 0 || bind_on_error(b) != 0 ||
        bind_parameters(b, &rules->parameters) != 0)
        return -1;
    rules->hash = binding_hash(b);
    return open_units(b, (struct mark){0});
}

struct ruleset *plug_bind(struct plug *plug, const struct policy *policy, struct error *error)
{
    struct bound *bound = memory_new(sizeof *bound);
    struct binding b = {.plug = plug, .policy = policy, .file = policy->file,
                        .arena = &bound->arena, .error = error};
    b.subject = arena_printf(b.arena, "policy %s", policy->name ? policy->name : "(inline)");
    bound->plug = plug_ref(plug);
    bound->rules.owner = bound;
    if (fill(&b, &bound->rules) == 0) {
        free(b.unit);
        return &bound->rules;
    }
    for (uint32_t i = b.n_units; i-- > 0;)
        close_unit(b.unit[i], i < b.n_open);
    free(b.unit);
    arena_free(&bound->arena);
    plug_unref(plug);
    free(bound);
    return NULL;
}

static void close_list(struct bound_unit *units, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        close_unit(&units[i], true);
}

void ruleset_free(struct ruleset *ruleset)
{
    if (!ruleset)
        return;
    struct bound *bound = ruleset->owner;
    close_list(ruleset->filters, ruleset->n_filters);
    close_list(ruleset->weights, ruleset->n_weights);
    close_list(ruleset->admits, ruleset->n_admits);
    close_list(&ruleset->balance, 1);
    close_list(&ruleset->resilience, 1);
    close_list(&ruleset->migrate, 1);
    close_list(ruleset->migrates, ruleset->n_migrates);
    plug_unref(bound->plug);
    arena_free(&bound->arena);
    free(bound);
}

/* --- a unit by itself ---------------------------------------------------------------------- */

struct bound_alone {
    struct bound_unit unit; /* first, so that one pointer is both */
    struct plug *plug;
    struct arena arena;
};

static int bind_alone(struct binding *b, struct bound_unit *bound, const struct unit_wanted *wanted)
{
    const struct loaded_unit *unit = find_unit(b, wanted->kind, wanted->name, wanted->mark);
    if (!unit)
        return -1;
    bind_unit(b, bound, unit);
    return bind_own_parameters(b, wanted->parameters) == 0 ? open_units(b, wanted->mark) : -1;
}

struct bound_unit *plug_bind_alone(struct plug *plug, const struct unit_wanted *wanted,
                                   struct error *error)
{
    struct bound_alone *alone = memory_new(sizeof *alone);
    struct binding b = {.plug = plug, .file = wanted->file, .subject = wanted->subject,
                        .arena = &alone->arena, .error = error};
    alone->plug = plug_ref(plug);
    int result = bind_alone(&b, &alone->unit, wanted);
    free(b.unit);
    if (result == 0)
        return &alone->unit;
    arena_free(&alone->arena);
    plug_unref(plug);
    free(alone);
    return NULL;
}

void plug_unbind_alone(struct bound_unit *bound)
{
    struct bound_alone *alone = (struct bound_alone *)bound;
    if (!alone)
        return;
    close_unit(bound, true);
    plug_unref(alone->plug);
    arena_free(&alone->arena);
    free(alone);
}
