/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The box: allocator, hook, protected calls. See lua_box.h. */
#include "plug/lua_box.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Some instructions do a lot (compare, join long strings), so the hook comes often. */
#define HOOK_PERIOD 100
#define CLOCK_PERIOD 1000
#define BYTES_PER_WORK 64
/* One long string or table; bounds what one instruction can take. */
#define BLOCK_MAX ((size_t)4 * 1024 * 1024)
#define LARGE_BLOCK ((size_t)64 * 1024)
#define DEPTH_MAX 8

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void on_count(lua_State *L, lua_Debug *unused)
{
    (void)unused;
    box_charge(L, HOOK_PERIOD);
}

static void stop(struct box *box, enum box_stop why)
{
    if (box->stop == BOX_GOES_ON)
        box->stop = why;
    box->spoiled = true;
    lua_sethook(box->L, on_count, LUA_MASKCOUNT, 1);
}

static void look_at_clock(struct box *box)
{
    box->work_until_clock = CLOCK_PERIOD;
    if (now_ns() > box->deadline_ns)
        stop(box, BOX_OUT_OF_TIME);
}

static void spend(struct box *box, int64_t work)
{
    box->work_left -= work;
    box->work_until_clock -= work;
    if (box->work_left < 0)
        stop(box, BOX_OUT_OF_WORK);
    else if (box->work_until_clock < 0)
        look_at_clock(box);
}

struct box *box_of(lua_State *L)
{
    struct box *box;
    memcpy(&box, lua_getextraspace(L), sizeof box);
    return box;
}

void box_charge(lua_State *L, int64_t work)
{
    struct box *box = box_of(L);
    if (box->stop == BOX_GOES_ON)
        spend(box, work);
    if (box->stop != BOX_GOES_ON)
        luaL_error(L, "stopped: out of %s", box->stop == BOX_OUT_OF_TIME ? "time" : "instructions");
}

/* Lua answers a refusal with a full collection, and maybe a pcall tries again: that is work. */
static bool refuse(struct box *box)
{
    box->work_left -= (int64_t)(box->memory / BYTES_PER_WORK);
    return false;
}

/*
 * Errors cannot be raised from inside the allocator. It counts, and the hook raises; only for
 * large blocks, which cost time right here, it refuses.
 */
static bool may_grow(struct box *box, size_t old, size_t new)
{
    if (new > BLOCK_MAX || box->memory - old + new > (size_t)box->limits.memory_mib << 20)
        return refuse(box);
    if (!box->L || box->depth == 0)
        return true;
    box->work_left -= (int64_t)(new / BYTES_PER_WORK);
    if (new < LARGE_BLOCK)
        return true;
    if (box->stop == BOX_GOES_ON) {
        box->work_until_clock = -1;
        spend(box, 0);
    }
    return box->stop == BOX_GOES_ON;
}

static void *allocate(void *self, void *old, size_t old_size, size_t new_size)
{
    struct box *box = self;
    if (!old)
        old_size = 0; /* Lua says here what kind of object it is */
    if (new_size == 0) {
        free(old);
        box->memory -= old_size;
        return NULL;
    }
    if (new_size > old_size && !may_grow(box, old_size, new_size))
        return NULL;
    void *new = realloc(old, new_size);
    if (new)
        box->memory += new_size - old_size;
    return new;
}

/* Nothing runs outside box_run(), so this is a mistake of ours. */
static int panic(lua_State *L)
{
    fprintf(stderr, "drover: Lua error outside a protected call: %s\n", lua_tostring(L, -1));
    abort();
}

struct box *box_new(const struct plug_lua_limits *limits, void *owner)
{
    struct box *box = memory_new(sizeof *box);
    box->limits = *limits;
    box->owner = owner;
    lua_State *L = lua_newstate(allocate, box);
    if (!L) {
        free(box);
        return NULL;
    }
    box->L = L;
    memcpy(lua_getextraspace(L), &box, sizeof box);
    lua_atpanic(L, panic);
    return box;
}

void box_free(struct box *box)
{
    if (!box)
        return;
    lua_close(box->L);
    free(box);
}

/*
 * Makes a text of whatever was thrown; itself run protected, for a __tostring is the unit's
 * code. Not as a message handler: where our hook raised the error, Lua calls that inside the
 * hook, where no hook comes, and a loop in __tostring would have no end.
 */
