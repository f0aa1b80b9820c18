/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hostile or broken Lua unit may try, and where it ends. Where something must be stopped,
 * the clock's limit is minutes: the budget of instructions has to do it.
 */
#include "plug_helper.h"

static void test_it_works_at_all(void **state)
{
    (void)state;
    says("return 1 + 1", "2");
    says("return ask.vm.name .. ' ' .. host.name", "db1 kvm1");
}

static void test_endless_work_is_stopped(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() pcall(f) f() end f()",
        "while true do xpcall(error, function() while true do end end) end",
        "repeat until false",
        "local t = setmetatable({}, {__index = function(t, k) return k end}) for _ in ipairs(t) "
            "do end",
        "return (('a?'):rep(28) .. ('a'):rep(28)), (('a'):rep(28)):find(('a?'):rep(28) .. "
            "('a'):rep(28) .. 'b')",
        "return (('a'):rep(3000)):find('.-.-.-.-b')",
        "while true do pcall(string.find, ('a'):rep(3000), '.-.-.-.-b') end",
        "return (('a'):rep(3000)):match('(.-)(.-)(.-)(.-)%4b')",
        "return (('('):rep(4000)):gsub('%b()', '')",
        "for i = 1, 1e9 do local s = ('x'):rep(1000) end",
        "local s = ('x'):rep(1000000) while true do local t = s .. 'y' end",
        "local s = ('x'):rep(1000000) while true do s:upper() end",
        "local s = ('x'):rep(1000000) while true do pcall(string.reverse, s) end",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do table.concat(t) end",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t) end",
        "table.sort({3, 2, 1, 5, 4}, function() while true do end end)",
        "table.move({}, 1, 1e15, 2, {})",
        "table.move({}, 1, math.maxinteger - 1, 2)",
        "while true do for k in pairs({a = 1, b = 2}) do end end",
        "local t = {} for i = 1, 5000 do t['k' .. i] = i end local k while true do k = next(t, k) "
            "end",
        "while true do utf8.len(('x'):rep(100000)) end",
        "return (('x'):rep(500000)):gsub('x', function() while true do end end)",
        "while true do string.format('%s', ('x'):rep(100000)) end",
        "local t = setmetatable({}, {__tostring = function() while true do end end}) error(t)",
        "while true do tonumber((' '):rep(100000) .. '1') end",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        says(bodies[i], "failed: t: used up its 2,000,000 instructions");
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    says("local t = {} for i = 1, 1e9 do t[i] = {} end", "failed: t: wanted more than its 16 MiB");
    says("local s = 'x' while true do s = s .. s end", "failed: t: wanted more than its 16 MiB");
    says("return #(('x'):rep(1 << 30))", "larger than all of a unit's memory");
    says("return #(('x'):rep(1 << 62, 'yy'))", "larger than all of a unit's memory");
    says("return #((''):rep(1 << 62))", "0");
    says("return select('#', table.unpack({}, 1, 1e8))", "too many results to unpack");
    says("return string.format('%99999d', 1)", "invalid conversion");
    says("local function f() return f() + 1 end return f()", "failed: t: wanted more than its 16");
    says("local function f(s) return s:gsub('x', f) end return f('x')", "overflow");
    says("local t = {} for i = 1, 250 do t = {t} end return 'deep'", "deep");
}

/* The one test that waits for a clock: as long as the limit says, and no longer than it takes. */
static void test_the_clock_is_told_apart(void **state)
{
    (void)state;
    const struct plug_lua_limits hasty = {16, 4000000000u, 50};
    assert_string_equal(lua_says_within("while true do pcall(error) end", &hasty),
                        "overran: t: ran longer than its 50 ms");
    assert_string_equal(lua_says_within("return (('a'):rep(3000)):find('.-.-.-.-b')", &hasty),
                        "overran: t: ran longer than its 50 ms");
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    static const char *const names[] = {
        "load", "loadstring", "loadfile", "dofile", "collectgarbage", "io", "os", "debug",
        "coroutine", "package", "rawset", "warn", "string.dump", "string.pack", "math.random",
        "math.randomseed",
    };
    char body[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(body, sizeof body, "return %s == nil and 'absent'", names[i]);
        says(body, "absent");
    }
}

static void test_bytecode_is_refused(void **state)
{
    (void)state;
    refused("\033Lua\124\001", "attempt to load a binary chunk");
}

