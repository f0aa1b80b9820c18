/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The set of loaded plugins: files in, units out, sorted by kind and name. */
#include "plug/plug.h"

#include "base/memory.h"
#include "plug/loaded.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SO_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define LUA_SIZE_MAX ((size_t)1024 * 1024)

struct plug *plug_new(enum plug_trust trust)
{
    struct plug *plug = memory_new(sizeof *plug);
    atomic_init(&plug->references, 1);
    plug->trust = trust;
    plug->limits = (struct plug_lua_limits)PLUG_LUA_LIMITS;
    return plug;
}

void plug_set_lua_dir(struct plug *plug, const char *dir)
{
    free(plug->lua_dir);
    plug->lua_dir = dir ? memory_copy_text(dir) : NULL;
}

void plug_set_lua_limits(struct plug *plug, const struct plug_lua_limits *limits)
{
    plug->limits = *limits;
}

struct plug *plug_ref(struct plug *plug)
{
    atomic_fetch_add(&plug->references, 1);
    return plug;
}

static void file_free(struct loaded_file *file)
{
    lua_file_free(file->lua);
    arena_free(&file->arena);
    free(file);
}

void plug_unref(struct plug *plug)
{
    if (!plug || atomic_fetch_sub(&plug->references, 1) > 1)
        return;
    for (uint32_t i = 0; i < plug->n_files; i++)
        file_free(plug->file[i]);
    free(plug->file);
    free(plug->unit);
    free(plug->lua_dir);
    free(plug);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

/* The names and places that `drover plugin list` shows. */
static void publish(struct loaded_file *file)
{
    for (uint32_t i = 0; i < file->n_units; i++) {
        struct loaded_unit *unit = &file->unit[i];
        const char *slash = *file->prefix ? "/" : "";
        unit->file = file;
        unit->public = (struct plug_unit){
            .name = arena_printf(&file->arena, "%s%s%s", file->prefix, slash, unit->unit.name),
            .unit = &unit->unit,
            .plugin = file->name,
            .version = file->version,
            .path = file->path,
            .hash = file->hash,
            .language = file->language,
            .builtin = file->builtin,
        };
    }
}

static int compare_units(const void *a, const void *b)
{
    const struct loaded_unit *const *left = a, *const *right = b;
    if ((*left)->unit.kind != (*right)->unit.kind)
        return (*left)->unit.kind < (*right)->unit.kind ? -1 : 1;
    return strcmp((*left)->public.name, (*right)->public.name);
}

static int check_twins(const struct plug *plug, const struct loaded_file *file,
                       struct error *error)
{
    for (uint32_t i = 0; i < file->n_units; i++) {
        const struct loaded_unit *unit = &file->unit[i];
        const struct plug_unit *other = plug_find(plug, unit->unit.kind, unit->public.name);
        if (other)
            return error_set(error, ERROR_INPUT, "%s unit %s is there already, from %s",
                             drover_kind_names[unit->unit.kind], other->name, other->path);
        for (uint32_t j = 0; j < i; j++) {
            if (file->unit[j].unit.kind == unit->unit.kind &&
                strcmp(file->unit[j].unit.name, unit->unit.name) == 0)
                return error_set(error, ERROR_INPUT, "has two %s units called %s",
                                 drover_kind_names[unit->unit.kind], unit->unit.name);
        }
    }
    return 0;
}

static void take_in(struct plug *plug, struct loaded_file *file)
{
    plug->file = memory_grow(plug->file, &plug->file_capacity, plug->n_files + 1,
                             sizeof(struct loaded_file *));
    plug->file[plug->n_files++] = file;
    plug->unit = memory_grow(plug->unit, &plug->unit_capacity, plug->n_units + file->n_units,
                             sizeof(struct loaded_unit *));
    for (uint32_t i = 0; i < file->n_units; i++)
        plug->unit[plug->n_units++] = &file->unit[i];
    if (plug->n_units)
        qsort(plug->unit, plug->n_units, sizeof(struct loaded_unit *), compare_units);
}

static int read_file(struct plug *plug, struct loaded_file *file, const char *path,
                     struct error *error)
{
    bool lua = ends_with(path, ".lua");
    if (!lua && !ends_with(path, ".so"))
        return error_set(error, ERROR_INPUT, "is neither a .so nor a .lua file");
    size_t length;
    char *bytes = trusted_read(path, plug->trust, lua ? LUA_SIZE_MAX : SO_SIZE_MAX, &length, error);
    if (!bytes)
        return -1;
    sha256_of(bytes, length, file->hash);
    int result = lua ? lua_file_load(file, plug, bytes, length, NULL, error)
                     : so_load(file, bytes, length, error);
    free(bytes);
    return result;
}

/* Takes the file over: read is what came of reading it. */
static int admit_file(struct plug *plug, struct loaded_file *file, int read, const char *path,
                      struct error *error)
{
    if (read == 0) {
        publish(file);
        if (check_twins(plug, file, error) == 0) {
            take_in(plug, file);
            return 0;
        }
    }
    file_free(file);
    return error_prefix(error, "%s", path);
}

static struct loaded_file *file_new(const char *path, const char *prefix, bool builtin)
{
    struct loaded_file *file = memory_new(sizeof *file);
    file->path = arena_text(&file->arena, path);
    file->prefix = arena_text(&file->arena, prefix);
    file->builtin = builtin;
    return file;
}

int plug_load_file(struct plug *plug, const char *path, const char *prefix, bool builtin,
                   struct error *error)
{
    char real[PATH_MAX];
    /* The linker looks for a name without a slash elsewhere, and knows files by their paths. */
    struct loaded_file *file = file_new(realpath(path, real) ? real : path, prefix, builtin);
    return admit_file(plug, file, read_file(plug, file, path, error), path, error);
}

int plug_load_text(struct plug *plug, const struct plug_file *from, struct error *error)
{
    struct loaded_file *file = file_new(from->path, from->prefix, from->builtin);
    sha256_of(from->text.bytes, from->text.length, file->hash);
    int read = lua_file_load(file, plug, from->text.bytes, from->text.length, from, error);
    return admit_file(plug, file, read, from->path, error);
}

uint32_t plug_file_count(const struct plug *plug)
{
    return plug->n_files;
}

struct plug_file plug_file_get(const struct plug *plug, uint32_t i)
{
    const struct loaded_file *file = plug->file[i];
    struct plug_file shown = {
        .path = file->path,
        .prefix = file->prefix,
        .hash = file->hash,
        .language = file->language,
        .builtin = file->builtin,
    };
    if (file->lua)
        lua_file_texts(file->lua, &shown);
    return shown;
}

static int is_plugin(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           (ends_with(entry->d_name, ".so") || ends_with(entry->d_name, ".lua"));
}

/* Not alphasort: the order must not depend on the user's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

uint32_t plug_load_dir(struct plug *plug, const char *dir, const char *prefix, bool builtin,
                       plug_problem *problem, void *self)
{
    struct dirent **entry = NULL;
    uint32_t failed = 0;
    int n = scandir(dir, &entry, is_plugin, by_name);
    if (n < 0 && errno != ENOENT) {
        struct error error = ERROR_INIT;
        error_set(&error, ERROR_FAILED, "%s: cannot read the directory: %s", dir, strerror(errno));
        problem(self, dir, &error);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        struct error error = ERROR_INIT;
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/%s", dir, entry[i]->d_name) >= (int)sizeof path)
            error_set(&error, ERROR_INPUT, "%s: a path in it is too long", dir);
        else
            plug_load_file(plug, path, prefix, builtin, &error);
        if (error.kind != ERROR_NONE) {
            failed++;
            problem(self, path, &error);
        }
        free(entry[i]);
    }
    free(entry);
    return failed;
}

uint32_t plug_count(const struct plug *plug)
{
    return plug->n_units;
}

const struct plug_unit *plug_get(const struct plug *plug, uint32_t i)
{
    return &plug->unit[i]->public;
}

const struct plug_unit *plug_find(const struct plug *plug, enum drover_kind kind, const char *name)
{
    uint32_t low = 0, high = plug->n_units;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct loaded_unit *unit = plug->unit[middle];
        int order = unit->unit.kind != kind ? (unit->unit.kind < kind ? -1 : 1)
                                            : strcmp(unit->public.name, name);
        if (order == 0)
            return &unit->public;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
