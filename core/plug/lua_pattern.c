/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * string.find, match, gmatch and gsub, with Lua's patterns as the Lua manual describes them.
 *
 * Why our own: a pattern like ".-.-.-.-b" takes hours over a few thousand bytes, all inside one
 * C function, where no hook of Lua's ever comes. Here each step is taken off the budget.
 */
#include "plug/lua_library.h"

#include <ctype.h>
#include <string.h>

#define CAPTURES_MAX 32
#define DEPTH_MAX 200  /* of items that can be tried in more than one way */
#define STEPS_AT_ONCE 100

#define OPEN (-1)      /* a capture whose ")" has not come yet */
#define POSITION (-2)  /* "()": captures where it is */

struct capture {
    const char *start;
    ptrdiff_t length;
};

struct matcher {
    lua_State *L;
    const char *subject, *subject_end;
    const char *pattern, *pattern_end;
    uint32_t depth;
    uint32_t steps;
    int n;
    struct capture capture[CAPTURES_MAX];
};

static const char *match_here(struct matcher *m, const char *s, const char *p);

static void step(struct matcher *m)
{
    if (++m->steps < STEPS_AT_ONCE)
        return;
    m->steps = 0;
    box_charge(m->L, STEPS_AT_ONCE);
}

static void step_over(struct matcher *m, size_t bytes)
{
    box_charge(m->L, (int64_t)(bytes / 16));
}

/* --- one character ------------------------------------------------------------------------- */

/* Not the C library's: its answers depend on the locale. */
static bool in_class(int c, int class)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool digit = c >= '0' && c <= '9';
    bool visible = c > ' ' && c < 127;
    switch (class) {
    case 'a': return letter;
    case 'c': return c < ' ' || c == 127;
    case 'd': return digit;
    case 'g': return visible;
    case 'l': return c >= 'a' && c <= 'z';
    case 'p': return visible && !letter && !digit;
    case 's': return c == ' ' || (c >= '\t' && c <= '\r');
    case 'u': return c >= 'A' && c <= 'Z';
    case 'w': return letter || digit;
    case 'x': return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case 'z': return c == 0; /* an old name that Lua still knows */
    default: return false;
    }
}

/* %a, %A, or %. for a point. */
static bool matches_escaped(int c, int escaped)
{
    int class = escaped >= 'A' && escaped <= 'Z' ? escaped - 'A' + 'a' : escaped;
    if (!class || !strchr("acdglpsuwxz", class))
        return c == escaped;
    return in_class(c, class) == (class == escaped);
}

/* [...]; set at the "[", end at the "]" that closes it. */
static bool matches_set(int c, const char *set, const char *end)
{
    bool wanted = true;
    if (set[1] == '^') {
        wanted = false;
        set++;
    }
    while (++set < end) {
        if (*set == '%') {
            set++;
            if (matches_escaped(c, (unsigned char)*set))
                return wanted;
        } else if (set[1] == '-' && set + 2 < end) {
            if ((unsigned char)set[0] <= c && c <= (unsigned char)set[2])
                return wanted;
            set += 2;
        } else if ((unsigned char)*set == c) {
            return wanted;
        }
    }
    return !wanted;
}

