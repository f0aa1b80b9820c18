/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `vm_affinity`: RHV's order of hosts by broken priorities, then by mates. */
#include "plugin/groups_bench.h"

static void expect(struct bench *bench, double a, double b, double c)
{
    double weights[BENCH_HOSTS];
    bench_ready(bench);
    bench_weigh(bench, "new", weights);
    assert_true(weights[0] == a && weights[1] == b && weights[2] == c);
}

static void without_groups_all_are_equal(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_affinity");
    bench_check_tables(bench);
    expect(bench, 1, 1, 1);
    bench_vm_rule(bench, "none of it runs", "new", POSITIVE, true, 1);
    expect(bench, 1, 1, 1);
    bench_free(bench);
}

static void broken_priorities_decide_the_highest_first(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_affinity");
    bench_vm_rule(bench, "low", "va new", POSITIVE, false, 1);
    bench_vm_rule(bench, "high", "vb new", POSITIVE, false, 1.5);
    expect(bench, 2, 1, 3);
    bench_free(bench);
}

static void one_higher_group_counts_more_than_many_lower_ones(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_affinity");
    bench_vm_rule(bench, "1", "va new", NEGATIVE, false, 1);
    bench_vm_rule(bench, "2", "va new", NEGATIVE, false, 1);
    bench_vm_rule(bench, "3", "vb new", NEGATIVE, false, 2);
    expect(bench, 2, 3, 1);
    bench_free(bench);
}

static void hard_groups_count_like_soft_ones(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_affinity");
    bench_vm_rule(bench, "g", "va vb new", NEGATIVE, true, 1);
    expect(bench, 2, 2, 1);
    bench_free(bench);
}

static void among_equals_those_who_cannot_leave_pull_then_all(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_affinity");
    struct vm pinned = bench_vm("vb", "b");
    pinned.migratable = DROVER_MIGRATABLE_NO;
    bench_put_vm(bench, pinned);
    bench_vm_rule(bench, "g", "va vb new", POSITIVE, false, 1);
    expect(bench, 2, 1, 3);
    bench_put_vm(bench, bench_vm("vb", "b"));
    expect(bench, 1, 1, 2);
    bench_put_vm(bench, bench_vm("va2", "a"));
    bench_vm_rule(bench, "g", "va va2 vb new", POSITIVE, false, 1);
    expect(bench, 1, 2, 3);
    bench_free(bench);
}

static void a_mate_of_two_groups_is_one_mate(void **state)
{
    (void)state;
    struct bench *bench = bench_three("weight_vm_affinity");
    bench_vm_rule(bench, "g", "va vb new", POSITIVE, false, 1);
    bench_vm_rule(bench, "h", "va vb new", POSITIVE, false, 1);
    bench_put_vm(bench, bench_vm("vb2", "b"));
    bench_vm_rule(bench, "i", "va vb vb2 new", POSITIVE, false, 1);
    expect(bench, 2, 1, 3);
    bench_free(bench);
}

BENCH_MAIN("weight vm_affinity", cmocka_unit_test(without_groups_all_are_equal),
           cmocka_unit_test(broken_priorities_decide_the_highest_first),
           cmocka_unit_test(one_higher_group_counts_more_than_many_lower_ones),
           cmocka_unit_test(hard_groups_count_like_soft_ones),
           cmocka_unit_test(among_equals_those_who_cannot_leave_pull_then_all),
           cmocka_unit_test(a_mate_of_two_groups_is_one_mate))
