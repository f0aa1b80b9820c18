/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of a set; see manifest.h. */
#include "set/manifest.h"

#include "base/sha256.h"
#include "codec/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POLICY(member) offsetof(struct manifest_policy, member)
static const struct field policy_row_fields[] = {
    {.key = "cluster", .type = FIELD_TEXT, .offset = POLICY(cluster)},
    {.key = "policy", .type = FIELD_TEXT, .offset = POLICY(policy)},
    {.key = "shadow", .type = FIELD_TEXT, .offset = POLICY(shadow)},
    {0},
};

#define MODULE(member) offsetof(struct manifest_module, member)
static const struct field module_fields[] = {
    {.key = "name", .type = FIELD_TEXT, .offset = MODULE(name)},
    {.key = "hash", .type = FIELD_TEXT, .offset = MODULE(hash)},
    {0},
};

#define FROM(member) offsetof(struct manifest_file, member)
static const struct field file_fields[] = {
    {.key = "path", .type = FIELD_TEXT, .offset = FROM(path)},
    {.key = "prefix", .type = FIELD_TEXT, .offset = FROM(prefix)},
    {.key = "hash", .type = FIELD_TEXT, .offset = FROM(hash)},
    {.key = "language", .type = FIELD_TEXT, .offset = FROM(language)},
    {.key = "builtin", .type = FIELD_BOOL, .offset = FROM(builtin)},
    {.key = "modules", .type = FIELD_ROWS, .offset = FROM(modules), .rows = module_fields,
     .row_size = sizeof(struct manifest_module)},
    {.key = "units", .type = FIELD_TEXTS, .offset = FROM(units), .default_text = ""},
    {0},
};

const struct field manifest_fields[] = {
    {.key = "policies", .type = FIELD_ROWS, .offset = offsetof(struct manifest, policies),
     .rows = policy_row_fields, .row_size = sizeof(struct manifest_policy)},
    {.key = "files", .type = FIELD_ROWS, .offset = offsetof(struct manifest, files),
     .rows = file_fields, .row_size = sizeof(struct manifest_file)},
    {0},
};

/* ------------------------------------------------------------------ writing */

static struct rows list_policies(const struct set *set, struct arena *arena)
{
    struct manifest_policy *rows = arena_array(arena, set->n_rules, sizeof *rows);
    for (uint32_t i = 0; i < set->n_rules; i++)
        rows[i] = (struct manifest_policy){
            .cluster = set->rules[i].cluster,
            .policy = set->rules[i].ruleset->hash,
            .shadow = set->rules[i].shadow ? set->rules[i].shadow->hash : "",
        };
    return (struct rows){.item = rows, .n = set->n_rules};
}

static const char *hash_of(const struct plug_text *text, struct arena *arena)
{
    char *hash = arena_new(arena, SHA256_TEXT_SIZE);
    sha256_of(text->bytes, text->length, hash);
    return hash;
}

static struct rows list_modules(const struct plug_file *file, struct arena *arena)
{
    struct manifest_module *rows = arena_array(arena, file->n_modules, sizeof *rows);
    for (uint32_t i = 0; i < file->n_modules; i++)
        rows[i] = (struct manifest_module){file->module[i].name, hash_of(&file->module[i], arena)};
    return (struct rows){.item = rows, .n = file->n_modules};
}

static struct texts list_units(const struct plug *plug, const char *path, struct arena *arena)
{
    struct texts units = {.item = arena_array(arena, plug_count(plug), sizeof *units.item),
                          .known = true};
    for (uint32_t i = 0; i < plug_count(plug); i++) {
        const struct plug_unit *unit = plug_get(plug, i);
        if (strcmp(unit->path, path) == 0)
            units.item[units.n++] =
                arena_printf(arena, "%s %s", drover_kind_names[unit->unit->kind], unit->name);
    }
    return units;
}

static struct rows list_files(const struct plug *plug, struct arena *arena)
{
    uint32_t n = plug_file_count(plug);
    struct manifest_file *rows = arena_array(arena, n, sizeof *rows);
    for (uint32_t i = 0; i < n; i++) {
        struct plug_file file = plug_file_get(plug, i);
        rows[i] = (struct manifest_file){
            .path = file.path,
            .prefix = file.prefix,
            .hash = file.hash,
            .language = file.language,
            .builtin = file.builtin,
            .modules = list_modules(&file, arena),
            .units = list_units(plug, file.path, arena),
        };
    }
    return (struct rows){.item = rows, .n = n};
}

static void tell_manifest(const struct set *set, manifest_each *each, void *self)
{
    struct arena arena = ARENA_INIT;
    struct manifest manifest = {
        .policies = list_policies(set, &arena),
        .files = list_files(set->plug, &arena),
    };
    json_t *json = json_from_record(manifest_fields, &manifest, NAN, JSON_SKIP_DEFAULTS);
    char *text = json_text(json);
    each(self, set->hash, "set", text);
    free(text);
    json_decref(json);
    arena_free(&arena);
}

static void tell_policy(const struct ruleset *rules, const struct policy *policy,
                        manifest_each *each, void *self)
{
    char *text = policy_write(policy);
    each(self, rules->hash, rules->name, text);
    free(text);
}

static void tell_file(const struct plug_file *file, manifest_each *each, void *self)
{
    struct arena arena = ARENA_INIT;
    each(self, file->hash, file->path, file->text.bytes ? file->text.bytes : file->path);
    for (uint32_t i = 0; i < file->n_modules; i++)
        each(self, hash_of(&file->module[i], &arena), file->module[i].name,
             file->module[i].bytes);
    arena_free(&arena);
}

void manifest_tell(const struct set *set, manifest_each *each, void *self)
{
    for (uint32_t i = 0; i < set->n_rules; i++) {
        const struct cluster_rules *rules = &set->rules[i];
        tell_policy(rules->ruleset, rules->policy, each, self);
        if (rules->shadow)
            tell_policy(rules->shadow, rules->shadow_policy, each, self);
    }
    for (uint32_t i = 0; i < plug_file_count(set->plug); i++) {
        struct plug_file file = plug_file_get(set->plug, i);
        tell_file(&file, each, self);
    }
    tell_manifest(set, each, self);
}

/* ------------------------------------------------------------------ reading */

int manifest_read(struct manifest *manifest, const char *text, struct arena *arena,
                  struct error *error)
{
    json_t *json = json_parse(text, strlen(text), "manifest", error);
    int result = json ? json_to_record(manifest_fields, json, manifest, NAN, arena, error) : -1;
    json_decref(json);
    return result;
}
