/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pairs() and next() in the order of the keys: numbers, then strings by their bytes, then false
 * and true, then hosts, VMs and so on. Lua's own order follows addresses and the time at which
 * the state was made, so the same unit could answer differently tomorrow.
 */
#include "plug/lua_library.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct key {
    int rank; /* of its type */
    bool is_integer;
    lua_Integer integer;
    lua_Number number; /* of both kinds of numbers */
    const char *text;
    size_t length;
    uint32_t place; /* in the list of keys */
};

enum { RANK_NUMBER, RANK_TEXT, RANK_BOOLEAN, RANK_VIEW };

/* The key at index; its text lives as long as the key itself. */
static struct key read_key(lua_State *L, int index)
{
    struct key key = {.rank = RANK_NUMBER};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key.is_integer = lua_isinteger(L, index);
        key.number = lua_tonumber(L, index);
        key.integer = key.is_integer ? lua_tointeger(L, index) : 0;
        break;
    case LUA_TSTRING:
        key.rank = RANK_TEXT;
        key.text = lua_tolstring(L, index, &key.length);
        break;
    case LUA_TBOOLEAN:
        key.rank = RANK_BOOLEAN;
        key.is_integer = true;
        key.integer = lua_toboolean(L, index);
        break;
    case LUA_TLIGHTUSERDATA:
        key.rank = RANK_VIEW;
        key.is_integer = true;
        key.integer = (lua_Integer)(uintptr_t)lua_touserdata(L, index);
        break;
    default:
        luaL_error(L, "pairs: a table has a %s as a key, and those have no order",
                   luaL_typename(L, index));
    }
    return key;
}

static int compare_texts(const struct key *a, const struct key *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, shorter);
    if (order != 0)
        return order;
    return (a->length > b->length) - (a->length < b->length);
}

static int compare(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->rank == RANK_TEXT)
        return compare_texts(a, b);
    if (a->is_integer && b->is_integer)
        return (a->integer > b->integer) - (a->integer < b->integer);
    return (a->number > b->number) - (a->number < b->number);
}

/* Pushes a list of the keys of the table at index (absolute), in next's order; returns how many. */
static uint32_t list_keys(lua_State *L, int index)
{
    uint32_t n = 0;
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        box_charge(L, 2);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, ++n);
    }
    return n;
}

/* Replaces the list of n keys on top by a sorted one. */
static void sort_keys(lua_State *L, uint32_t n)
{
    struct key *key = lua_newuserdatauv(L, (n ? n : 1) * sizeof *key, 0);
    int steps = 1;
    for (uint32_t i = 0; i < n; i++) {
        lua_rawgeti(L, -2, i + 1);
        key[i] = read_key(L, -1);
        key[i].place = i + 1;
        lua_pop(L, 1);
    }
    for (uint32_t i = n; i > 1; i /= 2)
        steps++;
    box_charge(L, (int64_t)n * steps / 4);
    qsort(key, n, sizeof *key, compare);
    lua_createtable(L, (int)n, 0);
    for (uint32_t i = 0; i < n; i++) {
        lua_rawgeti(L, -3, key[i].place);
        lua_rawseti(L, -2, i + 1);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

enum { WALK_TABLE = 1, WALK_KEYS, WALK_PLACE };

static int walk(lua_State *L)
{
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(WALK_PLACE));
    for (;;) {
        box_charge(L, 1);
        if (lua_rawgeti(L, lua_upvalueindex(WALK_KEYS), ++place) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(WALK_TABLE)) != LUA_TNIL)
            break;
        lua_pop(L, 2); /* taken out since the walk began */
    }
    lua_pushinteger(L, place);
    lua_replace(L, lua_upvalueindex(WALK_PLACE));
    return 2;
}

int lua_order_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    sort_keys(L, list_keys(L, 1));
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, walk, 3);
    lua_pushvalue(L, 1);
    return 2;
}

/* The first key after the given one. Looks at all of them: for a walk, pairs() is the way. */
int lua_order_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    bool first = lua_isnil(L, 2);
    struct key after = {0};
    if (!first)
        after = read_key(L, 2);
    lua_pushnil(L); /* 3: the best so far */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        box_charge(L, 2);
        struct key key = read_key(L, -1), best = {0};
        if (!lua_isnil(L, 3))
            best = read_key(L, 3);
        if ((first || compare(&key, &after) > 0) &&
            (lua_isnil(L, 3) || compare(&key, &best) < 0)) {
            lua_pushvalue(L, -1);
            lua_replace(L, 3);
        }
    }
    lua_settop(L, 3);
    if (lua_isnil(L, 3))
        return 1;
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}
