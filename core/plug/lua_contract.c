/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a Lua file returns, read into the same structs that a C plugin brings. An unknown key is
 * an error: a misspelt `min` would otherwise be a bound that is not there.
 */
#include "plug/lua_file.h"
#include "plug/lua_views.h"

#include "plug/parameters.h"

#include <stdio.h>
#include <string.h>

struct contract {
    lua_State *L;
    struct lua_file *file;
    struct arena *arena;
    const char *unit; /* its name, for messages */
};

/* --- reading tables ------------------------------------------------------------------------ */

/* Pushes the field without asking metatables; returns its type. */
static int raw_field(lua_State *L, int table, const char *key)
{
    lua_pushstring(L, key);
    return lua_rawget(L, table);
}

static const char *text_field(struct contract *c, int table, const char *of, const char *key)
{
    const char *text = NULL;
    int type = raw_field(c->L, table, key);
    if (type == LUA_TSTRING) {
        if (strlen(lua_tostring(c->L, -1)) != lua_rawlen(c->L, -1))
            luaL_error(c->L, "%s%s: a NUL byte in a text", of, key);
        text = arena_text(c->arena, lua_tostring(c->L, -1));
    } else if (type != LUA_TNIL) {
        luaL_error(c->L, "%s%s: a text was expected, found a %s", of, key, luaL_typename(c->L, -1));
    }
    lua_pop(c->L, 1);
    return text;
}

static double number_field(struct contract *c, int table, const char *of, const char *key,
                           double absent)
{
    int type = raw_field(c->L, table, key);
    double number = type == LUA_TNUMBER ? lua_tonumber(c->L, -1) : absent;
    if (type != LUA_TNUMBER && type != LUA_TNIL)
        luaL_error(c->L, "%s%s: a number was expected, found a %s", of, key,
                   luaL_typename(c->L, -1));
    lua_pop(c->L, 1);
    return number;
}

static void check_keys(struct contract *c, int table, const char *of, const char *const *known)
{
    uint32_t n = 0;
    while (known[n])
        n++;
    lua_pushnil(c->L);
    while (lua_next(c->L, table)) {
        lua_pop(c->L, 1);
        const char *key = lua_type(c->L, -1) == LUA_TSTRING ? lua_tostring(c->L, -1) : "?";
        bool found = false;
        for (uint32_t i = 0; i < n && !found; i++)
            found = strcmp(key, known[i]) == 0;
        if (!found)
            view_unknown_field(c->L, of, key, known, n);
    }
}

/* Pushes a sorted list of the keys (texts) of the table; returns how many. */
static uint32_t sorted_keys(struct contract *c, int table, const char *of, uint32_t most)
{
    uint32_t n = 0;
    lua_newtable(c->L);
    int list = lua_gettop(c->L);
    lua_pushnil(c->L);
    while (lua_next(c->L, table)) {
        lua_pop(c->L, 1);
        if (lua_type(c->L, -1) != LUA_TSTRING)
            luaL_error(c->L, "%s: keys are texts, found a %s", of, luaL_typename(c->L, -1));
        if (n == most)
            luaL_error(c->L, "%s: more than %d", of, (int)most);
        uint32_t at = n++;
        for (; at > 0; at--) { /* insertion: these tables are small */
            lua_rawgeti(c->L, list, at);
            bool in_order = strcmp(lua_tostring(c->L, -1), lua_tostring(c->L, -2)) < 0;
            if (in_order) {
                lua_pop(c->L, 1);
                break;
            }
            lua_rawseti(c->L, list, at + 1);
        }
        lua_pushvalue(c->L, -1);
        lua_rawseti(c->L, list, at + 1);
    }
    return n;
}

/* --- parameters ---------------------------------------------------------------------------- */

static const char *default_text(struct contract *c, int table, const char *of)
{
    const char *text = NULL;
    switch (raw_field(c->L, table, "default")) {
    case LUA_TNIL: break;
    case LUA_TBOOLEAN: text = lua_toboolean(c->L, -1) ? "yes" : "no"; break;
    case LUA_TSTRING: text = arena_text(c->arena, lua_tostring(c->L, -1)); break;
    case LUA_TNUMBER:
        text = lua_isinteger(c->L, -1)
                   ? arena_printf(c->arena, "%lld", (long long)lua_tointeger(c->L, -1))
                   : arena_printf(c->arena, "%.17g", lua_tonumber(c->L, -1));
        break;
    default:
        luaL_error(c->L, "%sdefault: found a %s", of, luaL_typename(c->L, -1));
    }
    lua_pop(c->L, 1);
    return text;
}

