/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drover.yaml and conf.d/ -> struct settings. See settings_file.h. */
#include "policy/settings_file.h"

#include "base/memory.h"
#include "codec/yaml.h"
#include "model/fleet.h"
#include "policy/directory.h"
#include "policy/paths.h"
#include "policy/settings_lists.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------- reading */

/* The scalars alone: lists are joined over files, so they are told row by row. */
static struct field *scalar_fields(struct arena *arena)
{
    size_t n = 0, kept = 0;
    while (settings_fields[n].key)
        n++;
    struct field *fields = arena_array(arena, n + 1, sizeof *fields);
    for (size_t i = 0; i < n; i++)
        if (settings_fields[i].type != FIELD_ROWS)
            fields[kept++] = settings_fields[i];
    return fields;
}

static const char *directory_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    return slash == path ? "/" : arena_bytes(arena, path, (size_t)(slash - path));
}

/* The same from the root, for paths that are used later, when the working directory is another. */
static const char *full_directory_of(const char *path, struct arena *arena)
{
    const char *dir = directory_of(path, arena);
    char *full = realpath(dir, NULL);
    const char *copy = arena_text(arena, full ? full : dir);
    free(full);
    return copy;
}

static const char *absolute(const char *path, const char *dir, struct arena *arena)
{
    return !path || path[0] == '/' ? path : arena_printf(arena, "%s/%s", dir, path);
}

/* Paths are written as seen from the file that they stand in. */
static void make_absolute(struct settings *settings, const char *file)
{
    const char *dir = full_directory_of(file, &settings->arena);
    const char **const single[] = {&settings->socket, &settings->hook_socket,
                                   &settings->hook_dir, &settings->database, &settings->maintenance_dir,
                                   &settings->alarm_dir};
    struct texts *const many[] = {&settings->policy_dirs, &settings->lua_dirs,
                                  &settings->plugin_dirs, &settings->pack_dirs};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        *single[i] = absolute(*single[i], dir, &settings->arena);
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        for (uint32_t j = 0; j < many[i]->n; j++)
            many[i]->item[j] = absolute(many[i]->item[j], dir, &settings->arena);
}

static int read_one(struct settings *settings, struct settings_lists *lists, const char *path,
                    const struct field *scalars, struct error *error)
{
    size_t length;
    char *bytes = file_read(path, &length, error);
    if (!bytes)
        return -1;
    lists->file = arena_text(&settings->arena, path);
    struct yaml_document document = {
        .file = lists->file,
        .table = scalars,
        .record = settings,
        .rows = settings_rows,
        .self = lists,
        .flags = YAML_KEEP | YAML_MAY_BE_EMPTY,
    };
    int result = yaml_read(&document, bytes, length, &settings->arena, error);
    free(bytes);
    if (result == 0)
        make_absolute(settings, path);
    return result;
}

static int read_all(struct settings *settings, struct settings_lists *lists, const char *path,
                    struct error *error)
{
    struct texts more;
    struct arena *arena = &settings->arena;
    const struct field *scalars = scalar_fields(arena);
    const char *conf_d = arena_printf(arena, "%s/conf.d", directory_of(path, arena));
    if (read_one(settings, lists, path, scalars, error) ||
        directory_yaml(conf_d, &more, arena, error))
        return -1;
    for (uint32_t i = 0; i < more.n; i++)
        if (read_one(settings, lists, more.item[i], scalars, error))
            return -1;
    return settings_lists_check(lists, error);
}

/* ---------------------------------------------------------------------- filling in */

/* drover's own directory first, then what was given, else the site's usual one (or none). */
static void fill_dirs(struct texts *dirs, const char *shipped, const char *usual,
                      struct arena *arena)
{
    struct texts all = {.known = true};
    all.item = arena_array(arena, (size_t)dirs->n + 2, sizeof *all.item);
    all.item[all.n++] = shipped;
    if (!dirs->known && usual)
        all.item[all.n++] = usual;
    for (uint32_t i = 0; i < dirs->n; i++)
        if (strcmp(dirs->item[i], shipped) != 0)
            all.item[all.n++] = dirs->item[i];
    *dirs = all;
}

static void fill_text(const char **text, const char *usual)
{
    if (!*text)
        *text = usual;
}

static void fill_paths(struct settings *settings, const char *site_policies, const char *site_lua)
{
    const struct paths *paths = paths_get();
    fill_dirs(&settings->policy_dirs, paths->shipped_policies, site_policies, &settings->arena);
    fill_dirs(&settings->lua_dirs, paths->shipped_lua, site_lua, &settings->arena);
    fill_dirs(&settings->plugin_dirs, paths->plugins, NULL, &settings->arena);
    fill_dirs(&settings->pack_dirs, paths->packs, NULL, &settings->arena);
    fill_text(&settings->socket, paths->socket);
    fill_text(&settings->hook_socket, paths->hook_socket);
    fill_text(&settings->hook_dir, paths->hook_dir);
    fill_text(&settings->database, paths->database);
    fill_text(&settings->maintenance_dir, paths->maintenance_dir);
    fill_text(&settings->alarm_dir, paths->alarm_dir);
}

/* A fleet has a cluster; one that names none has this one. */
static void fill_cluster(struct settings *settings)
{
    if (settings->clusters.n)
        return;
    struct cluster *cluster = arena_new(&settings->arena, sizeof *cluster);
    field_defaults(cluster_fields, cluster);
    cluster->name = "default";
    settings->clusters = (struct rows){.item = cluster, .n = 1};
}

static struct settings *settings_new(void)
{
    struct settings *settings = memory_new(sizeof *settings);
    field_defaults(settings_fields, settings);
    return settings;
}

struct settings *settings_default(void)
{
    struct settings *settings = settings_new();
    fill_paths(settings, paths_get()->site_policies, paths_get()->site_lua);
    fill_cluster(settings);
    return settings;
}

struct settings *settings_read(const char *path, struct error *error)
{
    struct settings *settings = settings_new();
    struct settings_lists lists = {.settings = settings};
    settings->file = arena_text(&settings->arena, path);
    int result = read_all(settings, &lists, path, error);
    settings_lists_keep(&lists);
    if (result) {
        settings_free(settings);
        return NULL;
    }
    const char *dir = full_directory_of(path, &settings->arena);
    fill_paths(settings, arena_printf(&settings->arena, "%s/policies", dir),
               arena_printf(&settings->arena, "%s/lua", dir));
    fill_cluster(settings);
    return settings;
}

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    arena_free(&settings->arena);
    free(settings);
}
