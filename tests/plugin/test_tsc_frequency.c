/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `tsc_frequency`: within 250 millionths, or scaled; RHV's answers where it is not known. */
#include "plugin/bench.h"

static struct bench *begin(double here_khz, double there_khz, bool scaling, double vm_khz)
{
    struct bench *bench = bench_new("filter_tsc_frequency");
    struct host host = bench_host("here");
    host.tsc_khz = here_khz;
    bench_put_host(bench, host);
    host = bench_host("there");
    host.tsc_khz = there_khz;
    host.tsc_scaling = scaling;
    bench_put_host(bench, host);
    struct vm vm = bench_vm("vm", "here");
    vm.tsc_khz = vm_khz;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(double here_khz, double there_khz, bool scaling, double vm_khz, const char *code)
{
    struct bench *bench = begin(here_khz, there_khz, scaling, vm_khz);
    bench_expect(bench, "vm", "there", code);
    bench_expect(bench, "vm", "here", "");
    bench_free(bench);
}

static void it_may_differ_by_250_millionths(void **state)
{
    (void)state;
    expect(2000000, 2000500, false, 2000000, "");
    expect(2000000, 2000501, false, 2000000, "tsc_frequency.different");
    expect(2000000, 1999500, false, 2000000, "");
    expect(2000000, 1999499, false, 2000000, "tsc_frequency.different");
    expect(2000000, 3000000, true, 2000000, "");
    expect(2000000, 3000000, false, 0, "");
}

static void what_is_not_known(void **state)
{
    (void)state;
    expect(2000000, 0, false, 2000000, "tsc_frequency.unknown");
    expect(2000000, 0, true, 2000000, "tsc_frequency.unknown");
    expect(0, 3000000, false, 2000000, "");
    expect(0, 0, false, 2000000, "");
}

static void a_guest_that_does_not_run_goes_anywhere(void **state)
{
    (void)state;
    struct bench *bench = begin(2000000, 3000000, false, 2000000);
    struct drover_why why = bench_why(bench, "vm", "there");
    assert_true(why.need == 2000000 && why.have == 3000000);
    fleet_vm(bench->fleet, "vm")->host = NULL;
    bench_ready(bench);
    bench_expect(bench, "vm", "there", "");
    bench_free(bench);
}

BENCH_MAIN("filter tsc_frequency", cmocka_unit_test(it_may_differ_by_250_millionths),
           cmocka_unit_test(what_is_not_known),
           cmocka_unit_test(a_guest_that_does_not_run_goes_anywhere))