/* "a|b" or {"a", "b"}. */
static const char *choices_text(struct contract *c, int table, const char *of)
{
    if (raw_field(c->L, table, "choices") != LUA_TTABLE) {
        lua_pop(c->L, 1);
        return text_field(c, table, of, "choices");
    }
    const char *text = "";
    for (lua_Integer i = 1; lua_rawgeti(c->L, -1, i) != LUA_TNIL; i++) {
        if (lua_type(c->L, -1) != LUA_TSTRING || i > 100)
            luaL_error(c->L, "%schoices: a list of texts was expected", of);
        text = arena_printf(c->arena, "%s%s%s", text, *text ? "|" : "", lua_tostring(c->L, -1));
        lua_pop(c->L, 1);
    }
    lua_pop(c->L, 2);
    return text;
}

static uint32_t parameter_type(struct contract *c, int table, const char *of)
{
    const char *name = text_field(c, table, of, "type");
    const char *const *names = drover_parameter_type_names + 1;
    uint32_t n = 0;
    for (; names[n]; n++) {
        if (name && strcmp(names[n], name) == 0)
            return n + 1;
    }
    const char *near = name ? nearest(name, names, n) : NULL;
    if (near)
        luaL_error(c->L, "%stype: '%s' is not known; did you mean '%s'?", of, name, near);
    luaL_error(c->L, "%stype: integer, number, percent, duration, memory, boolean, text or choice "
               "was expected, found '%s'", of, name ? name : "");
    return 0;
}

static void read_bounds(struct contract *c, int table, const char *of,
                        struct drover_parameter *parameter)
{
    double min = number_field(c, table, of, "min", -HUGE_VAL);
    double max = number_field(c, table, of, "max", HUGE_VAL);
    if (min == -HUGE_VAL && max == HUGE_VAL)
        return;
    parameter->min = min;
    parameter->max = max;
}

static void read_parameter(struct contract *c, int table, const char *key,
                           struct drover_parameter *parameter)
{
    static const char *const known[] = {"type", "default", "min", "max", "help", "unit", "choices",
                                        NULL};
    char whole[128], of[130];
    snprintf(whole, sizeof whole, "%s.parameters.%.40s", c->unit, key);
    snprintf(of, sizeof of, "%s.", whole);
    if (lua_type(c->L, table) != LUA_TTABLE)
        luaL_error(c->L, "%s: a table was expected, found a %s", whole,
                   luaL_typename(c->L, table));
    check_keys(c, table, whole, known);
    parameter->key = arena_text(c->arena, key);
    parameter->type = parameter_type(c, table, of);
    parameter->default_text = default_text(c, table, of);
    parameter->unit = text_field(c, table, of, "unit");
    parameter->help = text_field(c, table, of, "help");
    parameter->choices = choices_text(c, table, of);
    read_bounds(c, table, of, parameter);
}

