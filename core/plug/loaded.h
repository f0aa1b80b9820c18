/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside a struct plug: files, and the units that each of them brought. A file's units
 * come in together or not at all.
 *
 * so.c and lua.c fill a struct loaded_file; check.c judges the units of both by the same rules;
 * plug.c takes the file in.
 */
#ifndef DROVER_PLUG_LOADED_H
#define DROVER_PLUG_LOADED_H

#include "base/arena.h"
#include "base/sha256.h"
#include "plug/plug.h"

#include <stdatomic.h>

struct lua_file;
struct lua_unit;

/* More than any plugin needs; they bound what a wrong table without an end makes us read. */
#define UNITS_MAX 256
#define PARAMETERS_MAX 256
#define REASONS_MAX 200 /* verdicts are one byte: 1 + index */
#define SELF_SIZE_MAX (1024 * 1024)

struct loaded_unit {
    struct plug_unit public; /* first, so that one pointer is both */
    struct drover_unit unit; /* the loader's own copy, as this drover knows the struct */
    struct lua_unit *lua;    /* NULL: C */
    struct loaded_file *file;
};

struct loaded_file {
    const char *path;
    const char *prefix;
    const char *name;    /* the plugin's own */
    const char *version;
    const char *language;
    bool builtin;
    char hash[SHA256_TEXT_SIZE];
    struct loaded_unit *unit;
    uint32_t n_units;
    struct lua_file *lua; /* NULL: C */
    struct arena arena;
};

struct plug {
    atomic_uint references;
    enum plug_trust trust;
    char *lua_dir;
    struct plug_lua_limits limits;
    struct loaded_file **file;
    uint32_t n_files, file_capacity;
    struct loaded_unit **unit; /* by kind, then name */
    uint32_t n_units, unit_capacity;
};

/* Fill file->name, version, language and units from the file's bytes. */
int so_load(struct loaded_file *file, const char *bytes, size_t length, struct error *error);
/* from: its modules are these, and no others; NULL: they lie on the disk. */
int lua_file_load(struct loaded_file *file, struct plug *plug, const char *bytes, size_t length,
                  const struct plug_file *from, struct error *error);
void lua_file_texts(const struct lua_file *lua, struct plug_file *file);
void lua_file_free(struct lua_file *lua);

/* What a unit of this kind must have, for messages: "filter". NULL: it has it. */
const char *unit_lacks(const struct drover_unit *unit);

/* Check names, kind, callbacks, parameters (with their defaults) and reasons of one unit. */
int unit_check(const struct drover_unit *unit, struct error *error);

/* [a-z][a-z0-9_]*, at most 64 bytes. */
bool unit_name_is_good(const char *name);
/* [a-z0-9_.]+, at most 63 bytes: what a reason is known by. */
bool reason_code_is_good(const char *code);

/*
 * Read a file, at most `most` bytes, if it may be trusted: a regular file that nobody but root
 * and the user can have written. memory_new()ed; the caller frees it.
 */
char *trusted_read(const char *path, enum plug_trust trust, size_t most, size_t *length,
                   struct error *error);

/* The word of a list (n words) nearest to this one, or NULL where none is near. */
const char *nearest(const char *word, const char *const *list, uint32_t n);

#endif
