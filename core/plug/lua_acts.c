/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What units act on: a plan (propose, allows, filter, idle), a move's how, the hook's answer. */
#include "plug/lua_library.h"
#include "plug/lua_views.h"
#include "plug/loaded.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ACT_WORK 100 /* the core looks at a proposal again, by itself */

/* A method called on its view: plan:idle(...), not plan.idle(...). */
static struct box_call *check_method(lua_State *L, enum view_kind kind, const char *how)
{
    if (lua_type(L, 1) != LUA_TLIGHTUSERDATA || view_check(L, 1).kind != kind)
        luaL_error(L, "call it as %s", how);
    box_charge(L, ACT_WORK);
    return box_of(L)->call;
}

static int push_method(lua_State *L, const char *of, const luaL_Reg *methods, const char *key)
{
    const char *names[8];
    uint32_t n = 0;
    for (; methods[n].name; n++) {
        if (strcmp(methods[n].name, key) == 0) {
            lua_pushcfunction(L, methods[n].func);
            return 1;
        }
        names[n] = methods[n].name;
    }
    return view_unknown_field(L, of, key, names, n);
}

/* --- plan ---------------------------------------------------------------------------------- */

static const char *step_text(lua_State *L, const char *key)
{
    int type = lua_getfield(L, 2, key); /* stays on the stack, so the text stays alive */
    if (type != LUA_TSTRING && type != LUA_TNIL)
        luaL_error(L, "propose: %s: a text was expected, found a %s", key, luaL_typename(L, -1));
    return type == LUA_TNIL ? "" : lua_tostring(L, -1);
}

/* By enum drover_step_kind. */
static const char *const step_kinds[] = {
    [DROVER_STEP_MOVE] = "move",
    [DROVER_STEP_POWER_OFF] = "power_off",
    [DROVER_STEP_POWER_ON] = "power_on",
    [DROVER_STEP_MAINTENANCE] = "maintenance",
    [DROVER_STEP_ACTIVATE] = "activate",
    [DROVER_STEP_START] = "start",
};
#define N_STEP_KINDS (sizeof step_kinds / sizeof *step_kinds)

static uint32_t step_kind(lua_State *L)
{
    const char *kind = step_text(L, "kind");
    if (!*kind)
        return DROVER_STEP_MOVE;
    for (uint32_t i = DROVER_STEP_MOVE; i < N_STEP_KINDS; i++)
        if (strcmp(kind, step_kinds[i]) == 0)
            return i;
    const char *near = nearest(kind, step_kinds + 1, N_STEP_KINDS - 1);
    if (near)
        luaL_error(L, "propose: kind: there is no step '%s'; did you mean '%s'?", kind, near);
    luaL_error(L, "propose: kind: there is no step '%s'", kind);
    return 0;
}

static double step_number(lua_State *L, const char *key)
{
    double number = 0;
    int type = lua_getfield(L, 2, key);
    if (type == LUA_TNUMBER)
        number = lua_tonumber(L, -1);
    if ((type != LUA_TNUMBER && type != LUA_TNIL) || !isfinite(number))
        luaL_error(L, "propose: %s: a finite number was expected, found %s", key,
                   lua_library_text(L, -1, NULL));
    return number;
}

/* A list of the fleet's, or a table of hosts or names; on top of the stack. */
static uint32_t *check_hosts(lua_State *L, const char *who, uint32_t *n_hosts)
{
    int list = lua_gettop(L);
    if (!lua_istable(L, list) && !lua_islightuserdata(L, list))
        luaL_error(L, "%s: a list was expected, found a %s", who, luaL_typename(L, list));
    lua_Integer n = luaL_len(L, list);
    if (n < 0 || n > UINT32_MAX)
        luaL_error(L, "%s: the list is too long", who);
    box_charge(L, n);
    uint32_t *hosts = lua_newuserdatauv(L, (size_t)n * sizeof *hosts, 0);
    for (lua_Integer i = 0; i < n; i++) {
        lua_geti(L, list, i + 1);
        hosts[i] = view_row(L, -1, VIEW_HOST, who);
        lua_pop(L, 1);
    }
    *n_hosts = (uint32_t)n;
    return hosts;
}

