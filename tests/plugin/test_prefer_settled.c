/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `prefer_settled` (Lua): hosts that have been up for long enough come first. */
#include "plugin/lua_bench.h"

static struct lua_bench *begin(double a_up_s, double b_up_s, struct pair *parameters, uint32_t n)
{
    struct lua_bench *lua = lua_bench_new("prefer_settled", DROVER_WEIGHT, parameters, n);
    struct host a = bench_host("a"), b = bench_host("b");
    a.boot_at = BENCH_NOW - a_up_s;
    b.boot_at = BENCH_NOW - b_up_s;
    bench_put_host(&lua->bench, a);
    bench_put_host(&lua->bench, b);
    bench_put_vm(&lua->bench, bench_vm("vm", NULL));
    bench_ready(&lua->bench);
    return lua;
}

static void expect(double a_up_s, double b_up_s, double a_weight, double b_weight)
{
    struct lua_bench *lua = begin(a_up_s, b_up_s, NULL, 0);
    double weights[BENCH_HOSTS];
    bench_weigh(&lua->bench, "vm", weights);
    assert_true(weights[0] == a_weight && weights[1] == b_weight);
    lua_bench_free(lua);
}

static void a_day_is_enough(void **state)
{
    (void)state;
    expect(86400, 30 * 86400.0, 1, 1);
    expect(86400 / 4.0, 86400, 750.25, 1);
    expect(0, 86399, 1000, 1 + 999 * (1 - 86399 / 86400.0));
}

static void where_the_boot_is_not_known_nothing_is_held_against_the_host(void **state)
{
    (void)state;
    expect(NAN, 0, 1, 1000);
}

static void how_long_is_a_parameter(void **state)
{
    (void)state;
    struct pair hour = {.key = "settled_after", .value = "1h"};
    struct lua_bench *lua = begin(3600, 1800, &hour, 1);
    bench_check_tables(&lua->bench);
    double weights[BENCH_HOSTS];
    bench_weigh(&lua->bench, "vm", weights);
    assert_true(weights[0] == 1 && weights[1] == 500.5);
    lua_bench_free(lua);
}

BENCH_MAIN("weight prefer_settled", cmocka_unit_test(a_day_is_enough),
           cmocka_unit_test(where_the_boot_is_not_known_nothing_is_held_against_the_host),
           cmocka_unit_test(how_long_is_a_parameter))
