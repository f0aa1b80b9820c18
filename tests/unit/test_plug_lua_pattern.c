/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our patterns against Lua's own: over many random patterns, subjects and replacements, both
 * must give the same results, or both an error.
 */
#include "plug_helper.h"

#include "plug/lua_box.h"
#include "plug/lua_library.h"

#include <lauxlib.h>
#include <lualib.h>

#define ROUNDS 60000

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t chance(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

/* Pieces, so that a random pattern means something more often than not. */
static const char *const pieces[] = {
    "a", "b", "c", ".", "%a", "%d", "%w", "%s", "%p", "%l", "%u", "%x", "%c", "%g", "%A", "%D",
    "%W",
    "%S", "%z", "[abc]", "[^ab]", "[a-c]", "[%a_]", "[^%d]", "[]]", "[^]]", "[a-]", "[%-x]",
    "[a%]b]",
    "(", ")", "()", "%b()", "%bab", "%bxx", "%f[%a]", "%f[^b]", "%f[%z]", "%1", "%2", "%%", "%.",
    "$",
    "^", "*", "+", "-", "?", "*", "+", "-", "?", "[", "%", "%b", "%f", "]", "\\", "1", " ", "\xe4",
};

static size_t random_pattern(char *text)
{
    size_t length = 0;
    if (chance(6) == 0)
        text[length++] = '^';
    for (uint32_t n = chance(7); n > 0; n--) {
        const char *piece = pieces[chance(sizeof pieces / sizeof *pieces)];
        length += (size_t)sprintf(text + length, "%s", piece);
    }
    if (chance(30) == 0)
        text[length++] = '\0';
    if (chance(8) == 0)
        text[length++] = '$';
    text[length] = '\0';
    return length;
}

static size_t random_subject(char *text)
{
    static const char bytes[] = "aaabbbccab12 ()[]x_-%.AZ\xe4\t";
    size_t length = chance(14);
    for (size_t i = 0; i < length; i++)
        text[i] = chance(60) == 0 ? '\0' : bytes[chance(sizeof bytes - 1)];
    text[length] = '\0';
    return length;
}

static size_t random_replacement(char *text)
{
    static const char *const parts[] = {"<%0>", "%1", "x", "", "%%", "%2", "%", "(%1%1)"};
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t n = chance(3); n > 0; n--)
        length += (size_t)sprintf(text + length, "%s", parts[chance(sizeof parts / sizeof *parts)]);
    return length;
}

/* Puts what a call gives into one text: "ok" and each result, or "error". */
static void flatten(lua_State *L, int base, int n, int status, luaL_Buffer *buffer)
{
    if (status != LUA_OK) {
        luaL_addstring(buffer, "error");
        return;
    }
    for (int i = base; i <= n; i++) {
        lua_pushfstring(L, "%s:", luaL_typename(L, i));
        luaL_addvalue(buffer);
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(buffer);
    }
}

struct question {
    char subject[64], pattern[128], replacement[64];
    size_t subject_length, pattern_length, replacement_length;
    int function; /* find, match, gsub, gmatch */
    lua_Integer init;
    bool plain;
};

static const char *const names[] = {"find", "match", "gsub", "gmatch"};
static const lua_CFunction ours[] = {lua_pattern_find, lua_pattern_match, lua_pattern_gsub,
                                     lua_pattern_gmatch};

static int push_arguments(lua_State *L, const struct question *q)
{
    lua_pushlstring(L, q->subject, q->subject_length);
    lua_pushlstring(L, q->pattern, q->pattern_length);
    if (q->function == 2) {
        lua_pushlstring(L, q->replacement, q->replacement_length);
        lua_pushinteger(L, q->init < 0 ? 100 : q->init);
        return 4;
    }
    lua_pushinteger(L, q->init);
    if (q->function != 0)
        return 3;
    lua_pushboolean(L, q->plain);
    return 4;
}

