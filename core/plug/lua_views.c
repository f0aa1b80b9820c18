/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views: what they are, fields of what is no row, and the metatable; see lua_views.h. */
#include "plug/lua_views.h"

#include "model/decision.h"
#include "plug/loaded.h"
#include "plug/lua_library.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(void *) == 8, "a view is 6 bits of kind, 26 of generation, 32 of row");
_Static_assert(VIEW_KINDS <= 64, "6 bits of kind");

const char *view_kind_name(enum view_kind kind)
{
    static const char *const names[VIEW_KINDS] = {
        [VIEW_CLUSTER] = "cluster",       [VIEW_HOST] = "host",   [VIEW_VM] = "vm",
        [VIEW_GROUP] = "group",           [VIEW_FLEET] = "fleet", [VIEW_ASK] = "ask",
        [VIEW_TROUBLE] = "trouble",       [VIEW_PLAN] = "plan",   [VIEW_MOVE] = "move",
        [VIEW_HOW] = "how",               [VIEW_ADMIT] = "ask",   [VIEW_ANSWER] = "answer",
        [VIEW_HOST_LABELS] = "labels",    [VIEW_VM_LABELS] = "labels",
        [VIEW_PAGES] = "size of huge pages",
        [VIEW_HOST_NODE] = "NUMA node",   [VIEW_VM_NODE] = "NUMA node",
        [VIEW_HOST_DEVICE] = "device",    [VIEW_VM_DEVICE] = "device",
    };
    return names[kind] ? names[kind] : "list";
}

/* --- pushing and checking ------------------------------------------------------------------ */

void view_push(lua_State *L, enum view_kind kind, uint32_t row)
{
    if (row == DROVER_NONE) {
        lua_pushnil(L);
        return;
    }
    uint64_t bits = (uint64_t)kind << 58 | (uint64_t)box_of(L)->call->generation << 32 | row;
    void *pointer;
    memcpy(&pointer, &bits, sizeof pointer);
    lua_pushlightuserdata(L, pointer);
}

static struct view decode(lua_State *L, int index, uint32_t *generation)
{
    void *pointer = lua_touserdata(L, index);
    uint64_t bits;
    memcpy(&bits, &pointer, sizeof bits);
    *generation = bits >> 32 & 0x3ffffff;
    return (struct view){(enum view_kind)(bits >> 58), (uint32_t)bits};
}

struct view view_check(lua_State *L, int index)
{
    uint32_t generation;
    if (lua_type(L, index) != LUA_TLIGHTUSERDATA)
        luaL_error(L, "a host, VM, ... was expected, found a %s", luaL_typename(L, index));
    struct view view = decode(L, index, &generation);
    const struct box_call *call = box_of(L)->call;
    if (!call || generation != call->generation)
        luaL_error(L, "this %s belongs to an earlier call: a unit cannot keep it",
                   view_kind_name(view.kind));
    return view;
}

uint32_t view_row(lua_State *L, int index, enum view_kind kind, const char *what)
{
    static const enum view_kind list_of[] = {
        [VIEW_CLUSTER] = VIEW_CLUSTERS, [VIEW_HOST] = VIEW_HOSTS, [VIEW_VM] = VIEW_VMS,
        [VIEW_GROUP] = VIEW_GROUPS,
    };
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *name = lua_tostring(L, index);
        list_push_named(L, (struct view){list_of[kind], 0}, name);
        if (lua_isnil(L, -1))
            luaL_error(L, "%s: there is no %s '%s'", what, view_kind_name(kind), name);
        struct view view = view_check(L, -1);
        lua_pop(L, 1);
        return view.row;
    }
    if (lua_type(L, index) != LUA_TLIGHTUSERDATA)
        luaL_error(L, "%s: a %s or its name was expected, found a %s", what, view_kind_name(kind),
                   luaL_typename(L, index));
    struct view view = view_check(L, index);
    if (view.kind != kind)
        luaL_error(L, "%s: a %s was expected, found a %s", what, view_kind_name(kind),
                   view_kind_name(view.kind));
    return view.row;
}

int view_unknown_field(lua_State *L, const char *of, const char *key, const char *const *names,
                       uint32_t n)
{
    const char *near = nearest(key, names, n);
    if (near)
        return luaL_error(L, "%s has no field '%s'; did you mean '%s'?", of, key, near);
    return luaL_error(L, "%s has no field '%s'", of, key);
}

