/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `link_load`: moves for each gigabit per second. */
#include "plugin/bench.h"

static struct bench *begin(void)
{
    struct bench *bench = bench_new("weight_link_load");
    struct host fast = bench_host("A"), slow = bench_host("B"), unknown = bench_host("C");
    fast.link_mbps = 10000;
    slow.link_mbps = 2000;
    bench_put_host(bench, fast);
    bench_put_host(bench, slow);
    bench_put_host(bench, unknown);
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_put_vm(bench, bench_vm("b1", "B"));
    bench_put_vm(bench, bench_vm("b2", "B"));
    bench_ready(bench);
    return bench;
}

static void a_fast_link_is_the_best(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_check_tables(bench);
    EXPECT_WEIGHTS(bench, "vm", 0.1, 0.5, 1);
    bench_set(bench, "assumed_link_mbps", "20000");
    EXPECT_WEIGHTS(bench, "vm", 0.1, 0.5, 0.05);
    bench_free(bench);
}

static void moves_in_both_directions_share_the_link(void **state)
{
    (void)state;
    struct bench *bench = begin();
    columns_promise(bench->columns, bench_find_vm(bench, "b1"), 0);
    EXPECT_WEIGHTS(bench, "vm", 0.2, 1, 1);
    columns_promise(bench->columns, bench_find_vm(bench, "b2"), 2);
    EXPECT_WEIGHTS(bench, "vm", 0.2, 1.5, 2);
    bench_free(bench);
}

static void staying_costs_nothing(void **state)
{
    (void)state;
    struct bench *bench = begin();
    EXPECT_WEIGHTS(bench, "b1", 0.1, 0, 1);
    bench_free(bench);
}

BENCH_MAIN("weight link_load", cmocka_unit_test(a_fast_link_is_the_best),
           cmocka_unit_test(moves_in_both_directions_share_the_link),
           cmocka_unit_test(staying_costs_nothing))
