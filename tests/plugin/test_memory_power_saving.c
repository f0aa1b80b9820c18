/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `memory_power_saving`: the fullest host with enough left, with the figures of RHV's own test. */
#include "plugin/bench.h"

static void put_host(struct bench *bench, const char *name, double memory_mib, double committed_mib)
{
    struct host host = bench_host(name);
    host.memory_mib = memory_mib;
    host.memory_committed_mib = committed_mib;
    bench_put_host(bench, host);
}

static void put_vm(struct bench *bench, const char *name, const char *host)
{
    struct vm vm = bench_vm(name, host);
    vm.memory_mib = 128;
    bench_put_vm(bench, vm);
}

/* PowerSavingWeightPolicyUnitTest: 424, 824 and 924 MiB are left; less than 600 is short. */
static void rhv_memory_load(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_memory_power_saving");
    bench_check_tables(bench);
    bench_set(bench, "max_free_memory_for_over_utilized", "600");
    bench_set(bench, "min_free_memory_for_under_utilized", "900");
    put_host(bench, "A", 1024, 600);
    put_host(bench, "B", 1024, 200);
    put_host(bench, "C", 1024, 100);
    put_vm(bench, "VM1", "A");
    put_vm(bench, "VM2", "B");
    put_vm(bench, "VM3", "C");
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "VM1"), "B");
    assert_string_equal(bench_best(bench, "VM2"), "C");
    assert_string_equal(bench_best(bench, "VM3"), "B");
    bench_free(bench);
}

static struct bench *begin(double a_mib, double b_mib)
{
    struct bench *bench = bench_new("weight_memory_power_saving");
    put_host(bench, "A", a_mib, 0);
    put_host(bench, "B", b_mib, 0);
    put_vm(bench, "vm", NULL);
    bench_ready(bench);
    return bench;
}

static void the_scale_goes_beyond_the_emptiest(void **state)
{
    (void)state;
    struct bench *bench = begin(1128, 628);
    /* 1000 and 500 of 1240.8 */
    EXPECT_WEIGHTS(bench, "vm", 806, 403);
    bench_free(bench);
}

static void a_host_that_is_just_full_enough_is_the_best(void **state)
{
    (void)state;
    struct bench *bench = begin(1128, 628);
    bench_set(bench, "max_free_memory_for_over_utilized", "500");
    EXPECT_WEIGHTS(bench, "vm", 806, 403);
    bench_set(bench, "max_free_memory_for_over_utilized", "501");
    EXPECT_WEIGHTS(bench, "vm", 806, 1000);
    bench_set(bench, "min_free_memory_for_under_utilized", "900");
    EXPECT_WEIGHTS(bench, "vm", 806, 726); /* as if it had 901 */
    bench_free(bench);
}

static void nothing_left_anywhere_makes_all_the_same(void **state)
{
    (void)state;
    struct bench *bench = begin(0, 0);
    EXPECT_WEIGHTS(bench, "vm", 1000, 1000);
    bench_free(bench);
}

BENCH_MAIN("weight memory_power_saving", cmocka_unit_test(rhv_memory_load),
           cmocka_unit_test(the_scale_goes_beyond_the_emptiest),
           cmocka_unit_test(a_host_that_is_just_full_enough_is_the_best),
           cmocka_unit_test(nothing_left_anywhere_makes_all_the_same))