/* --- fields of what stands alone ----------------------------------------------------------- */

/* By enum drover_trouble_kind. */
static const char *const trouble_names[] = {"", "non_operational", "dead", "announced"};

/* Pushes it and returns true, or has no such field. */
static bool push_fleet_field(lua_State *L, const struct box_call *call, const char *key)
{
    static const struct {
        const char *name;
        enum view_kind kind;
    } lists[] = {
        {"clusters", VIEW_CLUSTERS}, {"hosts", VIEW_HOSTS}, {"vms", VIEW_VMS},
        {"groups", VIEW_GROUPS},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(key, lists[i].name) == 0) {
            view_push(L, lists[i].kind, 0);
            return true;
        }
    }
    if (strcmp(key, "now") != 0)
        return false;
    lua_pushnumber(L, call->fleet->now);
    return true;
}

/* The VMs that go along with the one that is asked about. */
static void push_companions(lua_State *L, const struct drover_ask *ask)
{
    box_charge(L, ask->n_with);
    lua_newtable(L);
    for (uint32_t i = 0; i < ask->n_with; i++) {
        view_push(L, VIEW_VM, ask->with[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Of what a question is beside its VM; false: there is no such field. */
static bool push_ask_field(lua_State *L, const struct drover_ask *ask, const char *key)
{
    if (strcmp(key, "with") == 0)
        push_companions(L, ask);
    else if (strcmp(key, "vm_rules_waived") == 0)
        lua_pushboolean(L, (ask->waived & DROVER_WAIVE_VM_TO_VM) != 0);
    else if (strcmp(key, "storage_waived") == 0)
        lua_pushboolean(L, (ask->waived & DROVER_WAIVE_STORAGE) != 0);
    else
        return false;
    return true;
}

/* What to expect of a move; nil: not known. */
static bool push_move_field(lua_State *L, const struct drover_move *move, const char *key)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"duration_s", move->duration_s},
        {"downtime_ms", move->downtime_ms},
        {"rate_mib_s", move->rate_mib_s},
        {"waited_s", move->waited_s},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(numbers[i].name, key) != 0)
            continue;
        if (isnan(numbers[i].value))
            lua_pushnil(L);
        else
            lua_pushnumber(L, numbers[i].value);
        return true;
    }
    if (strcmp(key, "converges") != 0)
        return false;
    if (move->converges == DROVER_CONVERGES_UNKNOWN)
        lua_pushnil(L);
    else
        lua_pushboolean(L, move->converges == DROVER_CONVERGES_YES);
    return true;
}

/* Fields of ask, move, trouble and the hook's ask: what they are is in the call. */
static bool push_request_field(lua_State *L, const struct box_call *call, struct view view,
                               const char *key)
{
    const struct drover_ask *ask = call->ask;
    const struct drover_move *move = call->move;
    const struct drover_admit_ask *admit = call->admit;
    const struct {
        enum view_kind of;
        const char *name;
        uint32_t row;
        enum view_kind kind;
        const char *text;
    } fields[] = {
        {VIEW_ASK, "vm", ask ? ask->vm : 0, VIEW_VM, NULL},
        {VIEW_ASK, "from", ask ? ask->from : 0, VIEW_HOST, NULL},
        {VIEW_ASK, "purpose", 0, 0, ask ? purpose_names[ask->purpose] : NULL},
        {VIEW_MOVE, "vm", move ? move->vm : 0, VIEW_VM, NULL},
        {VIEW_MOVE, "from", move ? move->from : 0, VIEW_HOST, NULL},
        {VIEW_MOVE, "to", move ? move->to : 0, VIEW_HOST, NULL},
        {VIEW_MOVE, "purpose", 0, 0, move ? purpose_names[move->purpose] : NULL},
        {VIEW_TROUBLE, "host", call->trouble ? call->trouble->host : 0, VIEW_HOST, NULL},
        {VIEW_TROUBLE, "kind", 0, 0, call->trouble ? trouble_names[call->trouble->kind] : NULL},
        {VIEW_ADMIT, "host", admit ? admit->host : 0, VIEW_HOST, NULL},
        {VIEW_ADMIT, "vm", admit ? admit->vm : 0, VIEW_VM, NULL},
        {VIEW_ADMIT, "vm_name", 0, 0, admit ? admit->vm_name : NULL},
        {VIEW_ADMIT, "vm_uuid", 0, 0, admit ? admit->vm_uuid : NULL},
        {VIEW_ADMIT, "driver", 0, 0, admit ? admit->driver : NULL},
        {VIEW_ADMIT, "operation", 0, 0, admit ? admit->operation : NULL},
        {VIEW_ADMIT, "sub_operation", 0, 0, admit ? admit->sub_operation : NULL},
        {VIEW_ADMIT, "xml", 0, 0, admit ? admit->xml : NULL},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (fields[i].of != view.kind || strcmp(fields[i].name, key) != 0)
            continue;
        if (fields[i].kind)
            view_push(L, fields[i].kind, fields[i].row);
        else
            lua_pushstring(L, fields[i].text);
        return true;
    }
    if (view.kind == VIEW_ASK && ask && push_ask_field(L, ask, key))
        return true;
    if (view.kind == VIEW_MOVE && move && push_move_field(L, move, key))
        return true;
    if (strcmp(key, "fleet") != 0)
        return false;
    view_push(L, VIEW_FLEET, 0);
    return true;
}

