/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies by name: read from directories, found, and resolved (`extends`). See policy_file.h. */
#include "policy/policy_file.h"

#include "base/memory.h"
#include "codec/yaml.h"
#include "policy/directory.h"
#include "policy/policy_check.h"
#include "policy/policy_merge.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct policy policy;
    struct policy_marks marks;
};

struct policies {
    struct entry **entry; /* by name */
    uint32_t n, capacity;
    struct arena arena;
};

struct policies *policies_new(void)
{
    return memory_new(sizeof(struct policies));
}

void policies_free(struct policies *policies)
{
    if (!policies)
        return;
    free(policies->entry);
    arena_free(&policies->arena);
    free(policies);
}

uint32_t policies_count(const struct policies *policies)
{
    return policies->n;
}

const struct policy *policies_get(const struct policies *policies, uint32_t i)
{
    return &policies->entry[i]->policy;
}

/* The place of name among the entries: where it is, or where it would be put. */
static uint32_t place_of(const struct policies *policies, const char *name)
{
    uint32_t i = 0;
    while (i < policies->n && strcmp(policies->entry[i]->policy.name, name) < 0)
        i++;
    return i;
}

static struct entry *find(const struct policies *policies, const char *name)
{
    uint32_t i = place_of(policies, name);
    bool found = i < policies->n && strcmp(policies->entry[i]->policy.name, name) == 0;
    return found ? policies->entry[i] : NULL;
}

static void put(struct policies *policies, struct entry *entry)
{
    uint32_t i = place_of(policies, entry->policy.name);
    if (find(policies, entry->policy.name)) {
        policies->entry[i] = entry;
        return;
    }
    policies->entry =
        memory_grow(policies->entry, &policies->capacity, policies->n + 1, sizeof(struct entry *));
    memmove(policies->entry + i + 1, policies->entry + i,
            (policies->n - i) * sizeof(struct entry *));
    policies->entry[i] = entry;
    policies->n++;
}

/* ------------------------------------------------------------------- reading */

int policies_read_text(struct policies *policies, const char *what, const char *bytes,
                       size_t length, struct error *error)
{
    struct entry *entry = arena_new(&policies->arena, sizeof *entry);
    struct policy *policy = &entry->policy;
    struct yaml_document document = {
        .file = arena_text(&policies->arena, what),
        .table = policy_fields,
        .record = policy,
    };
    if (yaml_read(&document, bytes, length, &policies->arena, error) ||
        policy_marks_read(&entry->marks, document.file, bytes, length, error))
        return -1;
    policy->file = document.file;
    if (!policy->name)
        return policy_error(error, policy, (struct mark){1, 1},
                            "\"policy\" is missing: the name of the policy");
    if (policy_check(policy, &entry->marks, error))
        return -1;
    put(policies, entry);
    return 0;
}

int policies_read_file(struct policies *policies, const char *path, struct error *error)
{
    size_t length;
    char *bytes = file_read(path, &length, error);
    if (!bytes)
        return -1;
    int result = policies_read_text(policies, path, bytes, length, error);
    free(bytes);
    return result;
}

int policies_read_dir(struct policies *policies, const char *dir, struct error *error)
{
    struct texts paths;
    if (directory_yaml(dir, &paths, &policies->arena, error))
        return -1;
    for (uint32_t i = 0; i < paths.n; i++)
        if (policies_read_file(policies, paths.item[i], error))
            return -1;
    return 0;
}

/* ----------------------------------------------------------------- resolving */

/* A chain of policies that extend each other is a few long; so long a one is a mistake. */
#define CHAIN_LIMIT 32

struct chain {
    const struct policy *policy[CHAIN_LIMIT]; /* the one asked for first, then what it extends */
    uint32_t n;
};

/* "a extends b extends a" */
static const char *chain_text(const struct chain *chain, const char *last, struct arena *arena)
{
    const char *text = "";
    for (uint32_t i = 0; i < chain->n; i++)
        text = arena_printf(arena, "%s%s extends ", text, chain->policy[i]->name);
    return arena_printf(arena, "%s%s", text, last);
}

static bool in_chain(const struct chain *chain, const struct policy *policy)
{
    for (uint32_t i = 0; i < chain->n; i++)
        if (chain->policy[i] == policy)
            return true;
    return false;
}

static const char *known_names(const struct policies *policies, struct arena *arena)
{
    const char *text = "";
    for (uint32_t i = 0; i < policies->n; i++)
        text = arena_printf(arena, "%s%s%s", text, i ? ", " : "", policies->entry[i]->policy.name);
    return *text ? text : "none";
}

/* The policy that this one extends; *base NULL: none. */
static int step_down(struct policies *policies, const struct chain *chain, struct mark mark,
                     const struct entry **base, struct error *error)
{
    const struct policy *policy = chain->policy[chain->n - 1];
    *base = NULL;
    if (!policy->extends)
        return 0;
    *base = find(policies, policy->extends);
    if (!*base)
        return policy_error(error, policy, mark,
                            "extends: there is no policy \"%s\"; there are: %s", policy->extends,
                            known_names(policies, &policies->arena));
    if (in_chain(chain, &(*base)->policy))
        return policy_error(error, policy, mark, "extends: goes round in a circle: %s",
                            chain_text(chain, policy->extends, &policies->arena));
    if (chain->n == CHAIN_LIMIT)
        return policy_error(error, policy, mark, "extends: more than %d policies in a chain",
                            CHAIN_LIMIT);
    return 0;
}

static const struct policy *resolve(struct policies *policies, const struct policy *policy,
                                    const struct policy_marks *marks, struct error *error)
{
    struct chain chain = {.policy = {policy}, .n = 1};
    const struct entry *base;
    struct mark mark = marks ? marks->extends : (struct mark){0, 0};
    for (;;) {
        if (step_down(policies, &chain, mark, &base, error))
            return NULL;
        if (!base)
            break;
        chain.policy[chain.n++] = &base->policy;
        mark = base->marks.extends;
    }
    struct policy *resolved = policy_merge_begin(&policies->arena);
    for (uint32_t i = chain.n; i-- > 0;)
        policy_merge(resolved, chain.policy[i], &policies->arena);
    policy_merge_end(resolved);
    return resolved;
}

const struct policy *policies_resolve(struct policies *policies, const char *name,
                                      struct error *error)
{
    const struct entry *entry = find(policies, name);
    if (entry)
        return resolve(policies, &entry->policy, &entry->marks, error);
    error_set(error, ERROR_NOT_FOUND, "there is no policy \"%s\"; there are: %s", name,
              known_names(policies, &policies->arena));
    return NULL;
}

const struct policy *policies_resolve_inline(struct policies *policies,
                                             const struct policy *inline_policy,
                                             struct error *error)
{
    struct policy *copy = arena_new(&policies->arena, sizeof *copy);
    field_copy(policy_fields, copy, inline_policy, &policies->arena);
    copy->file = inline_policy->file ? arena_text(&policies->arena, inline_policy->file) : NULL;
    if (!copy->name)
        copy->name = "inline";
    if (policy_check(copy, NULL, error))
        return NULL;
    return resolve(policies, copy, NULL, error);
}
