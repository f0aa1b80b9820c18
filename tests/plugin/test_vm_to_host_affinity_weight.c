/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `vm_to_host_affinity`: soft rules by priority. */
#include "plugin/groups_bench.h"

static void expect(struct bench *bench, double a, double b, double c)
{
    double weights[BENCH_HOSTS];
    bench_ready(bench);
    bench_weigh(bench, "new", weights);
    assert_true(weights[0] == a && weights[1] == b && weights[2] == c);
}

static void soft_rules_put_hosts_in_order(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_to_host_affinity");
    bench_check_tables(bench);
    expect(bench, 1, 1, 1);
    bench_host_rule(bench, "near", "new", "b", POSITIVE, false, 1);
    expect(bench, 2, 1, 2);
    bench_host_rule(bench, "old", "new", "b", NEGATIVE, false, 2);
    expect(bench, 1, 2, 1);
    bench_free(bench);
}

static void a_shorter_list_is_better(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_to_host_affinity");
    bench_host_rule(bench, "1", "new", "a b", NEGATIVE, false, 3);
    bench_host_rule(bench, "2", "new", "b", NEGATIVE, false, 1);
    expect(bench, 2, 3, 1);
    bench_free(bench);
}

static void hard_rules_are_the_filters_business(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_to_host_affinity");
    bench_host_rule(bench, "g", "new", "a", NEGATIVE, true, 1);
    expect(bench, 1, 1, 1);
    bench_free(bench);
}

BENCH_MAIN("weight vm_to_host_affinity", cmocka_unit_test(soft_rules_put_hosts_in_order),
           cmocka_unit_test(a_shorter_list_is_better),
           cmocka_unit_test(hard_rules_are_the_filters_business))