static int request_index(lua_State *L, struct view view, const char *key)
{
    static const char *const names[] = {"vm", "from", "to", "purpose", "host", "kind", "fleet",
                                        "hosts", "vms", "groups", "clusters", "now", "xml",
                                        "vm_name", "vm_uuid", "driver", "operation",
                                        "sub_operation", "with", "vm_rules_waived", "converges",
                                        "duration_s", "downtime_ms", "rate_mib_s", "waited_s",
                                        "storage_waived"};
    const struct box_call *call = box_of(L)->call;
    bool found = view.kind == VIEW_FLEET ? push_fleet_field(L, call, key)
                                         : push_request_field(L, call, view, key);
    if (found)
        return 1;
    return view_unknown_field(L, view_kind_name(view.kind), key, names,
                              sizeof names / sizeof *names);
}

/* --- the metatable ------------------------------------------------------------------------- */

static int list_index(lua_State *L, struct view view)
{
    if (lua_type(L, 2) == LUA_TSTRING) {
        list_push_named(L, view, lua_tostring(L, 2));
        return 1;
    }
    lua_Integer i = lua_tointeger(L, 2);
    if (i >= 1 && i <= (lua_Integer)list_length(L, view))
        list_push(L, view, (uint32_t)(i - 1));
    else
        lua_pushnil(L);
    return 1;
}

static int view_index(lua_State *L)
{
    struct view view = view_check(L, 1);
    if (row_is(view.kind))
        return row_index(L, view, lua_upvalueindex(1));
    if (list_is(view.kind))
        return list_index(L, view);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    switch (view.kind) {
    case VIEW_PLAN: return plan_index(L, key);
    case VIEW_HOW: return how_index(L, key);
    case VIEW_ANSWER: return answer_index(L, key);
    default: return request_index(L, view, key);
    }
}

static int view_newindex(lua_State *L)
{
    struct view view = view_check(L, 1);
    const char *key = lua_library_text(L, 2, NULL);
    if (view.kind == VIEW_HOW)
        return how_set(L, key);
    return luaL_error(L, "%s.%s cannot be set: units only read it", view_kind_name(view.kind), key);
}

static int view_len(lua_State *L)
{
    struct view view = view_check(L, 1);
    if (!list_is(view.kind))
        return luaL_error(L, "a %s has no length", view_kind_name(view.kind));
    lua_pushinteger(L, list_length(L, view));
    return 1;
}

static int view_pairs(lua_State *L)
{
    struct view view = view_check(L, 1);
    if (!list_is(view.kind))
        return luaL_error(L, "pairs: a %s is no list", view_kind_name(view.kind));
    return list_pairs(L, view);
}

static int view_tostring(lua_State *L)
{
    struct view view = view_check(L, 1);
    const char *what = view_kind_name(view.kind);
    if (view.kind < VIEW_CLUSTER || view.kind > VIEW_GROUP) {
        lua_pushstring(L, what);
        return 1;
    }
    row_push_name(L, view);
    return 1;
}

void lua_views_install(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"__index", view_index}, {"__newindex", view_newindex}, {"__len", view_len},
        {"__pairs", view_pairs}, {"__tostring", view_tostring}, {NULL, NULL},
    };
    lua_pushlightuserdata(L, NULL);
    lua_newtable(L);
    row_push_indexes(L); /* upvalue 1 of the metatable's functions */
    luaL_setfuncs(L, functions, 1);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
