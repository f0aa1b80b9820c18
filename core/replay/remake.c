/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A set from a journal. Lua is sandboxed and comes from there as it is; a shared object runs with
 * all rights of whoever replays, so it is taken from what is installed here, by its units' names.
 */
#include "replay/remake.h"

#include "base/memory.h"
#include "set/manifest.h"

#include <stdlib.h>
#include <string.h>

/* Whether a call overran is known from the journal: the clock of this machine has no say. */
#define TIMEOUT_MS 60000

struct remaking {
    struct plug *plug;
    struct store_reader *reader;
    const struct replay_options *options;
    remake_note *note;
    void *self;
    const char *others;  /* shared objects that are other versions here: "a, b"; "": none */
    const char *absent;  /* and that are not installed here */
    bool other_units;
    struct arena *arena; /* for as long as it takes */
    struct error *error;
};

static void note(const struct remaking *r, const char *text)
{
    r->note(r->self, text);
}

/* ------------------------------------------------------------------ files */

/* "filter site/rack_limit": is it there? Returns NULL also for what is no such text. */
static const struct plug_unit *unit_called(const struct plug *plug, const char *kind_and_name)
{
    for (uint32_t i = 0; i < plug_count(plug); i++) {
        const struct plug_unit *unit = plug_get(plug, i);
        const char *kind = drover_kind_names[unit->unit->kind];
        size_t length = strlen(kind);
        if (strncmp(kind_and_name, kind, length) == 0 && kind_and_name[length] == ' ' &&
            strcmp(kind_and_name + length + 1, unit->name) == 0)
            return unit;
    }
    return NULL;
}

/* One of its units was named on the command line: that file is in its place. */
static bool is_replaced(const struct remaking *r, const struct manifest_file *file)
{
    for (uint32_t i = 0; i < file->units.n; i++)
        if (unit_called(r->plug, file->units.item[i]))
            return true;
    return false;
}

static const struct plug_unit *unit_here(const struct remaking *r,
                                         const struct manifest_file *file)
{
    for (uint32_t i = 0; i < file->units.n; i++) {
        const struct plug_unit *unit = unit_called(r->options->here, file->units.item[i]);
        if (unit && strcmp(unit->language, "c") == 0)
            return unit;
    }
    return NULL;
}

static void add_to(const struct remaking *r, const char **list, const char *path,
                   const char *hashes)
{
    const char *slash = strrchr(path, '/');
    *list = arena_printf(r->arena, "%s%s%s%s", *list, **list ? ", " : "", slash ? slash + 1 : path,
                         hashes);
}

static int load_object(struct remaking *r, const struct manifest_file *file)
{
    const struct plug_unit *here = unit_here(r, file);
    struct error error = ERROR_INIT;
    if (!here) {
        add_to(r, &r->absent, file->path, "");
        return 0;
    }
    if (strcmp(here->hash, file->hash) != 0)
        add_to(r, &r->others, here->path,
               arena_printf(r->arena, " (%.8s, then %.8s)", here->hash, file->hash));
    if (plug_load_file(r->plug, here->path, file->prefix, file->builtin, &error) < 0)
        note(r, arena_printf(r->arena, "%s is left out", error.text));
    return 0;
}

static int lacking(const struct remaking *r, const char *what, const char *hash)
{
    return error_set(r->error, ERROR_INPUT, "the journal has no text of %s (%.12s): it is damaged, "
                     "or was written by a drover that did not keep it", what, hash);
}

static int load_lua(const struct remaking *r, const struct manifest_file *file)
{
    const struct manifest_module *modules = file->modules.item;
    struct plug_text *texts = arena_array(r->arena, file->modules.n, sizeof *texts);
    struct error error = ERROR_INIT;
    for (uint32_t i = 0; i < file->modules.n; i++) {
        const char *text = store_reader_text(r->reader, modules[i].hash, NULL);
        if (!text)
            return lacking(r, modules[i].name, modules[i].hash);
        texts[i].name = modules[i].name;
        texts[i].bytes = arena_text(r->arena, text);
        texts[i].length = strlen(texts[i].bytes);
    }
    const char *text = store_reader_text(r->reader, file->hash, NULL);
    if (!text)
        return lacking(r, file->path, file->hash);
    struct plug_file given = {
        .path = file->path, .prefix = file->prefix, .hash = file->hash, .language = "lua",
        .builtin = file->builtin,
        .text = {.name = file->path, .bytes = text, .length = strlen(text)},
        .module = texts, .n_modules = file->modules.n,
    };
    if (plug_load_text(r->plug, &given, &error) < 0)
        note(r, arena_printf(r->arena, "%s is left out", error.text));
    return 0;
}

static void tell_objects(const struct remaking *r)
{
    if (*r->others)
        note(r, arena_printf(r->arena, "these shared objects are other versions than they were: %s",
                             r->others));
    if (*r->absent)
        note(r, arena_printf(r->arena, "these shared objects are not installed here, and are left "
                             "out: %s", r->absent));
}

static int load_files(struct remaking *r, const struct manifest *manifest)
{
    const struct manifest_file *files = manifest->files.item;
    for (uint32_t i = 0; i < manifest->files.n; i++) {
        if (is_replaced(r, &files[i]))
            continue;
        bool lua = strcmp(files[i].language, "lua") == 0;
        if ((lua ? load_lua(r, &files[i]) : load_object(r, &files[i])) < 0)
            return -1;
    }
    tell_objects(r);
    return 0;
}

