/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * string.* and utf8.*: Lua's own functions where they are bounded by their arguments, behind a
 * wrapper that takes the length of these off the budget; patterns are lua_pattern.c's.
 */
#include "plug/lua_library.h"

#include <lualib.h>
#include <string.h>

/* Upvalue 1: the function. A string may be walked over, so its length is work. */
static int charged(lua_State *L)
{
    int n = lua_gettop(L);
    int64_t work = 20 * (int64_t)n;
    for (int i = 1; i <= n; i++) {
        if (lua_type(L, i) == LUA_TSTRING)
            work += (int64_t)(lua_rawlen(L, i) / 16);
    }
    box_charge(L, work);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Move names from the library at `from` into the table at `to` (absolute), charged. */
static void take(lua_State *L, int from, int to, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(L, from, *names);
        lua_pushcclosure(L, charged, 1);
        lua_setfield(L, to, *names);
    }
}

static int string_rep(lua_State *L)
{
    size_t length, separator_length, total, gaps;
    luaL_checklstring(L, 1, &length);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &separator_length);
    if (n <= 0 || length + separator_length == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (__builtin_mul_overflow(length, (size_t)n, &total) ||
        __builtin_mul_overflow(separator_length, (size_t)n - 1, &gaps) ||
        __builtin_add_overflow(total, gaps, &total) ||
        total > (size_t)box_of(L)->limits.memory_mib << 20)
        return luaL_error(L, "string.rep: the result would be larger than all of a unit's memory");
    box_charge(L, (int64_t)(total / 16));
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* %p would print an address; what has no text of its own is given one without. */
static int string_format(lua_State *L)
{
    size_t length;
    const char *format = luaL_checklstring(L, 1, &length);
    const char *end = format + length;
    for (const char *p = format; p < end; p++) {
        if (*p != '%')
            continue;
        p++;
        while (p < end && *p && strchr("-+ #0123456789.", *p))
            p++;
        if (p < end && *p == 'p')
            return luaL_error(L, "string.format: %%p is not there: addresses differ between runs");
    }
    for (int i = 2; i <= lua_gettop(L); i++) {
        if (lua_type(L, i) > LUA_TSTRING || lua_type(L, i) == LUA_TLIGHTUSERDATA) {
            lua_library_text(L, i, NULL);
            lua_replace(L, i);
        }
    }
    return charged(L);
}

void lua_utf8_push(lua_State *L)
{
    static const char *const taken[] = {"char", "codepoint", "codes", "len", "offset", NULL};
    lua_newtable(L);
    int to = lua_gettop(L);
    luaL_requiref(L, "utf8", luaopen_utf8, 0);
    take(L, to + 1, to, taken);
    lua_getfield(L, to + 1, "charpattern");
    lua_setfield(L, to, "charpattern");
    lua_settop(L, to);
}

void lua_string_push(lua_State *L)
{
    static const char *const taken[] = {"byte",    "char", "len",   "lower",
                                        "reverse", "sub",  "upper", NULL};
    static const luaL_Reg own[] = {
        {"find", lua_pattern_find}, {"match", lua_pattern_match}, {"gmatch", lua_pattern_gmatch},
        {"gsub", lua_pattern_gsub}, {NULL, NULL},
    };
    static const luaL_Reg wrapped[] = {
        {"rep", string_rep}, {"format", string_format}, {NULL, NULL},
    };
    lua_newtable(L);
    int to = lua_gettop(L);
    lua_library_set(L, own);
    luaL_requiref(L, "string", luaopen_string, 0);
    take(L, to + 1, to, taken);
    for (const luaL_Reg *r = wrapped; r->name; r++) {
        lua_getfield(L, to + 1, r->name);
        lua_pushcclosure(L, r->func, 1);
        lua_setfield(L, to, r->name);
    }
    lua_settop(L, to);
}
