/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `soft_affinity`: VMs of soft groups, counted. */
#include "plugin/groups_bench.h"

static void expect(struct bench *bench, double a, double b, double c)
{
    double weights[BENCH_HOSTS];
    bench_ready(bench);
    bench_weigh(bench, "new", weights);
    assert_true(weights[0] == a && weights[1] == b && weights[2] == c);
}

static void each_vm_counts_with_its_groups_priority(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_soft_affinity");
    bench_check_tables(bench);
    bench_put_vm(bench, bench_vm("va2", "a"));
    bench_vm_rule(bench, "apart", "va va2 vb new", NEGATIVE, false, 1);
    expect(bench, 2, 1, 0);
    bench_vm_rule(bench, "together", "vb new", POSITIVE, false, 4);
    expect(bench, 2, -3, 0);
    bench_free(bench);
}

static void who_moves_counts_where_it_goes(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_soft_affinity");
    struct vm moving = bench_vm("va", "a");
    moving.to = "c";
    bench_put_vm(bench, moving);
    bench_vm_rule(bench, "apart", "va new", NEGATIVE, false, 1);
    expect(bench, 0, 0, 1);
    bench_free(bench);
}

static void hard_rules_do_not_count(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_soft_affinity");
    bench_vm_rule(bench, "apart", "va new", NEGATIVE, true, 1);
    expect(bench, 0, 0, 0);
    bench_free(bench);
}

BENCH_MAIN("weight soft_affinity", cmocka_unit_test(each_vm_counts_with_its_groups_priority),
           cmocka_unit_test(who_moves_counts_where_it_goes),
           cmocka_unit_test(hard_rules_do_not_count))
