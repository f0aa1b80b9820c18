/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Callbacks of struct drover_unit that lead into Lua. Each sets up what the views look at, runs
 * the Lua function inside the box, and reads its answer while still inside: a wrong answer is
 * the unit's failure, like any other.
 */
#include "plug/lua_file.h"
#include "plug/lua_library.h"
#include "plug/lua_views.h"

#include <stdio.h>
#include <string.h>

struct request {
    struct lua_self *self;
    struct lua_unit *unit;
    struct box_call call;
    uint8_t *verdicts;
    double *weights;
    struct drover_why *why;
    uint8_t verdict;
    uint32_t cluster;
    char *error; /* open: why not */
    size_t error_size;
    bool refused;
};

static void request_begin(struct request *r, void *self)
{
    memset(r, 0, sizeof *r);
    r->self = self;
    r->unit = r->self->unit;
}

static int request_run(struct request *r, lua_CFunction body)
{
    char text[FAILURE_SIZE - 80] = "";
    struct box *box = lua_file_box(r->unit->file, text, sizeof text);
    int result = DROVER_FAILED;
    if (box)
        result = box_run(box, body, r, &r->call, 1, text, sizeof text);
    r->self->failure[0] = '\0';
    if (result != 0)
        snprintf(r->self->failure, sizeof r->self->failure, "%.64s: %s", r->unit->name, text);
    return result;
}

static const char *unit_failure(void *self)
{
    const struct lua_self *lua = self;
    return lua->failure[0] ? lua->failure : NULL;
}

/* --- self ---------------------------------------------------------------------------------- */

static void push_parameter(lua_State *L, const struct lua_self *self,
                           const struct drover_parameter *parameter)
{
    const void *place = (const char *)self + parameter->offset;
    switch (parameter->type) {
    case DROVER_INTEGER: lua_pushinteger(L, *(const int64_t *)place); break;
    case DROVER_BOOLEAN: lua_pushboolean(L, *(const bool *)place); break;
    case DROVER_TEXT:
    case DROVER_CHOICE: lua_pushstring(L, *(const char *const *)place); break;
    default: lua_pushnumber(L, *(const double *)place); break;
    }
}

/* A new one for each call, so that nothing can be kept in it. */
static void push_self(lua_State *L, const struct request *r)
{
    lua_newtable(L);
    for (const struct drover_parameter *p = r->unit->parameters; p && p->key; p++) {
        push_parameter(L, r->self, p);
        lua_setfield(L, -2, p->key);
    }
    lua_library_read_only(L);
}

/* Leaves the function at 1, self at 2 and the first argument's view at 3. */
static struct request *enter(lua_State *L, enum view_kind first)
{
    struct request *r = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->unit->callback);
    push_self(L, r);
    view_push(L, first, 0);
    return r;
}

/* Call with self, the first argument and up to one more, on top; gives n results. */
static void call_with(lua_State *L, int more, int results)
{
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    for (int i = 0; i < more; i++)
        lua_pushvalue(L, 4 + i);
    lua_call(L, 2 + more, results);
}

static const char *host_name(const struct request *r, uint32_t i)
{
    return r->call.fleet->hosts->name[r->call.hosts[i]];
}

/* --- filter -------------------------------------------------------------------------------- */

/* Who is refused why; code and text of the answer are on the Lua stack. */
struct answer {
    bool accepted;
    char code[64];
    int detail; /* stack index of a text or a table, or 0 */
};

static void set_code(lua_State *L, const struct request *r, int index, struct answer *answer)
{
    const char *code = NULL;
    if (!lua_isnoneornil(L, index)) {
        code = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
        if (!reason_code_is_good(code))
            luaL_error(L, "a reason's code is [a-z0-9_.]+, at most 63 bytes, found '%s'",
                       lua_library_text(L, index, NULL));
    }
    if (code)
        snprintf(answer->code, sizeof answer->code, "%s", code);
    else
        snprintf(answer->code, sizeof answer->code, "%.50s.refused", r->unit->name);
}

/* filter's results: true | false, code, text; from index on. */
static struct answer read_filter(lua_State *L, const struct request *r, uint32_t i, int index)
{
    struct answer answer = {.accepted = lua_toboolean(L, index)};
    if (lua_type(L, index) != LUA_TBOOLEAN)
        luaL_error(L, "answered a %s for host %s; true, or false, code, text was expected",
                   luaL_typename(L, index), host_name(r, i));
    if (!answer.accepted) {
        set_code(L, r, index + 1, &answer);
        answer.detail = lua_isnoneornil(L, index + 2) ? 0 : index + 2;
    }
    return answer;
}

