/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy over the one that it extends. See policy_merge.h. */
#include "policy/policy_merge.h"

#include <string.h>

struct policy *policy_merge_begin(struct arena *arena)
{
    struct policy *policy = arena_new(arena, sizeof *policy);
    field_defaults(policy_fields, policy);
    return policy;
}

static void over_text(const char **text, const char *over)
{
    if (over)
        *text = over;
}

static struct pair *pair_find(struct pairs *pairs, const char *key)
{
    for (uint32_t i = 0; i < pairs->n; i++)
        if (strcmp(pairs->item[i].key, key) == 0)
            return &pairs->item[i];
    return NULL;
}

static void over_pairs(struct pairs *pairs, const struct pairs *over, struct arena *arena)
{
    if (!over->known)
        return;
    struct pairs all = {.known = true};
    all.item = arena_array(arena, (size_t)pairs->n + over->n, sizeof *all.item);
    for (uint32_t i = 0; i < pairs->n; i++)
        all.item[all.n++] = pairs->item[i];
    for (uint32_t i = 0; i < over->n; i++) {
        struct pair *old = pair_find(&all, over->item[i].key);
        *(old ? old : &all.item[all.n++]) = over->item[i];
    }
    *pairs = all;
}

/* A mark belongs to a file, and the resolved policy has one file only: that of the last one. */
static void forget_marks(struct pairs *pairs, struct arena *arena)
{
    struct pair *copy = arena_array(arena, pairs->n, sizeof *copy);
    for (uint32_t i = 0; i < pairs->n; i++)
        copy[i] = (struct pair){.key = pairs->item[i].key, .value = pairs->item[i].value};
    pairs->item = copy;
}

/* All of its fields are texts, and NULL where nothing is said. */
static void over_migration(struct policy_migration *migration, const struct policy_migration *over)
{
    for (const struct field *field = policy_migration_fields; field->key; field++)
        over_text((const char **)((char *)migration + field->offset),
                  *(const char *const *)((const char *)over + field->offset));
}

void policy_merge(struct policy *policy, const struct policy *over, struct arena *arena)
{
    forget_marks(&policy->weights, arena);
    forget_marks(&policy->parameters, arena);
    forget_marks(&policy->on_error, arena);
    policy->name = over->name;
    policy->file = over->file;
    policy->extends = over->extends;
    if (*over->summary)
        policy->summary = over->summary;
    if (over->filters.known)
        policy->filters = over->filters;
    if (over->weights.known)
        policy->weights = over->weights;
    over_pairs(&policy->parameters, &over->parameters, arena);
    over_pairs(&policy->on_error, &over->on_error, arena);
    over_text(&policy->selector, over->selector);
    over_text(&policy->balance, over->balance);
    over_text(&policy->resilience, over->resilience);
    over_migration(&policy->migration, &over->migration);
}

static void otherwise(const char **text, const char *value)
{
    if (!*text)
        *text = value;
}

void policy_merge_end(struct policy *policy)
{
    policy->extends = NULL;
    policy->filters.known = policy->weights.known = policy->parameters.known = true;
    policy->on_error.known = true;
    otherwise(&policy->selector, "rank");
    otherwise(&policy->balance, "none");
    otherwise(&policy->resilience, "migrate");
    otherwise(&policy->migration.policy, "minimal_downtime");
    otherwise(&policy->migration.bandwidth, "auto");
    otherwise(&policy->migration.encryption, "no");
    otherwise(&policy->migration.network, "");
}
