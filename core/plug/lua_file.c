/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lua files and the modules that they require. */
#include "plug/lua_file.h"

#include "base/memory.h"
#include "plug/lua_library.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULES_MAX 64
#define MODULE_SIZE_MAX ((size_t)256 * 1024)
#define LOAD_FACTOR 10 /* loading may take so many times what a call may */

/* --- modules ------------------------------------------------------------------------------- */

static const struct plug_text *find_module(const struct lua_file *file, const char *name)
{
    for (uint32_t i = 0; i < file->n_modules; i++) {
        if (strcmp(file->module[i].name, name) == 0)
            return &file->module[i];
    }
    return NULL;
}

static const struct plug_text *add_module(struct lua_file *file, const char *name,
                                          const char *bytes, size_t length)
{
    struct arena *arena = &file->loaded->arena;
    struct plug_text *module = &file->module[file->n_modules++];
    module->name = arena_text(arena, name);
    module->bytes = arena_bytes(arena, bytes, length);
    module->length = length;
    return module;
}

static void add_given(struct lua_file *file, const struct plug_file *from)
{
    file->sealed = true;
    for (uint32_t i = 0; i < from->n_modules && i < MODULES_MAX; i++)
        add_module(file, from->module[i].name, from->module[i].bytes, from->module[i].length);
}

void lua_file_texts(const struct lua_file *lua, struct plug_file *file)
{
    file->text = lua->main;
    file->module = lua->module;
    file->n_modules = lua->n_modules;
}

/* From folder/modules/x.lua; NULL with no error where there is no such file. */
static const struct plug_text *read_module(struct lua_file *file, const char *folder,
                                          const char *name)
{
    char path[PATH_MAX];
    size_t length;
    struct error error = ERROR_INIT;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return NULL;
    char *bytes = trusted_read(path, file->trust, MODULE_SIZE_MAX, &length, &error);
    if (bytes) {
        const struct plug_text *module = add_module(file, name, bytes, length);
        free(bytes);
        return module;
    }
    if (error.kind != ERROR_NOT_FOUND) {
        error_prefix(&error, "%s", path);
        file->problem = error;
    }
    return NULL;
}

static const struct plug_text *seek_module(struct lua_file *file, const char *name)
{
    char path[PATH_MAX];
    if (file->sealed)
        return NULL;
    snprintf(path, sizeof path, "%s", file->loaded->path);
    const struct plug_text *module = read_module(file, dirname(path), name);
    if (!module && file->problem.kind == ERROR_NONE && file->shipped)
        module = read_module(file, file->shipped, name);
    return module;
}

static void load_text(lua_State *L, const struct plug_text *text)
{
    const char *chunk = lua_pushfstring(L, "@%s", text->name);
    /* "t": no bytecode, which is not checked and can break out. */
    if (luaL_loadbufferx(L, text->bytes, text->length, chunk, "t") != LUA_OK)
        lua_error(L);
    lua_remove(L, -2);
    lua_getfield(L, LUA_REGISTRYINDEX, "drover.globals");
    lua_setupvalue(L, -2, 1);
}

static const struct plug_text *module_text(lua_State *L, struct lua_file *file, const char *name)
{
    char path[80];
    snprintf(path, sizeof path, "modules/%s.lua", name);
    const struct plug_text *module = find_module(file, path);
    if (module)
        return module;
    if (!box_of(L)->loading || file->known)
        luaL_error(L, "require '%s': a module is required while the file is loaded, not later",
                   name);
    if (file->n_modules >= MODULES_MAX)
        luaL_error(L, "require '%s': a file can have %d modules, no more", name, MODULES_MAX);
    module = seek_module(file, path);
    if (!module && file->problem.kind != ERROR_NONE)
        luaL_error(L, "require '%s': %s", name, file->problem.text);
    if (!module)
        luaL_error(L, "require '%s': there is no %s beside this file, nor among the shipped ones",
                   name, path);
    return module;
}