/* Behind the single-character item that begins at p. */
static const char *item_end(struct matcher *m, const char *p)
{
    char first = *p++;
    if (first == '%') {
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[')
        return p;
    if (*p == '^')
        p++;
    do { /* so that a "]" that comes first is a character like others */
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == '%' && p < m->pattern_end)
            p++;
    } while (p == m->pattern_end || *p != ']');
    return p + 1;
}

static bool matches_item(struct matcher *m, const char *s, const char *p, const char *end)
{
    step(m);
    if (s >= m->subject_end)
        return false;
    int c = (unsigned char)*s;
    switch (*p) {
    case '.': return true;
    case '%': return matches_escaped(c, (unsigned char)p[1]);
    case '[':
        m->steps += (uint32_t)(end - p) / 8;
        return matches_set(c, p, end - 1);
    default: return (unsigned char)*p == c;
    }
}

/* --- more than one way --------------------------------------------------------------------- */

/* As many as there are, then fewer and fewer. */
static const char *match_most(struct matcher *m, const char *s, const char *p, const char *end)
{
    const char *last = s;
    while (matches_item(m, last, p, end))
        last++;
    for (; last >= s; last--) {
        const char *found = match_here(m, last, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

/* None, then more and more. */
static const char *match_least(struct matcher *m, const char *s, const char *p, const char *end)
{
    for (;; s++) {
        const char *found = match_here(m, s, end + 1);
        if (found)
            return found;
        if (!matches_item(m, s, p, end))
            return NULL;
    }
}

/* --- captures ------------------------------------------------------------------------------ */

static const char *open_capture(struct matcher *m, const char *s, const char *p)
{
    bool position = p[1] == ')';
    if (m->n >= CAPTURES_MAX)
        luaL_error(m->L, "too many captures");
    m->capture[m->n].start = s;
    m->capture[m->n].length = position ? POSITION : OPEN;
    m->n++;
    const char *found = match_here(m, s, p + (position ? 2 : 1));
    if (!found)
        m->n--;
    return found;
}

static const char *close_capture(struct matcher *m, const char *s, const char *p)
{
    int i = m->n - 1;
    while (i >= 0 && m->capture[i].length != OPEN)
        i--;
    if (i < 0) {
        luaL_error(m->L, "invalid pattern capture");
        return NULL;
    }
    m->capture[i].length = s - m->capture[i].start;
    const char *found = match_here(m, s, p + 1);
    if (!found)
        m->capture[i].length = OPEN;
    return found;
}

/* %1: what the capture matched, once more. */
static const char *match_again(struct matcher *m, const char *s, int digit)
{
    int i = digit - '1';
    if (i < 0 || i >= m->n || m->capture[i].length == OPEN) {
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
        return NULL;
    }
    ptrdiff_t length = m->capture[i].length;
    if (length == POSITION || m->subject_end - s < length)
        return NULL;
    step_over(m, (size_t)length);
    return memcmp(m->capture[i].start, s, (size_t)length) == 0 ? s + length : NULL;
}

/* --- %b and %f ----------------------------------------------------------------------------- */

static const char *match_balanced(struct matcher *m, const char *s, const char *p)
{
    if (m->pattern_end - p < 2)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->subject_end || *s != p[0])
        return NULL;
    int open = 1;
    for (s++; s < m->subject_end; s++) {
        step(m);
        if (*s == p[1]) {
            if (--open == 0)
                return s + 1;
        } else if (*s == p[0]) {
            open++;
        }
    }
    return NULL;
}

/* Returns behind the frontier's set where s is one, else NULL. */
static const char *match_frontier(struct matcher *m, const char *s, const char *p)
{
    if (p >= m->pattern_end || *p != '[')
        luaL_error(m->L, "missing '[' after '%%f' in pattern");
    const char *end = item_end(m, p);
    int before = s == m->subject ? 0 : (unsigned char)s[-1];
    int here = s == m->subject_end ? 0 : (unsigned char)*s;
    step(m);
    return !matches_set(before, p, end - 1) && matches_set(here, p, end - 1) ? end : NULL;
}

/* --- the whole ----------------------------------------------------------------------------- */

/* One single-character item with its suffix. True: go on at *s, *p. False: *found is the end. */
static bool match_item(struct matcher *m, const char **s, const char **p, const char **found)
{
    const char *end = item_end(m, *p);
    char suffix = end < m->pattern_end ? *end : '\0';
    if (suffix == '-' || suffix == '*') {
        *found = suffix == '-' ? match_least(m, *s, *p, end) : match_most(m, *s, *p, end);
        return false;
    }
    bool once = matches_item(m, *s, *p, end);
    if (suffix == '+') {
        *found = once ? match_most(m, *s + 1, *p, end) : NULL;
        return false;
    }
    if (suffix == '?') {
        if (once && (*found = match_here(m, *s + 1, end + 1)))
            return false;
        *p = end + 1;
        return true;
    }
    *found = NULL;
    *s += once;
    *p = end;
    return once;
}

/* %b, %f, %1: to where they lead in subject and pattern. s NULL: it does not match. */
struct place {
    const char *s, *p;
};

static bool is_special(const struct matcher *m, const char *p)
{
    char what = *p == '%' && p + 1 < m->pattern_end ? p[1] : '\0';
    return what == 'b' || what == 'f' || isdigit((unsigned char)what);
}

static struct place match_special(struct matcher *m, const char *s, const char *p)
{
    if (p[1] == 'b')
        return (struct place){match_balanced(m, s, p + 2), p + 4};
    if (p[1] != 'f')
        return (struct place){match_again(m, s, (unsigned char)p[1]), p + 2};
    const char *end = match_frontier(m, s, p + 2);
    return (struct place){end ? s : NULL, end};
}

/* Items that can be matched in one way only, one after the other; then whatever comes. */
static const char *match_from(struct matcher *m, const char *s, const char *p)
{
    const char *found;
    for (;;) {
        if (p == m->pattern_end)
            return s;
        if (*p == '(')
            return open_capture(m, s, p);
        if (*p == ')')
            return close_capture(m, s, p);
        if (*p == '$' && p + 1 == m->pattern_end)
            return s == m->subject_end ? s : NULL;
        if (is_special(m, p)) {
            struct place next = match_special(m, s, p);
            if (!next.s)
                return NULL;
            s = next.s;
            p = next.p;
        } else if (!match_item(m, &s, &p, &found)) {
            return found;
        }
    }
}

/* Returns the end of the match of all that is left of the pattern, or NULL. */
static const char *match_here(struct matcher *m, const char *s, const char *p)
{
    if (m->depth++ >= DEPTH_MAX)
        luaL_error(m->L, "pattern too complex");
    step(m);
    const char *found = match_from(m, s, p);
    m->depth--;
    return found;
}

static void matcher_begin(struct matcher *m, lua_State *L, const char *subject, size_t length,
                          const char *pattern, size_t pattern_length)
{
    memset(m, 0, sizeof *m);
    m->L = L;
    m->subject = subject;
    m->subject_end = subject + length;
    m->pattern = pattern;
    m->pattern_end = pattern + pattern_length;
}

static const char *match_at(struct matcher *m, const char *s)
{
    m->depth = 0;
    m->n = 0;
    return match_here(m, s, m->pattern);
}

/* --- giving captures ----------------------------------------------------------------------- */

/* Capture i, or the whole match from s to e where the pattern has none. */
static void push_capture(struct matcher *m, int i, const char *s, const char *e)
{
    if (i >= m->n) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(e - s));
        return;
    }
    const struct capture *capture = &m->capture[i];
    if (capture->length == OPEN)
        luaL_error(m->L, "unfinished capture");
    if (capture->length == POSITION)
        lua_pushinteger(m->L, capture->start - m->subject + 1);
    else
        lua_pushlstring(m->L, capture->start, (size_t)capture->length);
}

static int push_captures(struct matcher *m, const char *s, const char *e)
{
    int n = m->n == 0 && s ? 1 : m->n;
    luaL_checkstack(m->L, n, "too many captures");
    for (int i = 0; i < n; i++)
        push_capture(m, i, s, e);
    return n;
}

/* Where a position given by the caller begins: an offset from 0; negative counts from the end. */
static size_t offset_of(lua_Integer position, size_t length)
{
    if (position > 0)
        return (size_t)position - 1;
    if (position == 0 || position < -(lua_Integer)length)
        return 0;
    return length - (size_t)-position;
}

/* --- find, match --------------------------------------------------------------------------- */

static int find_plain(lua_State *L, const char *s, size_t length, const char *word,
                      size_t word_length, size_t from)
{
    box_charge(L, (int64_t)((length - from + word_length) / 8));
    const char *at = word_length ? memmem(s + from, length - from, word, word_length) : s + from;
    if (!at) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, at - s + 1);
    lua_pushinteger(L, at - s + (lua_Integer)word_length);
    return 2;
}

