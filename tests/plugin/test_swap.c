/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `swap`: what is swapped out for want of room, in percent of memory. */
#include "plugin/bench.h"

static struct bench *begin(double free_mib, double swap_total_mib, double swap_free_mib)
{
    struct bench *bench = bench_new("filter_swap");
    struct host host = bench_host("a");
    host.memory_mib = 10000;
    host.memory_free_mib = free_mib;
    host.swap_total_mib = swap_total_mib;
    host.swap_free_mib = swap_free_mib;
    bench_put_host(bench, host);
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(double free_mib, double total_mib, double left_mib, const char *code)
{
    struct bench *bench = begin(free_mib, total_mib, left_mib);
    bench_expect(bench, "vm", "a", code);
    bench_free(bench);
}

static void swap_that_fits_back_does_no_harm(void **state)
{
    (void)state;
    expect(500, 0, 0, "");
    expect(500, 1000, 500, "");
    expect(500, 1000, 499, "swap.too_much");
    expect(0, 1000, 1000, "");
}

static void the_bound_is_the_policys(void **state)
{
    (void)state;
    struct bench *bench = begin(500, 2000, 500); /* 1000 of 10000 do not fit */
    bench_expect(bench, "vm", "a", "swap.too_much");
    bench_set(bench, "maximum_allowed_swap_usage", "10%");
    bench_expect(bench, "vm", "a", "");
    bench_set(bench, "maximum_allowed_swap_usage", "9%");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 9 && fabs(why.have - 10) < 1e-9);
    bench_free(bench);
}

static void a_paused_vm_goes_on_and_a_running_one_may_leave(void **state)
{
    (void)state;
    struct bench *bench = begin(0, 2000, 0);
    fleet_vm(bench->fleet, "vm")->host = "a";
    fleet_vm(bench->fleet, "vm")->state = DROVER_VM_RUNNING;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "swap.too_much");
    fleet_vm(bench->fleet, "vm")->state = DROVER_VM_PAUSED;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

BENCH_MAIN("filter swap", cmocka_unit_test(swap_that_fits_back_does_no_harm),
           cmocka_unit_test(the_bound_is_the_policys),
           cmocka_unit_test(a_paused_vm_goes_on_and_a_running_one_may_leave))