/* The entry for candidate i of a table: by position, by name, or by the host itself. */
static void push_entry(lua_State *L, const struct request *r, int table, uint32_t i)
{
    if (lua_rawgeti(L, table, i + 1) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_pushstring(L, host_name(r, i));
    if (lua_rawget(L, table) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    view_push(L, VIEW_HOST, r->call.hosts[i]);
    lua_rawget(L, table);
}

/* filter_all's entry: true | false | code | {code, text}; on top of the stack. */
static struct answer read_entry(lua_State *L, const struct request *r, uint32_t i)
{
    struct answer answer = {.accepted = false};
    int entry = lua_gettop(L);
    switch (lua_type(L, entry)) {
    case LUA_TBOOLEAN:
        answer.accepted = lua_toboolean(L, entry);
        if (!answer.accepted)
            set_code(L, r, entry + 1, &answer);
        break;
    case LUA_TSTRING: set_code(L, r, entry, &answer); break;
    case LUA_TTABLE:
        lua_rawgeti(L, entry, 1);
        lua_rawgeti(L, entry, 2);
        set_code(L, r, entry + 1, &answer);
        answer.detail = lua_isnil(L, entry + 2) ? 0 : entry + 2;
        break;
    default:
        luaL_error(L, "has no answer for host %s; true, false, a code or {code, text} was expected",
                   host_name(r, i));
    }
    return answer;
}

/* Calls the function(s) and gives each candidate's answer to `take`. */
static int each_answer(lua_State *L, void (*take)(lua_State *L, struct request *r, uint32_t i,
                                                  const struct answer *answer))
{
    struct request *r = enter(L, VIEW_ASK);
    int base = 3;
    if (r->unit->whole) {
        view_push(L, VIEW_CANDIDATES, 0);
        call_with(L, 1, 1);
        base = 5;
        if (lua_type(L, base) != LUA_TTABLE)
            luaL_error(L, "answered a %s; a table with an answer for each host was expected",
                       luaL_typename(L, base));
    }
    for (uint32_t i = 0; i < r->call.n_hosts; i++) {
        struct answer answer;
        if (r->unit->whole) {
            push_entry(L, r, base, i);
            answer = read_entry(L, r, i);
        } else {
            view_push(L, VIEW_HOST, r->call.hosts[i]);
            call_with(L, 1, 3);
            answer = read_filter(L, r, i, base + 2);
        }
        take(L, r, i, &answer);
        lua_settop(L, base);
    }
    return 0;
}

static void take_verdict(lua_State *L, struct request *r, uint32_t i, const struct answer *answer)
{
    r->verdicts[i] = 0;
    if (answer->accepted)
        return;
    uint32_t reason = lua_unit_reason(r->unit, answer->code);
    if (reason == REASONS_MAX)
        luaL_error(L, "gives more than %d different codes; what varies belongs into the text",
                   REASONS_MAX);
    r->verdicts[i] = (uint8_t)(1 + reason);
}

static int filter_body(lua_State *L)
{
    return each_answer(L, take_verdict);
}

static void request_candidates(struct request *r, void *self, const struct drover_ask *ask,
                               const uint32_t *hosts, uint32_t n)
{
    request_begin(r, self);
    r->call.fleet = ask->fleet;
    r->call.ask = ask;
    r->call.hosts = hosts;
    r->call.n_hosts = n;
}

static int unit_filter(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                       uint8_t *verdicts)
{
    struct request r;
    request_candidates(&r, self, ask, hosts, n);
    r.verdicts = verdicts;
    return request_run(&r, filter_body);
}

/* --- why ----------------------------------------------------------------------------------- */

static double detail_number(lua_State *L, int table, const char *key)
{
    lua_pushstring(L, key);
    double number = lua_rawget(L, table) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    lua_pop(L, 1);
    return number;
}

static void detail_text(lua_State *L, int table, const char *key, char *text, size_t size)
{
    lua_pushstring(L, key);
    if (lua_rawget(L, table) != LUA_TNIL)
        snprintf(text, size, "%s", lua_library_text(L, -1, NULL));
    lua_settop(L, table);
}

/* A text, or {text = , need = , have = , subject = }. */
static void take_why(lua_State *L, struct request *r, uint32_t i, const struct answer *answer)
{
    (void)i;
    struct drover_why *why = r->why;
    if (answer->accepted || !answer->detail ||
        lua_unit_reason(r->unit, answer->code) + 1 != r->verdict)
        return;
    if (lua_type(L, answer->detail) != LUA_TTABLE) {
        snprintf(why->text, sizeof why->text, "%s", lua_library_text(L, answer->detail, NULL));
        return;
    }
    lua_settop(L, answer->detail);
    why->need = detail_number(L, answer->detail, "need");
    why->have = detail_number(L, answer->detail, "have");
    detail_text(L, answer->detail, "subject", why->subject, sizeof why->subject);
    detail_text(L, answer->detail, "text", why->text, sizeof why->text);
}

static int why_body(lua_State *L)
{
    return each_answer(L, take_why);
}

/* The filter once more, for this host: the same question has the same answer. */
static int unit_why(void *self, const struct drover_ask *ask, uint32_t host, uint8_t verdict,
                    struct drover_why *why)
{
    struct request r;
    request_candidates(&r, self, ask, &host, 1);
    r.why = why;
    r.verdict = verdict;
    return request_run(&r, why_body);
}

/* --- weigh --------------------------------------------------------------------------------- */

static void take_weight(lua_State *L, struct request *r, uint32_t i)
{
    if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)))
        luaL_error(L, "weighs host %s %s; a finite number was expected", host_name(r, i),
                   lua_library_text(L, -1, NULL));
    r->weights[i] = lua_tonumber(L, -1);
}