static void test_nothing_is_kept(void **state)
{
    (void)state;
    says("x = 1", "global 'x' cannot be set");
    says("_G.x = 1", "global 'x' cannot be set");
    says("string.x = 1", "'x' cannot be set: this table is read-only");
    says("table.insert(_G, 1)", "this table cannot be changed");
    says("table.insert(string, 1)", "this table cannot be changed");
    says("self.limit = 3", "'limit' cannot be set");
    says("table.sort(_G)", "this table cannot be changed");
    says("host.name = 'x'", "host.name cannot be set");
    says("setmetatable(_G, nil)", "cannot change a protected metatable");
    says("return getmetatable(_G)", "false");
    says("return getmetatable('')", "false");
    says("getmetatable('').__index = {}", "attempt to index a boolean");
    says("return getmetatable(host)", "false");
    says("return rawget(_G, 'print')", "nil");
    says("setmetatable({}, {__gc = function() end})", "__gc is not there");
    says("setmetatable({}, {__close = function() end})", "__close is not there");
    says("setmetatable({}, {__mode = 'k'})", "__mode is not there");
    says("return _G.tostring == tostring", "true");
}

/* A view that a file kept is no key to later calls. */
static void test_kept_views_are_refused(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, plug_with(write_file("kept.lua",
        "local kept = {}\n"
        "return {abi = 1, kind = 'filter', name = 'kept', summary = 'keeps a host',\n"
        "filter = function(self, ask, host)\n"
        "if kept.host and kept.host ~= host then return kept.host.name == 'x' end\n"
        "kept.host, kept.vms, kept.walk = host, host.vms, pairs(host.vms) return true end}\n"), ""),
        small_fleet());
    b.n = 1;
    struct bound_unit *u = &b.rules->filters[0];
    assert_int_equal(bench_filter(&b), 0);
    assert_int_equal(bench_filter(&b), DROVER_FAILED);
    assert_non_null(strstr(u->unit->failure(u->self), "this host belongs to an earlier call"));
    bench_end(&b);
}

static void test_errors_of_every_kind(void **state)
{
    (void)state;
    says("error('plain')", "failed: t: t.lua:2: plain");
    says("error({})", "error() was called with a table");
    says("error()", "error() was called with a nil");
    says("error(setmetatable({}, {__tostring = function() return 'own words' end}))",
         "failed: t: own words");
    says("error(setmetatable({}, {__tostring = function() error('twice') end}))", "failed: t: ");
    says("error(setmetatable({}, {__tostring = function() return 1 end}))", "gives no string");
    says("error('two\\nlines\\27[31m')", "two lines [31m");
    says("return host.nam", "host has no field 'nam'; did you mean 'name'?");
    says("return host + 1", "arithmetic");
    says("return pcall(error, 'caught')", "false");
}

/* After a call that ran out, the next one has a fresh state. */
static void test_one_bad_call_spoils_no_other(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, plug_with(write_file("sometimes.lua",
        "return {abi = 1, kind = 'filter', name = 'sometimes', summary = 'loops for one host',\n"
        "filter = function(self, ask, host)\n"
        "if host.name == 'kvm2' then while true do pcall(error) end end\n"
        "if host.name == 'kvm3' then local t = {} while true do t[#t + 1] = {} end end\n"
        "return false, 'sometimes.no', 'no' end}\n"), ""), small_fleet());
    struct bound_unit *u = &b.rules->filters[0];
    for (uint32_t i = 0; i < 6; i++) {
        b.hosts[0] = i % 3;
        b.n = 1;
        int result = bench_filter(&b);
        assert_int_equal(result, i % 3 == 0 ? 0 : DROVER_FAILED);
        assert_true((i % 3 == 0) == !u->unit->failure(u->self));
        if (i % 3 == 0)
            assert_string_equal(u->unit->reasons[b.verdicts[0] - 1].code, "sometimes.no");
    }
    bench_end(&b);
}

static void test_pairs_has_an_order(void **state)
{
    (void)state;
    says("local s = '' for k in pairs({b = 1, [2] = 1, a = 1, [1] = 1, [true] = 1, [1.5] = 1,"
         " ab = 1, [false] = 1, [-3] = 1}) do s = s .. tostring(k) .. ' ' end return s",
         "-3 1 1.5 2 a ab b false true ");
    says("local t = {x = 1, y = 2, z = 3} local s = '' for k, v in pairs(t) do t[k] = nil"
         " t.z = nil s = s .. k .. v end return s", "x1y2");
    says("local s, k, v = '', next({b = 1, a = 2}) return k .. v", "a2");
    says("return next({})", "nil");
    says("local t = {5, 6} local k, v = next(t, 1) return k .. v .. tostring(next(t, 2))", "26nil");
    says("for k in pairs({[{}] = 1}) do end", "those have no order");
    says("return next({b = 1}, 'a')", "b");
}

static void test_library_gives_no_addresses(void **state)
{
    (void)state;
    says("return tostring({})", "table");
    says("return tostring(print)", "function");
    says("return string.format('%s|%5s|%q', {}, print, 'x')", "table|function|\"x\"");
    says("return string.format('%p', {})", "%p is not there");
    says("return tostring(host)", "kvm1");
    says("return string.format('%s on %s', ask.vm, host)", "db1 on kvm1");
    says("return tostring(setmetatable({}, {__tostring = function() return 'me' end}))", "me");
    says("return '10' + 5", "15");
}