static void step_list(lua_State *L, struct drover_step *step)
{
    step->hosts = check_hosts(L, "propose: hosts", &step->n_hosts);
    if (step->n_hosts == 0) /* none would mean all */
        luaL_error(L, "propose: hosts: the list is empty; leave it out for all of its cluster");
}

/* hosts = a list; host = one; neither: all of the VM's cluster. */
static void step_hosts(lua_State *L, struct drover_step *step)
{
    if (lua_getfield(L, 2, "hosts") != LUA_TNIL) {
        step_list(L, step);
        return;
    }
    if (lua_getfield(L, 2, "host") == LUA_TNIL)
        return;
    uint32_t *host = lua_newuserdatauv(L, sizeof *host, 0);
    *host = view_row(L, -2, VIEW_HOST, "propose: host");
    step->hosts = host;
    step->n_hosts = 1;
}

/* What the step is about: a VM and where it may go, or a host that is to be switched. */
static void step_about(lua_State *L, struct drover_step *step)
{
    if (step->kind == DROVER_STEP_MOVE || step->kind == DROVER_STEP_START) {
        lua_getfield(L, 2, "vm");
        step->vm = view_row(L, -1, VIEW_VM, "propose: vm");
        step_hosts(L, step);
        return;
    }
    if (lua_getfield(L, 2, "vm") != LUA_TNIL || lua_getfield(L, 2, "hosts") != LUA_TNIL)
        luaL_error(L, "propose: a step '%s' is about its host: it has no vm and no hosts",
                   step_kinds[step->kind]);
    lua_getfield(L, 2, "host");
    step->host = view_row(L, -1, VIEW_HOST, "propose: host");
}

static void check_step_keys(lua_State *L)
{
    static const char *const known[] = {"vm", "hosts", "host", "reason", "code", "gain", "cost",
                                        "kind"};
    const uint32_t n = sizeof known / sizeof *known;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        lua_pop(L, 1);
        const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
        uint32_t i = 0;
        while (i < n && strcmp(key, known[i]) != 0)
            i++;
        if (i == n)
            view_unknown_field(L, "propose", key, known, n);
    }
}

static int plan_propose(lua_State *L)
{
    struct box_call *call = check_method(L, VIEW_PLAN, "plan:propose{vm = ..., hosts = ...}");
    struct drover_step step = {.size = sizeof step, .host = DROVER_NONE};
    check_step_keys(L);
    lua_settop(L, 2);
    step.kind = step_kind(L);
    step_about(L, &step);
    step.code = step_text(L, "code");
    step.reason = step_text(L, "reason");
    step.gain = step_number(L, "gain");
    step.cost = step_number(L, "cost");
    lua_pushboolean(L, call->plan->propose(call->plan, &step) == 0);
    return 1;
}

static int plan_allows(lua_State *L)
{
    struct box_call *call = check_method(L, VIEW_PLAN, "plan:allows(vm, host)");
    uint32_t vm = view_row(L, 2, VIEW_VM, "plan:allows");
    uint32_t host = view_row(L, 3, VIEW_HOST, "plan:allows");
    lua_pushboolean(L, call->plan->allows(call->plan, vm, host));
    return 1;
}

static int plan_idle(lua_State *L)
{
    struct box_call *call = check_method(L, VIEW_PLAN, "plan:idle(reason)");
    call->plan->idle(call->plan, luaL_checkstring(L, 2));
    return 0;
}

/* The hosts of a list that all filters accept, as a list. */
static int plan_filter(lua_State *L)
{
    struct box_call *call = check_method(L, VIEW_PLAN, "plan:filter(vm, hosts)");
    uint32_t n, vm = view_row(L, 2, VIEW_VM, "plan:filter");
    lua_settop(L, 3);
    const uint32_t *hosts = check_hosts(L, "plan:filter", &n);
    uint8_t *allowed = lua_newuserdatauv(L, n, 0);
    if (call->plan->filter(call->plan, vm, hosts, n, allowed) != 0)
        memset(allowed, 0, n);
    lua_newtable(L);
    for (uint32_t i = 0; i < n; i++)
        if (allowed[i]) {
            view_push(L, VIEW_HOST, hosts[i]);
            lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        }
    return 1;
}

