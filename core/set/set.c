/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading a set. See set.h. */
#include "set/set.h"

#include "base/memory.h"
#include "base/sha256.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "policy/paths.h"
#include "policy/settings_file.h"
#include "set/packs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * drover's own policies first (their directory is always the first), then the packs', then the
 * site's: of two of one name the later one counts.
 */
struct policies *set_policies(const struct settings *settings, plug_problem *problem, void *self,
                              struct error *error)
{
    struct policies *policies = policies_new();
    struct packs *packs = packs_read(&settings->pack_dirs, problem, self);
    int result = 0;
    for (uint32_t i = 0; i < settings->policy_dirs.n && result == 0; i++) {
        if (i == 1)
            packs_load_policies(packs, policies, problem, self);
        result = policies_read_dir(policies, settings->policy_dirs.item[i], error);
    }
    if (settings->policy_dirs.n <= 1)
        packs_load_policies(packs, policies, problem, self);
    packs_free(packs);
    if (result == 0)
        return policies;
    policies_free(policies);
    return NULL;
}

/* Units of the installation have short names and may be mandatory; the site's are "site/NAME". */
static void load_dirs(struct plug *plug, const struct texts *dirs, plug_problem *problem,
                      void *self)
{
    for (uint32_t i = 0; i < dirs->n; i++) {
        bool shipped = paths_shipped(dirs->item[i]);
        plug_load_dir(plug, dirs->item[i], shipped ? "" : "site", shipped, problem, self);
    }
}

static void ignore(void *self, const char *path, const struct error *error)
{
    (void)self;
    (void)path;
    (void)error;
}

struct plug *set_plug(const struct settings *settings, enum plug_trust trust,
                      plug_problem *problem, void *self)
{
    struct plug *plug = plug_new(trust);
    plug_set_lua_dir(plug, paths_get()->shipped_lua);
    load_dirs(plug, &settings->plugin_dirs, problem, self);
    load_dirs(plug, &settings->lua_dirs, problem, self);
    /* What is wrong with packs was told with the policies. */
    struct packs *packs = packs_read(&settings->pack_dirs, ignore, NULL);
    packs_load_units(packs, plug, problem, self);
    packs_free(packs);
    return plug;
}

static const struct policy *policy_of(struct set *set, const struct cluster *cluster,
                                      struct error *error)
{
    if (cluster->policy.record)
        return policies_resolve_inline(set->policies, cluster->policy.record, error);
    return policies_resolve(set->policies, cluster->policy.text, error);
}

/* A shadow moves nothing, so one that is wrong must not keep the rest from working. */
static void bind_shadow(struct set *set, const char *name, struct cluster_rules *rules,
                        plug_problem *problem, void *self)
{
    struct error error = ERROR_INIT;
    if (!name)
        return;
    rules->shadow_policy = policies_resolve(set->policies, name, &error);
    if (rules->shadow_policy)
        rules->shadow = plug_bind(set->plug, rules->shadow_policy, &error);
    if (rules->shadow)
        return;
    error_prefix(&error, "cluster %s: shadow %s", rules->cluster, name);
    problem(self, "shadow", &error);
}

static int bind_cluster(struct set *set, const struct cluster *cluster, plug_problem *problem,
                        void *self, struct error *error)
{
    const struct policy *policy = policy_of(set, cluster, error);
    struct ruleset *rules = policy ? plug_bind(set->plug, policy, error) : NULL;
    if (!rules)
        return error_prefix(error, "cluster %s", cluster->name);
    struct cluster_rules *bound = &set->rules[set->n_rules++];
    *bound = (struct cluster_rules){.cluster = cluster->name, .ruleset = rules, .policy = policy};
    bind_shadow(set, cluster->shadow, bound, problem, self);
    return 0;
}

static int bind_clusters(struct set *set, plug_problem *problem, void *self, struct error *error)
{
    const struct cluster *clusters = set->settings->clusters.item;
    uint32_t n = set->settings->clusters.n;
    set->rules = memory_array(n + 1, sizeof *set->rules);
    for (uint32_t i = 0; i < n; i++)
        if (bind_cluster(set, &clusters[i], problem, self, error) < 0)
            return -1;
    if (n > 0)
        return 0;
    struct cluster only;
    field_defaults(cluster_fields, &only);
    only.name = "default";
    return bind_cluster(set, &only, problem, self, error);
}

void set_hash(struct set *set)
{
    struct sha256 sha;
    sha256_begin(&sha);
    json_t *json = json_from_record(settings_fields, set->settings, NAN, 0);
    char *text = json_text(json);
    sha256_add(&sha, text, strlen(text));
    free(text);
    json_decref(json);
    for (uint32_t i = 0; i < set->n_rules; i++) {
        sha256_add(&sha, set->rules[i].cluster, strlen(set->rules[i].cluster) + 1);
        sha256_add(&sha, set->rules[i].ruleset->hash, strlen(set->rules[i].ruleset->hash) + 1);
        if (set->rules[i].shadow)
            sha256_add(&sha, set->rules[i].shadow->hash, strlen(set->rules[i].shadow->hash) + 1);
    }
    sha256_end(&sha, set->hash);
}

/* Each part needs those before it. */
static int load_parts(struct set *set, const char *config, enum plug_trust trust,
                      plug_problem *problem, void *self, struct error *error)
{
    set->settings = config ? settings_read(config, error) : settings_default();
    if (!set->settings)
        return -1;
    set->policies = set_policies(set->settings, problem, self, error);
    if (!set->policies)
        return -1;
    set->plug = set_plug(set->settings, trust, problem, self);
    if (bind_clusters(set, problem, self, error) < 0)
        return -1;
    set->fences = fences_bind(set->settings, set->plug, error);
    return set->fences ? 0 : -1;
}

struct set *set_load(const char *config, enum plug_trust trust, plug_problem *problem, void *self,
                     struct error *error)
{
    struct set *set = memory_new(sizeof *set);
    if (load_parts(set, config, trust, problem, self, error) < 0) {
        set_free(set);
        return NULL;
    }
    set_hash(set);
    return set;
}

void set_free(struct set *set)
{
    if (!set)
        return;
    for (uint32_t i = 0; i < set->n_rules; i++) {
        ruleset_free(set->rules[i].ruleset);
        ruleset_free(set->rules[i].shadow);
    }
    free(set->rules);
    fences_unref(set->fences);
    if (set->plug)
        plug_unref(set->plug);
    if (set->policies)
        policies_free(set->policies);
    if (set->settings)
        settings_free(set->settings);
    free(set);
}

struct event *set_event(const struct set *set, double at)
{
    struct event *event = event_new(EVENT_SET_CHANGED, at);
    event_set(event, &event->text, set->hash);
    struct settings *copy = arena_new(&event->arena, sizeof *copy);
    field_copy(settings_fields, copy, set->settings, &event->arena);
    event->settings = (struct rows){.item = copy, .n = 1};
    event->rules = set->rules;
    event->n_rules = set->n_rules;
    return event;
}
