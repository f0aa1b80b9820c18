/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `vm_to_host_affinity`: in all positive groups, in no negative one. */
#include "plugin/groups_bench.h"

static void expect(struct bench *bench, const char *a, const char *b, const char *c)
{
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "new", "a"), a);
    assert_string_equal(bench_refusal(bench, "new", "b"), b);
    assert_string_equal(bench_refusal(bench, "new", "c"), c);
}

static const char *const required = "vm_to_host_affinity.required";
static const char *const forbidden = "vm_to_host_affinity.forbidden";

static void only_hosts_of_all_positive_groups(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_to_host_affinity");
    bench_check_tables(bench);
    expect(bench, "", "", "");
    bench_host_rule(bench, "one", "new", "a b", POSITIVE, true, 1);
    expect(bench, "", "", required);
    bench_host_rule(bench, "two", "new", "b c", POSITIVE, true, 1);
    expect(bench, required, "", required);
    assert_string_equal(bench_why(bench, "new", "a").subject, "two");
    assert_string_equal(bench_why(bench, "new", "c").subject, "one");
    bench_free(bench);
}

static void no_host_of_a_negative_group(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_to_host_affinity");
    bench_host_rule(bench, "soft", "new", "c", NEGATIVE, false, 1);
    bench_host_rule(bench, "off", "new", "b", NEGATIVE, true, 1);
    bench_host_rule(bench, "others", "va vb", "c", NEGATIVE, true, 1);
    expect(bench, "", forbidden, "");
    assert_string_equal(bench_why(bench, "new", "b").subject, "off");
    bench_free(bench);
}

static void hosts_that_are_not_there_are_not_good_enough(void **state)
{
    (void)state;
    struct bench *bench = bench_three("filter_vm_to_host_affinity");
    bench_host_rule(bench, "g", "new", "gone", POSITIVE, true, 1);
    expect(bench, required, required, required);
    bench_free(bench);
}

BENCH_MAIN("filter vm_to_host_affinity", cmocka_unit_test(only_hosts_of_all_positive_groups),
           cmocka_unit_test(no_host_of_a_negative_group),
           cmocka_unit_test(hosts_that_are_not_there_are_not_good_enough))
