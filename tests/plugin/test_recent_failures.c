/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `recent_failures`: as many as there were. */
#include "plugin/bench.h"

static void fewest_failures_are_the_best(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_recent_failures");
    bench_check_tables(bench);
    struct host a = bench_host("A"), b = bench_host("B");
    a.moves_failed = 3;
    bench_put_host(bench, a);
    bench_put_host(bench, b);
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    EXPECT_WEIGHTS(bench, "vm", 3, 0);
    assert_string_equal(bench_best(bench, "vm"), "B");
    bench_free(bench);
}

BENCH_MAIN("weight recent_failures", cmocka_unit_test(fewest_failures_are_the_best))
