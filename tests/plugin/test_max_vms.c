/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `max_vms`: at most so many, those on their way there included. */
#include "plugin/bench.h"

static struct bench *begin(const char *most)
{
    struct bench *bench = bench_new("filter_max_vms");
    bench_set(bench, "max_vms", most);
    bench_put_host(bench, bench_host("a"));
    bench_put_host(bench, bench_host("b"));
    bench_put_vm(bench, bench_vm("one", "a"));
    struct vm coming = bench_vm("two", "b");
    coming.to = "a";
    bench_put_vm(bench, coming);
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void those_that_are_coming_count(void **state)
{
    (void)state;
    struct bench *bench = begin("2");
    bench_expect(bench, "vm", "a", "max_vms.full");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 2 && why.have == 2);
    bench_expect(bench, "vm", "b", ""); /* one, and it is not gone yet */
    bench_expect(bench, "two", "a", "");
    bench_expect(bench, "one", "a", "");
    bench_set(bench, "max_vms", "3");
    bench_expect(bench, "vm", "a", "");
    bench_set(bench, "max_vms", "1");
    bench_expect(bench, "vm", "b", "max_vms.full");
    bench_free(bench);
}

static void a_host_may_have_a_bound_of_its_own(void **state)
{
    static const char *const labels[][2] = {
        {"0", "max_vms.full"}, {"1", "max_vms.full"}, {"2", ""}, {"many", ""}, {"", ""}, {"-1", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        struct bench *bench = begin("100");
        fleet_host(bench->fleet, "b")->labels = BENCH_LABEL("max_vms", labels[i][0]);
        bench_ready(bench);
        bench_expect(bench, "vm", "b", labels[i][1]);
        bench_free(bench);
    }
}

BENCH_MAIN("filter max_vms", cmocka_unit_test(those_that_are_coming_count),
           cmocka_unit_test(a_host_may_have_a_bound_of_its_own))