static int plan_whole(lua_State *L)
{
    struct box_call *call = check_method(L, VIEW_PLAN, "plan:whole()");
    call->plan->whole = 1;
    return 0;
}

int plan_index(lua_State *L, const char *key)
{
    static const luaL_Reg methods[] = {
        {"propose", plan_propose}, {"allows", plan_allows}, {"filter", plan_filter},
        {"whole", plan_whole},     {"idle", plan_idle},     {NULL, NULL},
    };
    const struct drover_plan *plan = box_of(L)->call->plan;
    if (strcmp(key, "budget") == 0 || strcmp(key, "cooldown_s") == 0) {
        double budget = plan->budget == UINT32_MAX ? INFINITY : plan->budget;
        lua_pushnumber(L, key[0] == 'b' ? budget : plan->cooldown_s);
        return 1;
    }
    return push_method(L, "plan", methods, key);
}

/* --- how ----------------------------------------------------------------------------------- */

enum how_form {
    HOW_FLAG, HOW_NUMBER, HOW_COUNT, HOW_STALLS, HOW_COMPRESSION, HOW_WHY, HOW_WATCH
};

struct how_field {
    const char *name;
    enum how_form form;
    uint32_t flag;
    size_t offset;
};

static const struct how_field how_fields[] = {
    {"auto_converge", HOW_FLAG, DROVER_HOW_AUTO_CONVERGE, 0},
    {"postcopy", HOW_FLAG, DROVER_HOW_POSTCOPY, 0},
    {"compress", HOW_FLAG, DROVER_HOW_COMPRESS, 0},
    {"tls", HOW_FLAG, DROVER_HOW_TLS, 0},
    {"zerocopy", HOW_FLAG, DROVER_HOW_ZEROCOPY, 0},
    {"downtime_ms", HOW_NUMBER, 0, offsetof(struct drover_how, downtime_ms)},
    {"bandwidth_mib_s", HOW_NUMBER, 0, offsetof(struct drover_how, bandwidth_mib_s)},
    {"connections", HOW_COUNT, 0, offsetof(struct drover_how, connections)},
    {"max_concurrent", HOW_COUNT, 0, offsetof(struct drover_how, max_concurrent)},
    {"stalls", HOW_STALLS, 0, 0},
    {"auto_connections", HOW_FLAG, DROVER_HOW_AUTO_CONNECTIONS, 0},
    {"auto_parallel", HOW_FLAG, DROVER_HOW_AUTO_PARALLEL, 0},
    {"postcopy_bandwidth_mib_s", HOW_NUMBER, 0,
     offsetof(struct drover_how, postcopy_bandwidth_mib_s)},
    {"auto_converge_initial_pct", HOW_COUNT, 0,
     offsetof(struct drover_how, auto_converge_initial_pct)},
    {"auto_converge_increment_pct", HOW_COUNT, 0,
     offsetof(struct drover_how, auto_converge_increment_pct)},
    {"compression", HOW_COMPRESSION, 0, offsetof(struct drover_how, compression)},
    {"compression_level", HOW_COUNT, 0, offsetof(struct drover_how, compression_level)},
    {"wait_s", HOW_NUMBER, 0, offsetof(struct drover_how, wait_s)},
    {"wait_why", HOW_WHY, 0, 0},
    {"watch", HOW_WATCH, 0, 0},
    {"stall_s", HOW_NUMBER, 0, offsetof(struct drover_how, stall_s)},
    {"seconds_per_gib", HOW_NUMBER, 0, offsetof(struct drover_how, seconds_per_gib)},
};
#define N_HOW_FIELDS (sizeof how_fields / sizeof *how_fields)