static bool has_specials(const char *pattern, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i]))
            return true;
    }
    return false;
}

static int search(lua_State *L, bool find)
{
    size_t length, pattern_length;
    const char *s = luaL_checklstring(L, 1, &length);
    const char *p = luaL_checklstring(L, 2, &pattern_length);
    size_t from = offset_of(luaL_optinteger(L, 3, 1), length);
    if (from > length) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || !has_specials(p, pattern_length)))
        return find_plain(L, s, length, p, pattern_length, from);
    struct matcher m;
    bool anchored = *p == '^';
    matcher_begin(&m, L, s, length, p + anchored, pattern_length - anchored);
    for (const char *at = s + from; at <= m.subject_end; at++) {
        const char *e = match_at(&m, at);
        if (e && find) {
            lua_pushinteger(L, at - s + 1);
            lua_pushinteger(L, e - s);
            return push_captures(&m, NULL, NULL) + 2;
        }
        if (e)
            return push_captures(&m, at, e);
        if (anchored)
            break;
    }
    lua_pushnil(L);
    return 1;
}

int lua_pattern_find(lua_State *L)
{
    return search(L, true);
}

int lua_pattern_match(lua_State *L)
{
    return search(L, false);
}

/* --- gmatch -------------------------------------------------------------------------------- */

