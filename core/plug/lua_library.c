/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The globals of Lua units: what is taken from Lua's own, what is ours, and how it is locked. */
#include "plug/lua_library.h"

#include "plug/lua_views.h"

#include <lualib.h>
#include <string.h>

void lua_library_set(lua_State *L, const luaL_Reg *functions)
{
    luaL_setfuncs(L, functions, 0);
}

/* --- faces --------------------------------------------------------------------------------- */

static int refuse_change(lua_State *L)
{
    return luaL_error(L, "'%s' cannot be set: this table is read-only",
                      lua_library_text(L, 2, NULL));
}

static int pairs_behind(lua_State *L)
{
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    return lua_order_pairs(L);
}

static int length_behind(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
    return 1;
}

/* Replace the table on top by an empty one that shows it, with its own answer to writing. */
static void make_face(lua_State *L, lua_CFunction change)
{
    const struct {
        const char *name;
        lua_CFunction function;
    } with_table[] = {
        {"__newindex", change}, {"__pairs", pairs_behind}, {"__len", length_behind},
    };
    int behind = lua_gettop(L);
    lua_newtable(L);
    lua_createtable(L, 0, 5);
    for (size_t i = 0; i < sizeof with_table / sizeof *with_table; i++) {
        lua_pushvalue(L, behind);
        lua_pushcclosure(L, with_table[i].function, 1);
        lua_setfield(L, -2, with_table[i].name);
    }
    lua_pushvalue(L, behind);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_replace(L, behind);
}

void lua_library_read_only(lua_State *L)
{
    make_face(L, refuse_change);
}

static int change_global(lua_State *L)
{
    if (!box_of(L)->loading)
        return luaL_error(L, "global '%s' cannot be set while a unit is called: %s",
                          lua_library_text(L, 2, NULL), "it keeps nothing between calls");
    lua_settop(L, 3);
    lua_rawset(L, lua_upvalueindex(1));
    return 0;
}

/* --- base functions that differ ------------------------------------------------------------ */

const char *lua_library_text(lua_State *L, int index, size_t *length)
{
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1))
            luaL_error(L, "'__tostring' must return a string");
    } else {
        int type = lua_type(L, index);
        if (type <= LUA_TSTRING && type != LUA_TLIGHTUSERDATA)
            luaL_tolstring(L, index, NULL);
        else
            lua_pushstring(L, lua_typename(L, type));
    }
    return lua_tolstring(L, -1, length);
}

static int base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_library_text(L, 1, NULL);
    return 1;
}

/* A finaliser would run at some other time, outside of every budget. */
static int base_setmetatable(lua_State *L)
{
    static const char *const forbidden[] = {"__gc", "__close", "__mode", NULL};
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    for (int i = 0; type == LUA_TTABLE && forbidden[i]; i++) {
        lua_pushstring(L, forbidden[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "setmetatable: %s is not there for units", forbidden[i]);
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* A unit has nobody to print to: its answers carry texts. Kept, so that a test line stays legal. */
static int base_print(lua_State *L)
{
    lua_settop(L, 0);
    return 0;
}

/* Long texts of digits or blanks are walked over by the original. */
static int base_tonumber(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING)
        box_charge(L, (int64_t)lua_rawlen(L, 1) / 4);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/*
 * When an error is caught, Lua walks over all calls in progress to give stack back: deep in a
 * recursion that is a lot of work, so it is counted.
 */
static int end_protected(lua_State *L, int status)
{
    lua_Debug at;
    int depth = 1;
    if (status == LUA_OK)
        return lua_gettop(L);
    while (lua_getstack(L, depth, &at))
        depth *= 2;
    box_charge(L, depth / 8);
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

static int base_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 1);
    return end_protected(L, lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0));
}

/*
 * The handler is called when the error has been caught, not where it was raised: that could be
 * inside our hook, where no hook comes, and a loop in the handler would have no end.
 */
static int base_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushboolean(L, true);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_replace(L, 2);
    lua_replace(L, 1);
    lua_insert(L, 2); /* handler, true, f, arguments */
    int status = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 0);
    if (status == LUA_OK)
        return lua_gettop(L) - 1;
    end_protected(L, status);
    lua_pushvalue(L, 1);
    lua_insert(L, -2); /* ..., false, handler, error */
    end_protected(L, lua_pcall(L, 1, 1, 0));
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

/* --- putting it together ------------------------------------------------------------------- */

static void copy_names(lua_State *L, int from, int to, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(L, from, *names);
        lua_setfield(L, to, *names);
    }
}

static void add_base(lua_State *L, int globals)
{
    static const char *const taken[] = {
        "assert", "error",  "getmetatable", "ipairs",   "rawequal", "rawget",
        "rawlen", "select", "type",         "_VERSION", NULL,
    };
    static const luaL_Reg own[] = {
        {"next", lua_order_next},   {"pairs", lua_order_pairs},
        {"pcall", base_pcall},      {"print", base_print},
        {"xpcall", base_xpcall},    {"require", lua_file_require},
        {"tostring", base_tostring}, {"setmetatable", base_setmetatable},
        {NULL, NULL},
    };
    luaL_requiref(L, "_G", luaopen_base, 0);
    copy_names(L, globals + 1, globals, taken);
    lua_getfield(L, globals + 1, "tonumber");
    lua_pushcclosure(L, base_tonumber, 1);
    lua_setfield(L, globals, "tonumber");
    lua_settop(L, globals);
    lua_library_set(L, own);
}

/* All but random and randomseed: the same question must get the same answer. */
static void push_math(lua_State *L)
{
    static const char *const taken[] = {
        "abs",  "acos", "asin",       "atan", "ceil",       "cos",        "deg", "exp",  "floor",
        "fmod", "huge", "log",        "max",  "maxinteger", "min",        "mininteger",  "modf",
        "pi",   "rad",  "sin",        "sqrt", "tan",        "tointeger",  "type", "ult", NULL,
    };
    lua_newtable(L);
    int to = lua_gettop(L);
    luaL_requiref(L, "math", luaopen_math, 0);
    copy_names(L, to + 1, to, taken);
    lua_settop(L, to);
}

/* Through the strings' metatable ("x"):rep(2) is found: it must show the same face as `string`. */
static void lock_strings(lua_State *L, int face)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, face);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

void lua_library_push(lua_State *L)
{
    static const struct {
        const char *name;
        void (*push)(lua_State *L);
    } libraries[] = {
        {"math", push_math}, {"string", lua_string_push}, {"table", lua_table_push},
        {"utf8", lua_utf8_push},
    };
    lua_newtable(L);
    int globals = lua_gettop(L);
    add_base(L, globals);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        libraries[i].push(L);
        lua_library_read_only(L);
        if (strcmp(libraries[i].name, "string") == 0)
            lock_strings(L, lua_gettop(L));
        lua_setfield(L, globals, libraries[i].name);
    }
    lua_views_install(L);
    make_face(L, change_global);
    lua_pushvalue(L, -1);
    /* _G: behind the face, so that it is found like the others. */
    lua_getmetatable(L, -1);
    lua_getfield(L, -1, "__index");
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "_G");
    lua_pop(L, 3);
}