static const char *const compressions[] = {"xbzrle", "zlib", "zstd", NULL};
static const char *const stall_actions[] = {"downtime", "postcopy", "abort", NULL};
static const char *const watches[] = {"iterations", "remaining"}; /* by enum drover_watch */

static const struct how_field *how_field(lua_State *L, const char *key)
{
    const char *names[N_HOW_FIELDS];
    for (size_t i = 0; i < N_HOW_FIELDS; i++) {
        if (strcmp(how_fields[i].name, key) == 0)
            return &how_fields[i];
        names[i] = how_fields[i].name;
    }
    view_unknown_field(L, "how", key, names, N_HOW_FIELDS);
    return NULL;
}

static void push_stalls(lua_State *L, const struct drover_how *how)
{
    lua_newtable(L);
    for (uint32_t i = 0; i < how->n_stalls; i++) {
        const struct drover_stall *stall = &how->stalls[i];
        lua_newtable(L);
        lua_pushinteger(L, stall->stall);
        lua_setfield(L, -2, "stall");
        lua_pushstring(L, stall_actions[stall->action - DROVER_STALL_DOWNTIME]);
        lua_setfield(L, -2, "action");
        lua_pushnumber(L, stall->downtime_ms);
        lua_setfield(L, -2, "downtime_ms");
        lua_rawseti(L, -2, i + 1);
    }
}

int how_index(lua_State *L, const char *key)
{
    const struct drover_how *how = box_of(L)->call->how;
    const struct how_field *field = how_field(L, key);
    const void *place = (const char *)how + field->offset;
    switch (field->form) {
    case HOW_FLAG: lua_pushboolean(L, how->flags & field->flag); break;
    case HOW_NUMBER: lua_pushnumber(L, *(const double *)place); break;
    case HOW_COUNT: lua_pushinteger(L, *(const uint32_t *)place); break;
    case HOW_STALLS: push_stalls(L, how); break;
    case HOW_COMPRESSION: lua_pushstring(L, compressions[how->compression]); break;
    case HOW_WHY: lua_pushstring(L, how->wait_why); break;
    case HOW_WATCH:
        lua_pushstring(L, watches[how->watch == DROVER_WATCH_REMAINING]);
        break;
    }
    return 1;
}

static double check_amount(lua_State *L, int index, const char *key)
{
    double number = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : -1;
    if (!isfinite(number) || number < 0)
        luaL_error(L, "how.%s: a number of 0 or more was expected, found %s", key,
                   lua_library_text(L, index, NULL));
    return number;
}

static uint32_t check_count(lua_State *L, int index, const char *key)
{
    lua_Integer n = lua_isinteger(L, index) ? lua_tointeger(L, index) : -1;
    if (n < 0 || n > 1000000)
        luaL_error(L, "how.%s: a whole number from 0 to 1000000 was expected, found %s", key,
                   lua_library_text(L, index, NULL));
    return (uint32_t)n;
}

/* {stall = 2, action = "downtime", downtime_ms = 300}, on top of the stack. */
static struct drover_stall check_stall(lua_State *L)
{
    struct drover_stall stall = {0};
    int table = lua_gettop(L);
    luaL_checktype(L, table, LUA_TTABLE);
    lua_getfield(L, table, "stall");
    stall.stall = check_count(L, -1, "stalls: stall");
    lua_getfield(L, table, "action");
    const char *action = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    for (uint32_t i = 0; stall_actions[i]; i++) {
        if (strcmp(action, stall_actions[i]) == 0)
            stall.action = DROVER_STALL_DOWNTIME + i;
    }
    if (!stall.action)
        luaL_error(L, "how.stalls: action: downtime, postcopy or abort was expected, found '%s'",
                   action);
    if (lua_getfield(L, table, "downtime_ms") != LUA_TNIL)
        stall.downtime_ms = check_amount(L, -1, "stalls: downtime_ms");
    lua_settop(L, table);
    return stall;
}