/* Another policy may want units that the journal's set had not. */
static void load_rest(const struct remaking *r)
{
    for (uint32_t i = 0; i < plug_file_count(r->options->here); i++) {
        struct plug_file file = plug_file_get(r->options->here, i);
        struct error error = ERROR_INIT;
        if (file.text.bytes)
            plug_load_text(r->plug, &file, &error);
        else
            plug_load_file(r->plug, file.path, file.prefix, file.builtin, &error);
        /* One that is there already is refused, and that is all that is wanted of it. */
    }
}

static int load_plug(struct remaking *r, const struct manifest *manifest)
{
    struct plug_lua_limits limits = PLUG_LUA_LIMITS;
    limits.timeout_ms = TIMEOUT_MS;
    plug_set_lua_limits(r->plug, &limits);
    for (uint32_t i = 0; i < r->options->n_plugins; i++)
        if (plug_load_file(r->plug, r->options->plugins[i], "site", false, r->error) < 0)
            return -1;
    if (load_files(r, manifest) < 0)
        return -1;
    if (r->options->policy)
        load_rest(r);
    return 0;
}

/* ------------------------------------------------------------------ rules */

static struct ruleset *bind_kept(struct remaking *r, const char *hash)
{
    const char *text = store_reader_text(r->reader, hash, NULL);
    if (!text) {
        lacking(r, "a policy", hash);
        return NULL;
    }
    struct policies *policies = policies_new();
    struct ruleset *rules = NULL;
    const char *what = arena_printf(r->arena, "policy %.12s of the journal", hash);
    if (policies_read_text(policies, what, text, strlen(text), r->error) == 0) {
        const char *name = policies_get(policies, 0)->name;
        const struct policy *policy = policies_resolve(policies, name, r->error);
        rules = policy ? plug_bind(r->plug, policy, r->error) : NULL;
    }
    policies_free(policies);
    r->other_units |= rules && strcmp(rules->hash, hash) != 0;
    return rules;
}

static struct ruleset *bind(struct remaking *r, const char *hash)
{
    if (r->options->policy) {
        const struct policy *policy =
            policies_resolve(r->options->policies, r->options->policy, r->error);
        return policy ? plug_bind(r->plug, policy, r->error) : NULL;
    }
    return bind_kept(r, hash);
}

static void drop_rules(struct remade *remade)
{
    for (uint32_t i = 0; i < remade->n_rules; i++) {
        ruleset_free(remade->rules[i].ruleset);
        ruleset_free(remade->rules[i].shadow);
    }
    free(remade->rules);
    remade->rules = NULL;
    remade->n_rules = 0;
    arena_free(&remade->arena);
}

static int bind_all(struct remade *remade, struct remaking *r,
                    const struct manifest *manifest)
{
    const struct manifest_policy *policies = manifest->policies.item;
    drop_rules(remade);
    remade->rules = memory_array(manifest->policies.n, sizeof *remade->rules);
    for (uint32_t i = 0; i < manifest->policies.n; i++) {
        struct ruleset *rules = bind(r, policies[i].policy);
        if (!rules)
            return error_prefix(r->error, "cluster %s", policies[i].cluster);
        remade->rules[remade->n_rules++] = (struct cluster_rules){
            .cluster = arena_text(&remade->arena, policies[i].cluster), .ruleset = rules,
        };
        struct cluster_rules *bound = &remade->rules[remade->n_rules - 1];
        if (policies[i].shadow[0] && !(bound->shadow = bind_kept(r, policies[i].shadow)))
            return error_prefix(r->error, "cluster %s: shadow", policies[i].cluster);
    }
    return 0;
}

/* The same files stay loaded from set to set as long as the set is the same. */
static int take_plug(struct remade *remade, struct remaking *r, const struct manifest *manifest,
                     const char *hash)
{
    if (remade->plug && strcmp(remade->hash, hash) == 0) {
        r->plug = remade->plug;
        return 0;
    }
    drop_rules(remade);
    plug_unref(remade->plug);
    remade->plug = r->plug = plug_new(PLUG_TRUST_ANY);
    remade->hash[0] = '\0';
    if (load_plug(r, manifest) < 0)
        return -1;
    strncat(remade->hash, hash, sizeof remade->hash - 1);
    return 0;
}

int remake_set(struct remade *remade, struct store_reader *reader,
               const struct replay_options *options, const char *hash, remake_note *tell,
               void *self, struct error *error)
{
    struct arena arena = ARENA_INIT;
    struct remaking r = {
        .reader = reader, .options = options, .note = tell, .self = self, .arena = &arena,
        .error = error, .others = "", .absent = "",
    };
    struct manifest manifest;
    const char *text = store_reader_text(reader, hash, NULL);
    int result = -1;
    if (!text)
        lacking(&r, "the set", hash);
    else if (manifest_read(&manifest, text, &arena, error) == 0 &&
             take_plug(remade, &r, &manifest, hash) == 0)
        result = bind_all(remade, &r, &manifest);
    remade->other_units |= r.other_units;
    arena_free(&arena);
    return result;
}

void remade_free(struct remade *remade)
{
    drop_rules(remade);
    plug_unref(remade->plug);
    *remade = (struct remade){0};
}
