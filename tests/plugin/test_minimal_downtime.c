/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* migrate `minimal_downtime`: RHV's schedule, step by step. */
#include "plugin/bench.h"

static void the_schedule_is_rhvs(void **state)
{
    (void)state;
    static const struct drover_stall expected[] = {
        {2, DROVER_STALL_DOWNTIME, 150}, {3, DROVER_STALL_DOWNTIME, 200},
        {4, DROVER_STALL_DOWNTIME, 300}, {5, DROVER_STALL_DOWNTIME, 400},
        {7, DROVER_STALL_DOWNTIME, 500}, {8, DROVER_STALL_ABORT, 0},
    };
    struct bench *bench = bench_new("migrate_minimal_downtime");
    bench_check_tables(bench);
    bench_put_host(bench, bench_host("a"));
    bench_put_vm(bench, bench_vm("vm", "a"));
    bench_ready(bench);
    struct drover_stall stalls[DROVER_STALLS_MAX] = {0};
    struct drover_how how = {.size = sizeof how, .stalls = stalls};
    struct drover_move move = {.size = sizeof move, .fleet = &bench->columns->fleet};
    assert_int_equal(bench->unit->migrate(bench->self, &move, &how), 0);
    assert_true(how.flags & DROVER_HOW_AUTO_CONVERGE);
    assert_false(how.flags & (DROVER_HOW_POSTCOPY | DROVER_HOW_COMPRESS | DROVER_HOW_ZEROCOPY));
    assert_true(how.downtime_ms == 100);
    assert_int_equal(how.max_concurrent, 2);
    assert_int_equal(how.n_stalls, sizeof expected / sizeof *expected);
    for (uint32_t i = 0; i < how.n_stalls; i++) {
        assert_int_equal(stalls[i].stall, expected[i].stall);
        assert_int_equal(stalls[i].action, expected[i].action);
        assert_true(stalls[i].downtime_ms == expected[i].downtime_ms);
    }
    bench_free(bench);
}

BENCH_MAIN("migrate minimal_downtime", cmocka_unit_test(the_schedule_is_rhvs))