static int describe_error(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING || lua_type(L, 1) == LUA_TNUMBER) {
        lua_tostring(L, 1);
        return 1;
    }
    if (luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL) {
        lua_pushfstring(L, "error() was called with a %s", luaL_typename(L, 1));
        return 1;
    }
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
        lua_pushliteral(L, "error() was called with an object whose __tostring gives no string");
    return 1;
}

/* One line of printable text, whatever the unit put into its message. */
static void copy_line(char *to, size_t size, const char *text)
{
    size_t n = 0;
    for (; text[n] && n + 1 < size; n++)
        to[n] = (unsigned char)text[n] < ' ' || text[n] == 127 ? ' ' : text[n];
    to[n] = '\0';
}

/* 2,000,000 reads better than 2000000. */
static void write_count(char *text, size_t size, uint64_t n)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

/* The error on top becomes a text, by what is left of the budget. */
static void describe(struct box *box)
{
    if (box->stop != BOX_GOES_ON)
        return;
    lua_pushcfunction(box->L, describe_error);
    lua_insert(box->L, -2);
    lua_pcall(box->L, 1, 1, 0);
}

static int explain(struct box *box, int status, uint32_t factor, char *failure, size_t size)
{
    char count[48];
    const char *text = NULL;
    if (status != LUA_OK && lua_type(box->L, -1) == LUA_TSTRING)
        text = lua_tostring(box->L, -1);
    switch (box->stop) {
    case BOX_OUT_OF_TIME:
        snprintf(failure, size, "ran longer than its %llu ms",
                 (unsigned long long)box->limits.timeout_ms * factor);
        return DROVER_OVERRAN;
    case BOX_OUT_OF_WORK:
        write_count(count, sizeof count, (uint64_t)box->limits.instructions * factor);
        snprintf(failure, size, "used up its %s instructions", count);
        return DROVER_FAILED;
    default:
        break;
    }
    if (status == LUA_OK)
        return 0;
    if (status == LUA_ERRMEM) {
        stop(box, BOX_OUT_OF_MEMORY);
        snprintf(failure, size, "wanted more than its %u MiB of memory",
                 (unsigned)box->limits.memory_mib);
    } else {
        copy_line(failure, size, text ? text : "failed without a message");
    }
    return DROVER_FAILED;
}

/* What an outer call must find again when an inner one is done. */
struct saved {
    int64_t work_left, deadline_ns;
    enum box_stop stop;
    struct box_call *call;
};

static void begin(struct box *box, struct box_call *call, uint32_t factor)
{
    box->generation = (box->generation + 1) & 0x3ffffff; /* as wide as in a view */
    box->work_left = (int64_t)box->limits.instructions * factor;
    box->deadline_ns = now_ns() + (int64_t)box->limits.timeout_ms * factor * 1000000;
    box->work_until_clock = CLOCK_PERIOD;
    box->stop = BOX_GOES_ON;
    box->depth++;
    call->outer = box->call;
    call->generation = box->generation;
    box->call = call;
    lua_sethook(box->L, on_count, LUA_MASKCOUNT, HOOK_PERIOD);
}

static void end(struct box *box, const struct saved *saved)
{
    box->work_left = saved->work_left;
    box->deadline_ns = saved->deadline_ns;
    box->stop = saved->stop;
    box->call = saved->call;
    box->depth--;
    lua_sethook(box->L, on_count, LUA_MASKCOUNT, box->stop == BOX_GOES_ON ? HOOK_PERIOD : 1);
}

int box_run(struct box *box, lua_CFunction body, void *argument, struct box_call *call,
            uint32_t factor, char *failure, size_t failure_size)
{
    lua_State *L = box->L;
    if (box->depth >= DEPTH_MAX || !lua_checkstack(L, LUA_MINSTACK)) {
        snprintf(failure, failure_size, "was called from inside itself too often");
        return DROVER_FAILED;
    }
    const struct saved saved = {box->work_left, box->deadline_ns, box->stop, box->call};
    int top = lua_gettop(L);
    begin(box, call, factor);
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, argument);
    int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_ERRRUN)
        describe(box);
    int result = explain(box, status, factor, failure, failure_size);
    lua_settop(L, top);
    end(box, &saved);
    return result;
}