enum { GMATCH_SUBJECT = 1, GMATCH_PATTERN, GMATCH_NEXT, GMATCH_LAST };

static int gmatch_next(lua_State *L)
{
    size_t length, pattern_length;
    const char *s = lua_tolstring(L, lua_upvalueindex(GMATCH_SUBJECT), &length);
    const char *p = lua_tolstring(L, lua_upvalueindex(GMATCH_PATTERN), &pattern_length);
    lua_Integer next = lua_tointeger(L, lua_upvalueindex(GMATCH_NEXT));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(GMATCH_LAST));
    struct matcher m;
    matcher_begin(&m, L, s, length, p, pattern_length);
    for (lua_Integer at = next; at <= (lua_Integer)length; at++) {
        const char *e = match_at(&m, s + at);
        if (!e || e - s == last) /* where the last match ended, an empty one is no new one */
            continue;
        lua_pushinteger(L, e - s);
        lua_copy(L, -1, lua_upvalueindex(GMATCH_NEXT));
        lua_copy(L, -1, lua_upvalueindex(GMATCH_LAST));
        return push_captures(&m, s + at, e);
    }
    return 0;
}

int lua_pattern_gmatch(lua_State *L)
{
    size_t length;
    luaL_checklstring(L, 1, &length);
    luaL_checkstring(L, 2);
    size_t from = offset_of(luaL_optinteger(L, 3, 1), length);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)(from > length ? length + 1 : from));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* --- gsub ---------------------------------------------------------------------------------- */

/* The replacement text with its %0..%9 filled in. */
static void add_text(struct matcher *m, luaL_Buffer *buffer, const char *s, const char *e)
{
    size_t length;
    const char *text = lua_tolstring(m->L, 3, &length);
    const char *end = text + length;
    step_over(m, length);
    while (text < end) {
        const char *percent = memchr(text, '%', (size_t)(end - text));
        luaL_addlstring(buffer, text, (size_t)((percent ? percent : end) - text));
        if (!percent)
            return;
        step(m);
        char what = percent + 1 < end ? percent[1] : '\0';
        if (what == '%') {
            luaL_addchar(buffer, '%');
        } else if (what == '0') {
            luaL_addlstring(buffer, s, (size_t)(e - s));
        } else if (isdigit((unsigned char)what)) {
            push_capture(m, what - '1', s, e);
            lua_tostring(m->L, -1); /* a position is a number */
            luaL_addvalue(buffer);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
        text = percent + 2;
    }
}

static void add_replacement(struct matcher *m, luaL_Buffer *buffer, const char *s, const char *e)
{
    lua_State *L = m->L;
    int type = lua_type(L, 3);
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        add_text(m, buffer, s, e);
        return;
    }
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, e), 1);
    } else {
        push_capture(m, 0, s, e);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(buffer, s, (size_t)(e - s));
    } else if (lua_isstring(L, -1)) {
        luaL_addvalue(buffer);
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

int lua_pattern_gsub(lua_State *L)
{
    size_t length, pattern_length;
    const char *s = luaL_checklstring(L, 1, &length);
    const char *p = luaL_checklstring(L, 2, &pattern_length);
    int type = lua_type(L, 3);
    luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TTABLE ||
                            type == LUA_TFUNCTION, 3, "string/function/table");
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)length + 1);
    lua_Integer n = 0;
    bool anchored = *p == '^';
    struct matcher m;
    luaL_Buffer buffer;
    matcher_begin(&m, L, s, length, p + anchored, pattern_length - anchored);
    luaL_buffinit(L, &buffer);
    const char *at = s, *last = NULL;
    while (n < most) {
        const char *e = match_at(&m, at);
        if (e && e != last) {
            n++;
            add_replacement(&m, &buffer, at, e);
            at = last = e;
        } else if (at < m.subject_end) {
            luaL_addlstring(&buffer, at, 1);
            at++;
        } else {
            break;
        }
        if (anchored)
            break;
    }
    luaL_addlstring(&buffer, at, (size_t)(m.subject_end - at));
    luaL_pushresult(&buffer);
    lua_pushinteger(L, n);
    return 2;
}