static int weigh_body(lua_State *L)
{
    struct request *r = enter(L, VIEW_ASK);
    if (r->unit->whole) {
        view_push(L, VIEW_CANDIDATES, 0);
        call_with(L, 1, 1);
        if (lua_type(L, 5) != LUA_TTABLE)
            return luaL_error(L, "answered a %s; a table with a number for each host was expected",
                              luaL_typename(L, 5));
    }
    int base = lua_gettop(L);
    for (uint32_t i = 0; i < r->call.n_hosts; i++) {
        if (r->unit->whole) {
            push_entry(L, r, 5, i);
        } else {
            view_push(L, VIEW_HOST, r->call.hosts[i]);
            call_with(L, 1, 1);
        }
        take_weight(L, r, i);
        lua_settop(L, base);
    }
    return 0;
}

static int unit_weigh(void *self, const struct drover_ask *ask, const uint32_t *hosts, uint32_t n,
                      double *weights)
{
    struct request r;
    request_candidates(&r, self, ask, hosts, n);
    r.weights = weights;
    return request_run(&r, weigh_body);
}

/* --- the others ---------------------------------------------------------------------------- */

static int balance_body(lua_State *L)
{
    struct request *r = enter(L, VIEW_FLEET);
    view_push(L, VIEW_PLAN, 0);
    view_push(L, VIEW_CLUSTER, r->cluster);
    call_with(L, 2, 0);
    return 0;
}

static int unit_balance(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                        struct drover_plan *plan)
{
    struct request r;
    request_begin(&r, self);
    r.call.fleet = fleet;
    r.call.plan = plan;
    r.cluster = cluster;
    return request_run(&r, balance_body);
}

static int resilience_body(lua_State *L)
{
    enter(L, VIEW_FLEET);
    view_push(L, VIEW_TROUBLE, 0);
    view_push(L, VIEW_PLAN, 0);
    call_with(L, 2, 0);
    return 0;
}

static int unit_resilience(void *self, const struct drover_fleet *fleet,
                           const struct drover_trouble *trouble, struct drover_plan *plan)
{
    struct request r;
    request_begin(&r, self);
    r.call.fleet = fleet;
    r.call.trouble = trouble;
    r.call.plan = plan;
    return request_run(&r, resilience_body);
}

static int migrate_body(lua_State *L)
{
    enter(L, VIEW_MOVE);
    view_push(L, VIEW_HOW, 0);
    call_with(L, 1, 0);
    return 0;
}

static int unit_migrate(void *self, const struct drover_move *move, struct drover_how *how)
{
    struct request r;
    request_begin(&r, self);
    r.call.fleet = move->fleet;
    r.call.move = move;
    r.call.how = how;
    return request_run(&r, migrate_body);
}

static int admit_body(lua_State *L)
{
    enter(L, VIEW_ADMIT);
    view_push(L, VIEW_ANSWER, 0);
    call_with(L, 1, 0);
    return 0;
}

static int unit_admit(void *self, const struct drover_admit_ask *ask, struct drover_answer *answer)
{
    struct request r;
    request_begin(&r, self);
    r.call.fleet = ask->fleet;
    r.call.admit = ask;
    r.call.answer = answer;
    return request_run(&r, admit_body);
}

/* open(self): nothing or true is well; false, or nil and a text, refuses the policy. */
static int open_body(lua_State *L)
{
    struct request *r = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->unit->open);
    push_self(L, r);
    lua_call(L, 1, 2);
    bool is_false = lua_type(L, 1) == LUA_TBOOLEAN && !lua_toboolean(L, 1);
    r->refused = is_false || (lua_isnil(L, 1) && !lua_isnil(L, 2));
    if (r->refused)
        snprintf(r->error, r->error_size, "%s",
                 lua_isnil(L, 2) ? "its open() refused" : lua_library_text(L, 2, NULL));
    return 0;
}

static int unit_open(void *self, char *error, size_t error_size)
{
    struct request r;
    request_begin(&r, self);
    if (r.unit->open == LUA_NOREF)
        return 0;
    r.error = error;
    r.error_size = error_size;
    if (request_run(&r, open_body) == 0)
        return r.refused ? -1 : 0;
    snprintf(error, error_size, "%s", r.self->failure);
    return -1;
}

void lua_units_fill(struct loaded_unit *loaded)
{
    struct drover_unit *unit = &loaded->unit;
    unit->open = unit_open;
    unit->failure = unit_failure;
    switch (unit->kind) {
    case DROVER_FILTER:
        unit->filter = unit_filter;
        unit->why = unit_why;
        break;
    case DROVER_WEIGHT: unit->weigh = unit_weigh; break;
    case DROVER_BALANCE: unit->balance = unit_balance; break;
    case DROVER_RESILIENCE: unit->resilience = unit_resilience; break;
    case DROVER_MIGRATE: unit->migrate = unit_migrate; break;
    default: unit->admit = unit_admit; break;
    }
}
