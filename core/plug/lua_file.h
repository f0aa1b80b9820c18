/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A Lua file: its text and its modules' (kept, so that the box can be made anew), its box, and
 * the units that it brought.
 */
#ifndef DROVER_PLUG_LUA_FILE_H
#define DROVER_PLUG_LUA_FILE_H

#include "plug/loaded.h"
#include "plug/lua_box.h"

#define FAILURE_SIZE 512

struct lua_unit {
    struct lua_file *file;
    uint32_t position; /* in the file's list */
    const char *name;
    const struct drover_parameter *parameters;
    struct drover_reason reasons[REASONS_MAX + 1]; /* declared ones, then as they are used */
    uint32_t n_reasons;
    bool whole;        /* filter_all, weigh_all: one call for all hosts */
    int callback;      /* references into the registry of the present box */
    int open;          /* LUA_NOREF: none */
};

/* What the core holds as the self of a Lua unit; the parameters follow. */
struct lua_self {
    struct lua_unit *unit;
    char failure[FAILURE_SIZE]; /* of the last call; "" where it worked */
};

struct lua_file {
    struct loaded_file *loaded;
    struct plug_lua_limits limits;
    enum plug_trust trust;
    const char *shipped; /* folder of shipped Lua files; NULL: none */
    struct plug_text main;    /* "rack_limit.lua": what messages say */
    struct plug_text *module;
    uint32_t n_modules;
    struct lua_unit *unit;
    uint32_t n_units;
    struct box *box; /* NULL: to be made */
    bool sealed;     /* its modules were given with it: none is read from the disk */
    bool known;      /* the units have been read once */
    struct error problem; /* of a module, on its way through Lua */
};

/* The box, made anew where it is spoiled and not in use. NULL: with a sentence in failure. */
struct box *lua_file_box(struct lua_file *file, char *failure, size_t size);

/*
 * Read what the file returned, on top of the stack: the units' tables. Raises Lua errors with a
 * sentence. The first time everything, later only the functions. (lua_contract.c)
 */
void lua_contract_read(lua_State *L, struct lua_file *file);

/* Make a unit's callbacks lead into Lua. (lua_units.c) */
void lua_units_fill(struct loaded_unit *unit);

/* The index of a reason, added where it is new; REASONS_MAX: no room. */
uint32_t lua_unit_reason(struct lua_unit *unit, const char *code);

#endif