/* Values stand one after the other behind struct lua_self, each in eight bytes. */
static void read_parameters(struct contract *c, int table, struct drover_unit *unit)
{
    lua_State *L = c->L;
    char of[128];
    unit->self_size = sizeof(struct lua_self);
    if (raw_field(L, table, "parameters") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    int parameters = lua_gettop(L);
    snprintf(of, sizeof of, "%s.parameters", c->unit);
    if (lua_type(L, parameters) != LUA_TTABLE)
        luaL_error(L, "%s: a table was expected, found a %s", of, luaL_typename(L, parameters));
    uint32_t n = sorted_keys(c, parameters, of, PARAMETERS_MAX);
    struct drover_parameter *rows = arena_array(c->arena, n + 1, sizeof *rows);
    for (uint32_t i = 0; i < n; i++) {
        lua_rawgeti(L, parameters + 1, i + 1);
        lua_pushvalue(L, -1);
        lua_rawget(L, parameters);
        rows[i].offset = unit->self_size;
        unit->self_size += 8;
        read_parameter(c, lua_gettop(L), lua_tostring(L, -2), &rows[i]);
        lua_pop(L, 2);
    }
    unit->parameters = rows;
    lua_settop(L, parameters - 1);
}

/* --- reasons ------------------------------------------------------------------------------- */

uint32_t lua_unit_reason(struct lua_unit *unit, const char *code)
{
    for (uint32_t i = 0; i < unit->n_reasons; i++) {
        if (strcmp(unit->reasons[i].code, code) == 0)
            return i;
    }
    if (unit->n_reasons == REASONS_MAX)
        return REASONS_MAX;
    struct drover_reason *reason = &unit->reasons[unit->n_reasons];
    reason->code = arena_text(&unit->file->loaded->arena, code);
    reason->text = "refused by a rule of this site";
    return unit->n_reasons++;
}

static void read_reason(struct contract *c, int table, const char *code, struct lua_unit *unit)
{
    static const char *const known[] = {"text", "remedy", NULL};
    char whole[160], of[162];
    snprintf(whole, sizeof whole, "%s.reasons['%.63s']", c->unit, code);
    snprintf(of, sizeof of, "%s.", whole);
    if (!reason_code_is_good(code))
        luaL_error(c->L, "%s: a code is [a-z0-9_.]+, at most 63 bytes", whole);
    if (lua_type(c->L, table) != LUA_TTABLE)
        luaL_error(c->L, "%s: a table {text = ..., remedy = ...} was expected, found a %s", whole,
                   luaL_typename(c->L, table));
    check_keys(c, table, whole, known);
    struct drover_reason *reason = &unit->reasons[lua_unit_reason(unit, code)];
    reason->text = text_field(c, table, of, "text");
    reason->remedy = text_field(c, table, of, "remedy");
    if (!reason->text)
        luaL_error(c->L, "%stext is missing", of);
}

static void read_reasons(struct contract *c, int table, struct lua_unit *unit)
{
    lua_State *L = c->L;
    char of[128];
    if (raw_field(L, table, "reasons") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    int reasons = lua_gettop(L);
    snprintf(of, sizeof of, "%s.reasons", c->unit);
    if (lua_type(L, reasons) != LUA_TTABLE)
        luaL_error(L, "%s: a table was expected, found a %s", of, luaL_typename(L, reasons));
    uint32_t n = sorted_keys(c, reasons, of, REASONS_MAX);
    for (uint32_t i = 1; i <= n; i++) {
        lua_rawgeti(L, reasons + 1, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, reasons);
        read_reason(c, lua_gettop(L), lua_tostring(L, -2), unit);
        lua_pop(L, 2);
    }
    lua_settop(L, reasons - 1);
}

/* --- units --------------------------------------------------------------------------------- */

/* By kind: the callback for one host, or the only one; the one for all hosts. */
static const char *const callbacks[][2] = {
    [DROVER_FILTER] = {"filter", "filter_all"}, [DROVER_WEIGHT] = {"weigh", "weigh_all"},
    [DROVER_BALANCE] = {"balance", NULL},       [DROVER_RESILIENCE] = {"resilience", NULL},
    [DROVER_MIGRATE] = {"migrate", NULL},       [DROVER_ADMIT] = {"admit", NULL},
};

static uint32_t read_kind(struct contract *c, int table)
{
    const char *kind = text_field(c, table, "", "kind");
    const char *const *names = drover_kind_names + 1;
    uint32_t n = 0;
    for (; names[n]; n++) {
        if (kind && n + 1 != DROVER_FENCE && strcmp(names[n], kind) == 0)
            return n + 1;
    }
    const char *near = kind ? nearest(kind, names, n) : NULL;
    if (kind && strcmp(kind, drover_kind_names[DROVER_FENCE]) == 0)
        luaL_error(c->L, "unit %s: a fence unit talks to a device, and Lua units talk to nobody: "
                   "write it in C, or as a fence agent (drover-unit-fence_agent(7))", c->unit);
    if (near)
        luaL_error(c->L, "unit %s: kind '%s' is not known; did you mean '%s'?", c->unit, kind,
                   near);
    luaL_error(c->L, "unit %s: kind: filter, weight, balance, resilience, migrate or admit was "
               "expected, found '%s'", c->unit, kind ? kind : "");
    return 0;
}

/* The reference of a function in the table, or LUA_NOREF. */
static int function_reference(struct contract *c, int table, const char *key)
{
    int type = key ? raw_field(c->L, table, key) : LUA_TNONE;
    if (type == LUA_TFUNCTION)
        return luaL_ref(c->L, LUA_REGISTRYINDEX);
    if (type != LUA_TNIL && type != LUA_TNONE)
        luaL_error(c->L, "%s.%s: a function was expected, found a %s", c->unit, key,
                   luaL_typename(c->L, -1));
    if (type == LUA_TNIL)
        lua_pop(c->L, 1);
    return LUA_NOREF;
}

static void read_functions(struct contract *c, int table, uint32_t kind, struct lua_unit *unit)
{
    int one = function_reference(c, table, callbacks[kind][0]);
    int all = function_reference(c, table, callbacks[kind][1]);
    if (one != LUA_NOREF && all != LUA_NOREF)
        luaL_error(c->L, "unit %s has both %s and %s: only one of them would be called", c->unit,
                   callbacks[kind][0], callbacks[kind][1]);
    if (one == LUA_NOREF && all == LUA_NOREF)
        luaL_error(c->L, "unit %s is a %s unit without a %s function", c->unit,
                   drover_kind_names[kind], callbacks[kind][0]);
    unit->whole = all != LUA_NOREF;
    unit->callback = unit->whole ? all : one;
    unit->open = function_reference(c, table, "open");
}

static void check_unit_keys(struct contract *c, int table, uint32_t kind)
{
    const char *known[] = {"abi", "kind", "name", "summary", "version", "parameters", "reasons",
                           "open", callbacks[kind][0], callbacks[kind][1], NULL};
    char of[96];
    snprintf(of, sizeof of, "unit %.64s", c->unit);
    check_keys(c, table, of, known);
}

static void read_unit(struct contract *c, int table, uint32_t position)
{
    struct lua_unit *lua = &c->file->unit[position];
    struct loaded_unit *loaded = &c->file->loaded->unit[position];
    struct drover_unit *unit = &loaded->unit;
    if (lua_type(c->L, table) != LUA_TTABLE)
        luaL_error(c->L, "unit %d of its list is a %s; a table was expected", (int)position + 1,
                   luaL_typename(c->L, table));
    if (number_field(c, table, "", "abi", 0) != DROVER_ABI_MAJOR)
        luaL_error(c->L, "abi = %d was expected: the units' contract that this drover speaks",
                   DROVER_ABI_MAJOR);
    c->unit = text_field(c, table, "", "name");
    if (!c->unit || !unit_name_is_good(c->unit))
        luaL_error(c->L, "name: [a-z][a-z0-9_]* was expected, found '%s'", c->unit ? c->unit : "");
    uint32_t kind = read_kind(c, table);
    if (c->file->known) {
        read_functions(c, table, kind, lua);
        return;
    }
    check_unit_keys(c, table, kind);
    const char *version = text_field(c, table, "", "version");
    if (version)
        c->file->loaded->version = version;
    unit->size = sizeof *unit;
    unit->kind = kind;
    unit->name = lua->name = c->unit;
    unit->summary = text_field(c, table, "", "summary");
    lua->file = c->file;
    lua->position = position;
    loaded->lua = lua;
    read_functions(c, table, kind, lua);
    read_parameters(c, table, unit);
    read_reasons(c, table, lua);
    lua->parameters = unit->parameters;
    unit->reasons = lua->reasons;
}

/* How many units there are: the table itself is one, or it is a list of them. */
static uint32_t count_units(lua_State *L, int table)
{
    if (lua_type(L, table) != LUA_TTABLE)
        luaL_error(L, "returns a %s; a unit (a table), or a list of units was expected",
                   luaL_typename(L, table));
    lua_Unsigned n = lua_rawlen(L, table);
    if (n > UNITS_MAX)
        luaL_error(L, "returns more than %d units", UNITS_MAX);
    if (n == 0) {
        lua_pushnil(L);
        if (!lua_next(L, table))
            luaL_error(L, "returns an empty table; a unit, or a list of units was expected");
        lua_pop(L, 2);
    }
    return (uint32_t)n;
}

void lua_contract_read(lua_State *L, struct lua_file *file)
{
    struct contract c = {.L = L, .file = file, .arena = &file->loaded->arena, .unit = "?"};
    int table = lua_gettop(L);
    uint32_t listed = count_units(L, table), n = listed ? listed : 1;
    if (!file->known) {
        file->n_units = file->loaded->n_units = n;
        file->unit = arena_array(c.arena, n, sizeof *file->unit);
        file->loaded->unit = arena_array(c.arena, n, sizeof *file->loaded->unit);
    } else if (n != file->n_units) {
        luaL_error(L, "returned other units than when it was loaded first");
    }
    for (uint32_t i = 0; i < n; i++) {
        if (listed)
            lua_rawgeti(L, table, i + 1);
        else
            lua_pushvalue(L, table);
        read_unit(&c, lua_gettop(L), i);
        lua_pop(L, 1);
    }
}
