/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table.*: like Lua's, but on plain tables (no metamethods are called, so __len cannot promise
 * more than there is), each element taken off the budget, and sort is stable.
 */
#include "plug/lua_library.h"

#include <string.h>

/* A table to write into: not the face of something that must not change. */
static void check_own_table(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    if (luaL_getmetafield(L, index, "__newindex") != LUA_TNIL) /* nil pushes nothing */
        luaL_argerror(L, index, "this table cannot be changed");
}

/* A table, or a list of the fleet. */
static lua_Integer check_list(lua_State *L, int index)
{
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA)
        return luaL_len(L, index);
    luaL_checktype(L, index, LUA_TTABLE);
    return (lua_Integer)lua_rawlen(L, index);
}

static void get(lua_State *L, int index, lua_Integer i)
{
    box_charge(L, 1);
    if (lua_type(L, index) == LUA_TTABLE)
        lua_rawgeti(L, index, i);
    else
        lua_geti(L, index, i);
}

static int table_insert(lua_State *L)
{
    check_own_table(L, 1);
    lua_Integer end = (lua_Integer)lua_rawlen(L, 1) + 1, at = end;
    int n = lua_gettop(L);
    if (n != 2 && n != 3)
        return luaL_error(L, "wrong number of arguments to 'insert'");
    if (n == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
    }
    for (lua_Integer i = end; i > at; i--) {
        get(L, 1, i - 1);
        lua_rawseti(L, 1, i);
    }
    lua_pushvalue(L, n);
    lua_rawseti(L, 1, at);
    return 0;
}

static int table_remove(lua_State *L)
{
    check_own_table(L, 1);
    lua_Integer size = (lua_Integer)lua_rawlen(L, 1);
    lua_Integer at = luaL_optinteger(L, 2, size);
    luaL_argcheck(L, at == size || (at >= 1 && at <= size + 1), 2, "position out of bounds");
    get(L, 1, at);
    for (; at < size; at++) {
        get(L, 1, at + 1);
        lua_rawseti(L, 1, at);
    }
    if (at <= size) {
        lua_pushnil(L);
        lua_rawseti(L, 1, at);
    }
    return 1;
}

static int table_move(lua_State *L)
{
    lua_Integer from = luaL_checkinteger(L, 2), end = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    check_list(L, 1);
    check_own_table(L, target);
    lua_settop(L, 5);
    if (end < from) {
        lua_pushvalue(L, target);
        return 1;
    }
    luaL_argcheck(L, from > 0 || end < LUA_MAXINTEGER + from, 3, "too many elements to move");
    luaL_argcheck(L, to <= LUA_MAXINTEGER - (end - from), 4, "destination wrap around");
    bool backwards = target == 1 && to > from && to <= end;
    lua_Integer n = end - from + 1;
    for (lua_Integer i = 0; i < n; i++) {
        lua_Integer k = backwards ? n - 1 - i : i;
        get(L, 1, from + k);
        lua_rawseti(L, target, to + k);
    }
    lua_pushvalue(L, target);
    return 1;
}

static int table_concat(lua_State *L)
{
    lua_Integer size = check_list(L, 1);
    size_t length;
    const char *separator = luaL_optlstring(L, 2, "", &length);
    lua_Integer from = luaL_optinteger(L, 3, 1), end = luaL_optinteger(L, 4, size);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (lua_Integer i = from; i <= end; i++) {
        get(L, 1, i);
        if (!lua_isstring(L, -1))
            return luaL_error(L, "invalid value (a %s) at index %I in table for 'concat'",
                              luaL_typename(L, -1), (LUAI_UACINT)i);
        box_charge(L, (int64_t)((lua_rawlen(L, -1) + length) / 16));
        luaL_addvalue(&buffer);
        if (i == end) /* before it wraps round */
            break;
        luaL_addlstring(&buffer, separator, length);
    }
    luaL_pushresult(&buffer);
    return 1;
}

static int table_pack(lua_State *L)
{
    int n = lua_gettop(L);
    lua_createtable(L, n, 1);
    lua_insert(L, 1);
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, n);
    lua_setfield(L, 1, "n");
    return 1;
}

static int table_unpack(lua_State *L)
{
    lua_Integer size = check_list(L, 1);
    lua_Integer from = luaL_optinteger(L, 2, 1), end = luaL_optinteger(L, 3, size);
    if (from > end)
        return 0;
    lua_Unsigned n = (lua_Unsigned)end - (lua_Unsigned)from;
    if (n >= 100000 || !lua_checkstack(L, (int)n + 1))
        return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned i = 0; i <= n; i++)
        get(L, 1, (lua_Integer)((lua_Unsigned)from + i));
    return (int)n + 1;
}

/* Whether the value on top comes before the one beneath it; takes both. */
static bool comes_before(lua_State *L, int comparator)
{
    bool before;
    box_charge(L, 4);
    if (!comparator) {
        before = lua_compare(L, -1, -2, LUA_OPLT);
        lua_pop(L, 2);
        return before;
    }
    lua_pushvalue(L, comparator);
    lua_insert(L, -3);
    lua_insert(L, -2); /* comparator, top, beneath */
    lua_call(L, 2, 1);
    before = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return before;
}

/* Merge the sorted runs [low, middle) and [middle, high) of one list into the other. */
static void merge(lua_State *L, int from, int into, lua_Integer low, lua_Integer middle,
                  lua_Integer high, int comparator)
{
    lua_Integer left = low, right = middle;
    for (lua_Integer i = low; i < high; i++) {
        bool take_right = left >= middle;
        if (!take_right && right < high) {
            lua_rawgeti(L, from, left);
            lua_rawgeti(L, from, right);
            take_right = comes_before(L, comparator);
        }
        lua_rawgeti(L, from, take_right ? right++ : left++);
        lua_rawseti(L, into, i);
    }
}

static lua_Integer smaller(lua_Integer a, lua_Integer b)
{
    return a < b ? a : b;
}

/*
 * Merge sort between two lists that the comparator cannot reach: a wrong comparator gives a
 * wrong order, never more. (Lua's own sort picks pivots by the clock.)
 */
static int table_sort(lua_State *L)
{
    check_own_table(L, 1);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    lua_settop(L, 2);
    int comparator = lua_isnil(L, 2) ? 0 : 2;
    if (comparator)
        luaL_checktype(L, 2, LUA_TFUNCTION);
    box_charge(L, n);
    lua_createtable(L, (int)smaller(n, 100000), 0);
    lua_createtable(L, (int)smaller(n, 100000), 0);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, 3, i);
    }
    int from = 3, into = 4;
    for (lua_Integer run = 1; run < n; run *= 2) {
        for (lua_Integer low = 1; low <= n; low += 2 * run)
            merge(L, from, into, low, smaller(low + run, n + 1), smaller(low + 2 * run, n + 1),
                  comparator);
        from = 7 - from;
        into = 7 - into;
    }
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, from, i);
        lua_rawseti(L, 1, i);
    }
    return 0;
}

void lua_table_push(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"concat", table_concat}, {"insert", table_insert}, {"move", table_move},
        {"pack", table_pack},     {"remove", table_remove}, {"sort", table_sort},
        {"unpack", table_unpack}, {NULL, NULL},
    };
    lua_newtable(L);
    lua_library_set(L, functions);
}
