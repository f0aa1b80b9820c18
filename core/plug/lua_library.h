/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a Lua unit finds as its globals. Nothing here reaches outside, depends on addresses,
 * clock, chance or locale, or works longer than the budget allows.
 */
#ifndef DROVER_PLUG_LUA_LIBRARY_H
#define DROVER_PLUG_LUA_LIBRARY_H

#include "plug/lua_box.h"

/* Push the table of globals: a read-only face; while the box is loading, globals may be set. */
void lua_library_push(lua_State *L);

/* Replace the table on top by a face of it that can be read, walked by pairs(), not changed. */
void lua_library_read_only(lua_State *L);

/* tostring(), without the addresses of the original's. Pushes a string. */
const char *lua_library_text(lua_State *L, int index, size_t *length);

/* Set fields of the table on top, from a list that ends with {NULL, NULL}. */
void lua_library_set(lua_State *L, const luaL_Reg *functions);

/* lua_pattern.c */
int lua_pattern_find(lua_State *L);
int lua_pattern_match(lua_State *L);
int lua_pattern_gmatch(lua_State *L);
int lua_pattern_gsub(lua_State *L);

/* lua_order.c: pairs() and next() in the order of the keys. */
int lua_order_pairs(lua_State *L);
int lua_order_next(lua_State *L);

/* lua_table.c, lua_string.c: push a table of functions. */
void lua_table_push(lua_State *L);
void lua_string_push(lua_State *L);
void lua_utf8_push(lua_State *L);

/* require(); in lua_file.c. */
int lua_file_require(lua_State *L);

#endif