/* The function is on top. Its results, flattened, as a text on top; gmatch is walked. */
static const char *ask(lua_State *L, const struct question *q)
{
    int base = lua_gettop(L);
    int status = lua_pcall(L, push_arguments(L, q), LUA_MULTRET, 0);
    char text[4096] = "";
    for (int rounds = 0;; rounds++) {
        luaL_Buffer buffer;
        int top = lua_gettop(L);
        luaL_buffinit(L, &buffer);
        if (q->function == 3 && status == LUA_OK && rounds == 0)
            luaL_addstring(&buffer, "walk ");
        else if (status == LUA_OK && q->function == 3)
            flatten(L, base + 1, top, status, &buffer);
        else
            flatten(L, base, top, status, &buffer);
        luaL_pushresult(&buffer);
        size_t used = strlen(text), length;
        const char *part = lua_tolstring(L, -1, &length);
        for (size_t i = 0; i < length && used + 4 < sizeof text; i++)
            used += (size_t)sprintf(text + used, part[i] ? "%c" : "\\0", part[i]);
        bool more = q->function == 3 && status == LUA_OK && rounds < 40 &&
                    (rounds == 0 || (top > base && !lua_isnil(L, base + 1)));
        if (!more)
            break;
        lua_settop(L, base);
        lua_pushvalue(L, base);
        status = lua_pcall(L, 0, LUA_MULTRET, 0);
    }
    lua_settop(L, base - 1);
    lua_pushstring(L, text);
    return lua_tostring(L, -1);
}

static void random_question(struct question *q)
{
    q->subject_length = random_subject(q->subject);
    q->pattern_length = random_pattern(q->pattern);
    q->replacement_length = random_replacement(q->replacement);
    q->function = (int)chance(4);
    q->init = chance(4) ? 1 : (lua_Integer)chance(30) - 15;
    q->plain = chance(10) == 0;
}

struct comparison {
    lua_State *theirs;
    uint32_t matched, failed;
};

static int compare_all(lua_State *L)
{
    struct comparison *c = lua_touserdata(L, 1);
    struct question q;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        random_question(&q);
        lua_settop(L, 0);
        lua_settop(c->theirs, 0);
        lua_pushcfunction(L, ours[q.function]);
        lua_getglobal(c->theirs, "string");
        lua_getfield(c->theirs, -1, names[q.function]);
        lua_remove(c->theirs, -2);
        const char *our = ask(L, &q), *their = ask(c->theirs, &q);
        if (strcmp(our, their) != 0)
            fail_msg("string.%s('%s', '%s', '%s', %lld): %s, Lua's: %s", names[q.function],
                     q.subject, q.pattern, q.replacement, (long long)q.init, our, their);
        c->failed += strcmp(our, "error") == 0;
        c->matched += strstr(our, "number:") || strstr(our, "string:");
    }
    return 0;
}

static void test_same_as_lua(void **state)
{
    (void)state;
    const struct plug_lua_limits limits = {16, 4000000000u, 600000};
    struct box *box = box_new(&limits, NULL);
    struct box_call call = {0};
    struct comparison c = {.theirs = luaL_newstate()};
    char failure[512] = "";
    luaL_openlibs(c.theirs);
    int result = box_run(box, compare_all, &c, &call, 1, failure, sizeof failure);
    if (result != 0)
        fail_msg("%s", failure);
    /* The random patterns are worth something: many match, some are wrong. */
    assert_in_range(c.matched, ROUNDS / 5, ROUNDS);
    assert_in_range(c.failed, ROUNDS / 50, ROUNDS / 2);
    lua_close(c.theirs);
    box_free(box);
}

static void test_what_random_ones_miss(void **state)
{
    (void)state;
    says("return (('k=v, a=b'):gsub('(%w+)=(%w+)', '%2=%1'))", "v=k, b=a");
    says("return (('a b c'):gsub('%w', {a = 1, b = false}))", "1 b c");
    says("return (('abc'):gsub('%w', function(c) if c == 'b' then return 'B' end end))", "aBc");
    says("return (('abc'):gsub('', '-'))", "-a-b-c-");
    says("('abc'):gsub('.', function() return {} end)", "invalid replacement value (a table)");
    says("('abc'):gsub('.', true)", "string/function/table expected");
    says("local s = '' for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do s = s .. k .. v end "
        "return s",
         "a1b2");
    says("return ('x'):rep(300):find(('x?'):rep(300))", "pattern too complex");
    says("return ('x'):find(('()'):rep(33))", "too many captures");
    says("return ('THE (quick) fox'):find('%((%a+)%)')", "5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_lua),
        cmocka_unit_test(test_what_random_ones_miss),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
