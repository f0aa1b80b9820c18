/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `io_ops`: moves both ways, and jobs of others. */
#include "plugin/bench.h"

static struct bench *begin(const char *most, const char *jobs)
{
    struct bench *bench = bench_new("filter_io_ops");
    bench_set(bench, "max_io_ops", most);
    struct host host = bench_host("a");
    host.labels = BENCH_LABEL("io_ops", jobs);
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("b"));
    bench_put_host(bench, bench_host("c"));
    struct vm coming = bench_vm("coming", "b");
    coming.to = "a";
    bench_put_vm(bench, coming);
    struct vm leaving = bench_vm("leaving", "a");
    leaving.to = "c";
    bench_put_vm(bench, leaving);
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(const char *most, const char *jobs, const char *vm, const char *code)
{
    struct bench *bench = begin(most, jobs);
    bench_expect(bench, vm, "a", code);
    bench_free(bench);
}

static void moves_and_jobs_are_counted(void **state)
{
    (void)state;
    expect("3", "", "vm", "");
    expect("2", "", "vm", "io_ops.busy");
    expect("5", "3", "vm", "io_ops.busy");
    expect("6", "3", "vm", "");
    expect("3", "several", "vm", "");
}

static void its_own_move_is_no_reason(void **state)
{
    (void)state;
    expect("2", "", "coming", "");
    expect("1", "", "coming", "io_ops.busy"); /* the other's is */
    expect("1", "", "leaving", "");           /* it is there */
}

static void figures_are_told(void **state)
{
    (void)state;
    struct bench *bench = begin("2", "1");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 2 && why.have == 3);
    bench_free(bench);
}

BENCH_MAIN("filter io_ops", cmocka_unit_test(moves_and_jobs_are_counted),
           cmocka_unit_test(its_own_move_is_no_reason), cmocka_unit_test(figures_are_told))