int lua_file_require(lua_State *L)
{
    struct lua_file *file = box_of(L)->owner;
    const char *name = luaL_checkstring(L, 1);
    if (!unit_name_is_good(name))
        return luaL_error(L, "require: a module's name is [a-z][a-z0-9_]*, found '%s'", name);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "drover.modules");
    if (lua_getfield(L, -1, name) != LUA_TNIL) {
        if (lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1))
            return luaL_error(L, "require '%s': modules require each other in a circle", name);
        return 1;
    }
    lua_pop(L, 1);
    lua_pushboolean(L, false); /* on its way */
    lua_setfield(L, -2, name);
    load_text(L, module_text(L, file, name));
    lua_call(L, 0, 1);
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, true);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    return 1;
}

/* --- the file itself ----------------------------------------------------------------------- */

static int load_body(lua_State *L)
{
    struct lua_file *file = box_of(L)->owner;
    lua_library_push(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "drover.globals");
    load_text(L, &file->main);
    lua_call(L, 0, 1);
    lua_contract_read(L, file);
    return 0;
}

static struct box *open_box(struct lua_file *file, char *failure, size_t size)
{
    struct box *box = box_new(&file->limits, file);
    if (!box) {
        snprintf(failure, size, "%u MiB of memory hold no Lua state",
                 (unsigned)file->limits.memory_mib);
        return NULL;
    }
    struct box_call call = {0};
    box->loading = true;
    int result = box_run(box, load_body, NULL, &call, LOAD_FACTOR, failure, size);
    box->loading = false;
    if (result != 0) {
        box_free(box);
        return NULL;
    }
    file->known = true;
    return box;
}

struct box *lua_file_box(struct lua_file *file, char *failure, size_t size)
{
    if (file->box && file->box->spoiled && file->box->depth == 0) {
        box_free(file->box);
        file->box = NULL;
    }
    if (!file->box)
        file->box = open_box(file, failure, size);
    return file->box;
}

/* Modules are as much the file as its own text. */
static void hash_modules(struct lua_file *file)
{
    struct sha256 sha;
    if (file->n_modules == 0)
        return;
    sha256_begin(&sha);
    sha256_add(&sha, file->loaded->hash, sizeof file->loaded->hash);
    for (uint32_t i = 0; i < file->n_modules; i++) {
        const struct plug_text *module = &file->module[i];
        sha256_add(&sha, module->name, strlen(module->name) + 1);
        sha256_add(&sha, &module->length, sizeof module->length);
        sha256_add(&sha, module->bytes, module->length);
    }
    sha256_end(&sha, file->loaded->hash);
}

static int check_units(struct loaded_file *loaded, struct error *error)
{
    for (uint32_t i = 0; i < loaded->n_units; i++) {
        lua_units_fill(&loaded->unit[i]);
        if (unit_check(&loaded->unit[i].unit, error) != 0)
            return -1;
    }
    return 0;
}

/* Without .lua; what a link named so leads to may be called anything. */
static const char *name_of(struct loaded_file *loaded, const char *base)
{
    const char *dot = strrchr(base, '.');
    return arena_bytes(&loaded->arena, base, dot > base ? (size_t)(dot - base) : strlen(base));
}

int lua_file_load(struct loaded_file *loaded, struct plug *plug, const char *bytes, size_t length,
                  const struct plug_file *from, struct error *error)
{
    struct lua_file *file = arena_new(&loaded->arena, sizeof *file);
    const char *base = strrchr(loaded->path, '/');
    base = base ? base + 1 : loaded->path;
    char failure[FAILURE_SIZE] = "";
    loaded->lua = file;
    loaded->language = "lua";
    loaded->version = "";
    loaded->name = name_of(loaded, base);
    file->loaded = loaded;
    file->limits = plug->limits;
    file->trust = plug->trust;
    file->shipped = plug->lua_dir ? arena_text(&loaded->arena, plug->lua_dir) : NULL;
    file->main = (struct plug_text){base, arena_bytes(&loaded->arena, bytes, length), length};
    file->module = arena_array(&loaded->arena, MODULES_MAX, sizeof *file->module);
    if (from)
        add_given(file, from);
    if (!lua_file_box(file, failure, sizeof failure))
        return error_set(error, ERROR_INPUT, "%s", failure);
    hash_modules(file);
    return check_units(loaded, error);
}

void lua_file_free(struct lua_file *file)
{
    if (file)
        box_free(file->box);
}