static uint32_t check_compression(lua_State *L)
{
    const char *word = lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : "";
    uint32_t i = 0;
    while (compressions[i] && strcmp(compressions[i], word) != 0)
        i++;
    if (!compressions[i])
        luaL_error(L, "how.compression: xbzrle, zlib or zstd was expected, found %s",
                   lua_library_text(L, 3, NULL));
    return i;
}

static void set_stalls(lua_State *L, struct drover_how *how)
{
    struct drover_stall stalls[DROVER_STALLS_MAX];
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Unsigned n = lua_rawlen(L, 3);
    if (n > DROVER_STALLS_MAX)
        luaL_error(L, "how.stalls: at most %d, found %d", DROVER_STALLS_MAX, (int)n);
    for (lua_Unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        stalls[i] = check_stall(L);
        lua_pop(L, 1);
    }
    memcpy(how->stalls, stalls, (size_t)n * sizeof *stalls);
    how->n_stalls = (uint32_t)n;
}

static void set_watch(lua_State *L, struct drover_how *how)
{
    const char *word = lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : "";
    for (uint32_t i = 0; i < sizeof watches / sizeof *watches; i++)
        if (strcmp(word, watches[i]) == 0) {
            how->watch = i;
            return;
        }
    luaL_error(L, "how.watch: iterations or remaining was expected, found %s",
               lua_library_text(L, 3, NULL));
}

int how_set(lua_State *L, const char *key)
{
    struct drover_how *how = box_of(L)->call->how;
    const struct how_field *field = how_field(L, key);
    void *place = (char *)how + field->offset;
    lua_settop(L, 3);
    switch (field->form) {
    case HOW_FLAG:
        if (!lua_isboolean(L, 3))
            return luaL_error(L, "how.%s: true or false was expected, found a %s", key,
                              luaL_typename(L, 3));
        how->flags = lua_toboolean(L, 3) ? how->flags | field->flag : how->flags & ~field->flag;
        break;
    case HOW_NUMBER: *(double *)place = check_amount(L, 3, key); break;
    case HOW_COUNT: *(uint32_t *)place = check_count(L, 3, key); break;
    case HOW_STALLS: set_stalls(L, how); break;
    case HOW_COMPRESSION: how->compression = check_compression(L); break;
    case HOW_WHY:
        snprintf(how->wait_why, sizeof how->wait_why, "%s", luaL_checkstring(L, 3));
        break;
    case HOW_WATCH: set_watch(L, how); break;
    }
    return 0;
}

/* --- the hook's answer --------------------------------------------------------------------- */

static int answer_allow(lua_State *L)
{
    check_method(L, VIEW_ANSWER, "answer:allow()")->answer->verdict = DROVER_ADMIT_ALLOW;
    return 0;
}

static int answer_deny(lua_State *L)
{
    struct drover_answer *answer =
        check_method(L, VIEW_ANSWER, "answer:deny(code, text)")->answer;
    const char *code = luaL_checkstring(L, 2), *text = luaL_checkstring(L, 3);
    luaL_argcheck(L, reason_code_is_good(code), 2, "a code is [a-z0-9_.]+, at most 63 bytes");
    answer->verdict = DROVER_ADMIT_DENY;
    snprintf(answer->code, sizeof answer->code, "%s", code);
    snprintf(answer->text, sizeof answer->text, "%s", text);
    return 0;
}

static int answer_rewrite(lua_State *L)
{
    struct drover_answer *answer = check_method(L, VIEW_ANSWER, "answer:rewrite(xml)")->answer;
    size_t length;
    const char *xml = luaL_checklstring(L, 2, &length);
    if (!answer->set_xml || answer->set_xml(answer, xml, length) != 0)
        return luaL_error(L, "answer:rewrite: this operation does not take another XML");
    answer->verdict = DROVER_ADMIT_REWRITE;
    return 0;
}

int answer_index(lua_State *L, const char *key)
{
    static const luaL_Reg methods[] = {
        {"allow", answer_allow}, {"deny", answer_deny}, {"rewrite", answer_rewrite}, {NULL, NULL},
    };
    return push_method(L, "answer", methods, key);
}
