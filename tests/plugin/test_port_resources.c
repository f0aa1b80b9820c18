/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `port_resources`: guaranteed bandwidth, promised once. */
#include "plugin/bench.h"

static struct bench *begin(const char *of_vm, const char *of_host)
{
    struct bench *bench = bench_new("filter_port_resources");
    struct host host = bench_host("a");
    host.labels = BENCH_LABEL("bandwidth.lan", of_host);
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("b"));
    struct vm vm = bench_vm("vm", NULL);
    vm.labels = BENCH_LABEL("bandwidth.lan", of_vm);
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static struct vm other_vm(const char *name, const char *on, const char *mbps)
{
    struct vm vm = bench_vm(name, on);
    static struct pair label;
    label = (struct pair){"bandwidth.lan", mbps, {0, 0}};
    vm.labels = (struct pairs){&label, 1, true};
    return vm;
}

static void what_is_left_must_be_enough(void **state)
{
    (void)state;
    struct bench *bench = begin("4000", "10000");
    bench_expect(bench, "vm", "a", "");
    bench_expect(bench, "vm", "b", "port_resources.none");
    assert_string_equal(bench_why(bench, "vm", "b").subject, "lan");
    bench_put_vm(bench, other_vm("one", "a", "6000"));
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_put_vm(bench, other_vm("one", "a", "6000.5"));
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "port_resources.short");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 4000 && fabs(why.have - 3999.5) < 1e-9);
    fleet_vm(bench->fleet, "one")->state = DROVER_VM_DOWN;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

static void those_that_are_coming_count_and_it_does_not_itself(void **state)
{
    (void)state;
    struct bench *bench = begin("4000", "10000");
    struct vm coming = other_vm("coming", "b", "7000");
    coming.to = "a";
    bench_put_vm(bench, coming);
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "port_resources.short");
    bench_expect(bench, "coming", "a", "");
    bench_expect(bench, "coming", "b", ""); /* where it runs */
    bench_free(bench);
}

static void labels_that_are_no_numbers(void **state)
{
    static const char *const cases[][3] = {
        {"fast", "10", "port_resources.unreadable"}, {"-1", "10", "port_resources.unreadable"},
        {"1e300", "10", "port_resources.unreadable"}, {"nan", "10", "port_resources.unreadable"},
        {"5", "plenty", "port_resources.unreadable"}, {"0", "0", ""}, {"5", "5", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = begin(cases[i][0], cases[i][1]);
        bench_expect(bench, "vm", "a", cases[i][2]);
        if (*cases[i][2])
            assert_string_equal(bench_why(bench, "vm", "a").subject, "bandwidth.lan");
        bench_free(bench);
    }
}

static void who_is_guaranteed_nothing_goes_anywhere(void **state)
{
    (void)state;
    struct bench *bench = begin("1", "10");
    fleet_vm(bench->fleet, "vm")->labels = BENCH_LABEL("bandwidth.", "100");
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_expect(bench, "vm", "b", "");
    bench_free(bench);
}

BENCH_MAIN("filter port_resources", cmocka_unit_test(what_is_left_must_be_enough),
           cmocka_unit_test(those_that_are_coming_count_and_it_does_not_itself),
           cmocka_unit_test(labels_that_are_no_numbers),
           cmocka_unit_test(who_is_guaranteed_nothing_goes_anywhere))