static void test_table_functions(void **state)
{
    (void)state;
    says("local t = {1, 2, 3} table.insert(t, 4) table.insert(t, 1, 0) return table.concat(t, ',')",
         "0,1,2,3,4");
    says("table.insert({}, 5, 1)", "position out of bounds");
    says("table.insert({})", "wrong number of arguments");
    says("local t = {1, 2, 3} local r = table.remove(t, 1) return r .. table.concat(t)", "123");
    says("local t = {} return tostring(table.remove(t)) .. #t", "nil0");
    says("local t = {1, 2, 3} table.move(t, 1, 3, 2) return table.concat(t, ',')", "1,1,2,3");
    says("return table.concat(table.move({1, 2}, 1, 2, 3, {8, 9}), ',')", "8,9,1,2");
    says("return table.concat({1, {}})", "invalid value (a table) at index 2");
    says("return table.concat({}, ',') .. '|' .. table.concat({1, 2, 3}, '-', 2, 3)", "|2-3");
    says("local t = table.pack(1, nil, 3) return t.n .. tostring(t[2])", "3nil");
    says("return select('#', table.unpack({1, 2, 3})) .. table.unpack({7}, 1, 1)", "37");
    says("local t = {} for i = 1, 200 do t[i] = (i * 7919) % 211 end table.sort(t)"
         " for i = 2, 200 do assert(t[i - 1] <= t[i]) end return 'sorted'", "sorted");
    says("local t = {{1, 'a'}, {0, 'b'}, {1, 'c'}, {0, 'd'}} table.sort(t, function(a, b)"
         " return a[1] < b[1] end) return t[1][2] .. t[2][2] .. t[3][2] .. t[4][2]", "bdac");
    says("local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() return true end)"
         " return #t", "100");
    says("table.sort({1, 'x', 2})", "attempt to compare");
    says("table.sort({3, 1, 2}, function(a, b) error('no') end)", "no");
}

static void test_requiring(void **state)
{
    (void)state;
    char folder[128];
    struct error error = ERROR_INIT;
    snprintf(folder, sizeof folder, "%s/modules", scratch);
    assert_int_equal(mkdir(folder, 0755), 0);
    write_file("modules/racks.lua", "local M = {} function M.of(host) return host.labels.rack end "
        "return M");
    write_file("modules/ring_a.lua", "return require 'ring_b'");
    write_file("modules/ring_b.lua", "return require 'ring_a'");
    write_file("modules/broken.lua", "return return");
    struct bench b;
    bench_begin(&b, plug_with(write_file("uses.lua",
        "local racks = require 'racks'\n"
        "return {abi = 1, kind = 'filter', name = 'uses', summary = 'uses a module',\n"
        "filter = function(self, ask, host) assert(require('racks') == racks)\n"
        "return racks.of(host) == 'r1' end}"), ""), small_fleet());
    const char *hash = plug_get(b.plug, 0)->hash;
    assert_int_equal(bench_filter(&b), 0);
    assert_int_equal(b.verdicts[0], 0);
    assert_int_equal(b.verdicts[1], 1);
    assert_string_equal(b.rules->filters[0].unit->reasons[0].code, "uses.refused");
    write_file("modules/racks.lua", "return {of = function() return 'r1' end}");
    struct plug *again = plug_new(PLUG_TRUST_ANY);
    char path[256];
    snprintf(path, sizeof path, "%s/uses.lua", scratch);
    assert_int_equal(plug_load_file(again, path, "", false, &error), 0);
    assert_string_not_equal(plug_get(again, 0)->hash, hash);
    plug_unref(again);
    bench_end(&b);
    refused("require '../racks'", "a module's name is [a-z][a-z0-9_]*");
    refused("require '/etc/passwd'", "a module's name is");
    refused("require 'io'", "there is no modules/io.lua beside this file");
    refused("require 'ring_a'", "in a circle");
    refused("require 'broken'", "modules/broken.lua:1:");
    says("require 'racks'", "a module is required while the file is loaded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_works_at_all),
        cmocka_unit_test(test_endless_work_is_stopped),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_the_clock_is_told_apart),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_bytecode_is_refused),
        cmocka_unit_test(test_nothing_is_kept),
        cmocka_unit_test(test_kept_views_are_refused),
        cmocka_unit_test(test_errors_of_every_kind),
        cmocka_unit_test(test_one_bad_call_spoils_no_other),
        cmocka_unit_test(test_pairs_has_an_order),
        cmocka_unit_test(test_library_gives_no_addresses),
        cmocka_unit_test(test_table_functions),
        cmocka_unit_test(test_requiring),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
