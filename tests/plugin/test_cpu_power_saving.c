/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `cpu_power_saving`: the busiest host that is not overloaded. */
#include "plugin/bench.h"

static struct bench *begin(double a_pct, double b_pct, double c_pct)
{
    const double usage[] = {a_pct, b_pct, c_pct};
    static const char *const names[] = {"A", "B", "C"};
    struct bench *bench = bench_new("weight_cpu_power_saving");
    for (int i = 0; i < 3; i++) {
        struct host host = bench_host(names[i]);
        host.cpu_usage_pct = usage[i];
        bench_put_host(bench, host);
    }
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    return bench;
}

static void the_busiest_comes_first(void **state)
{
    (void)state;
    struct bench *bench = begin(10, 30, 60);
    bench_check_tables(bench);
    /* With 10 of one vCPU on 4 CPUs: 12.5, 32.5 and 62.5, rounded 13, 33 and 63. */
    EXPECT_WEIGHTS(bench, "vm", 1000, 1 + 599, 1);
    bench_free(bench);
}

static void an_overloaded_host_comes_last(void **state)
{
    (void)state;
    struct bench *bench = begin(10, 80, 81);
    EXPECT_WEIGHTS(bench, "vm", 1000, 1, 1000); /* 80 are not over 80, 81 are */
    bench_set(bench, "high_utilization", "79");
    EXPECT_WEIGHTS(bench, "vm", 1, 1000, 1000); /* A is the only one that is left */
    bench_free(bench);
}

static void the_vm_itself_does_not_overload_a_host(void **state)
{
    (void)state;
    struct bench *bench = begin(10, 79, 20);
    struct vm vm = bench_vm("vm", "A");
    vm.vcpus = 4;
    vm.cpu_usage_pct = 100;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "B"); /* filters are there to say no */
    bench_free(bench);
}

static void a_host_without_statistics_comes_last(void **state)
{
    (void)state;
    struct bench *bench = begin(NAN, 30, 20);
    EXPECT_WEIGHTS(bench, "vm", 1000, 1, 1000);
    bench_free(bench);
}

static void the_spm_is_busier(void **state)
{
    (void)state;
    struct bench *bench = begin(20, 21, 5);
    const char *roles[] = {"spm"};
    fleet_host(bench->fleet, "A")->roles = (struct texts){.item = roles, .n = 1, .known = true};
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A"); /* 80 + 10 of 4, 84 of 4 */
    bench_set(bench, "spm_vcpu_consumption", "0");
    assert_string_equal(bench_best(bench, "vm"), "B");
    bench_free(bench);
}

static void what_is_promised_counts(void **state)
{
    (void)state;
    struct bench *bench = begin(30, 20, 0);
    struct vm other = bench_vm("other", NULL);
    other.vcpus = 8;
    bench_put_vm(bench, other);
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A");
    columns_promise(bench->columns, bench_find_vm(bench, "other"), 1);
    assert_string_equal(bench_best(bench, "vm"), "B"); /* 80 + 80 of 4 */
    bench_free(bench);
}

BENCH_MAIN("weight cpu_power_saving", cmocka_unit_test(the_busiest_comes_first),
           cmocka_unit_test(an_overloaded_host_comes_last),
           cmocka_unit_test(the_vm_itself_does_not_overload_a_host),
           cmocka_unit_test(a_host_without_statistics_comes_last),
           cmocka_unit_test(the_spm_is_busier), cmocka_unit_test(what_is_promised_counts))
