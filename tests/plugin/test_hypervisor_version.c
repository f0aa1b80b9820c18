/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `hypervisor_version`: numbers, not letters. */
#include "plugin/bench.h"

static void expect(const char *a, const char *b, double weight_a, double weight_b)
{
    struct bench *bench = bench_new("weight_hypervisor_version");
    bench_check_tables(bench);
    struct host one = bench_host("A"), other = bench_host("B");
    one.hypervisor_version = a;
    other.hypervisor_version = b;
    bench_put_host(bench, one);
    bench_put_host(bench, other);
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    EXPECT_WEIGHTS(bench, "vm", weight_a, weight_b);
    bench_free(bench);
}

static void the_newest_is_the_best(void **state)
{
    (void)state;
    expect("9.2.0", "10.0.0", 998000, 0);
    expect("8.2.1", "8.2.0", 0, 1);
    expect("8.2", "8.2.0", 0, 0);
    expect("7.2.13-debian", "7.2.13", 0, 0);
}

static void what_is_not_known_is_the_oldest(void **state)
{
    (void)state;
    expect("", "1.0.0", 1000000, 0);
    expect("unknown", "", 0, 0);
}

BENCH_MAIN("weight hypervisor_version", cmocka_unit_test(the_newest_is_the_best),
           cmocka_unit_test(what_is_not_known_is_the_oldest))
