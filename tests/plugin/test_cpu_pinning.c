/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `cpu_pinning`: pinned CPUs are online and nobody else's; dedicated ones are enough. */
#include "plugin/bench.h"

static struct bench *begin(const char *pins, bool dedicated)
{
    struct bench *bench = bench_new("filter_cpu_pinning");
    struct host host = bench_host("a");
    host.threads = 8;
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("b")); /* 4 CPUs */
    struct vm vm = bench_vm("vm", NULL);
    vm.vcpus = 2;
    vm.cpu_pins = pins;
    vm.cpu_dedicated = dedicated;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect_on(struct bench *bench, const char *pins, const char *host, const char *code)
{
    fleet_vm(bench->fleet, "vm")->cpu_pins = pins;
    bench_ready(bench);
    bench_expect(bench, "vm", host, code);
}

static void pinned_cpus_must_be_online(void **state)
{
    (void)state;
    struct bench *bench = begin("0-3", false);
    expect_on(bench, "0-3", "b", "");
    expect_on(bench, "0-4", "b", "cpu_pinning.offline");
    assert_string_equal(bench_why(bench, "vm", "b").subject, "4");
    expect_on(bench, "6,7", "a", "");
    fleet_host(bench->fleet, "a")->cpus_online = "0-3,6";
    expect_on(bench, "6", "a", "");
    expect_on(bench, "2-7", "a", "cpu_pinning.offline");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "4-5,7");
    bench_free(bench);
}

static void odd_lists_are_bounded(void **state)
{
    (void)state;
    struct bench *bench = begin("", false);
    expect_on(bench, "all", "a", "");
    expect_on(bench, "5-2", "a", "");
    expect_on(bench, "0-18446744073709551615", "a", "cpu_pinning.offline");
    expect_on(bench, "3,", "a", "");
    expect_on(bench, "65535", "a", "cpu_pinning.offline");
    bench_free(bench);
}

static struct vm other_vm(const char *host)
{
    struct vm other = bench_vm("other", host);
    other.vcpus = 2;
    other.cpu_pins = "2-3";
    other.cpu_dedicated = true;
    return other;
}

static void cpus_of_another_vm_are_taken(void **state)
{
    (void)state;
    struct bench *bench = begin("0-2", false);
    bench_put_vm(bench, other_vm("a"));
    expect_on(bench, "0-1", "a", "");
    expect_on(bench, "0-2", "a", "cpu_pinning.taken");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "2");
    struct vm *other = fleet_vm(bench->fleet, "other");
    other->cpu_dedicated = false;
    expect_on(bench, "0-2", "a", "");
    other->cpu_dedicated = true;
    other->state = DROVER_VM_DOWN;
    expect_on(bench, "0-2", "a", "");
    bench_free(bench);
}

static void one_that_is_on_its_way_counts(void **state)
{
    (void)state;
    struct bench *bench = begin("0-2", false);
    struct vm other = other_vm("a");
    other.to = "b";
    bench_put_vm(bench, other);
    expect_on(bench, "3", "b", "cpu_pinning.taken");
    expect_on(bench, "0-1", "b", "");
    bench_free(bench);
}

static void dedicated_cpus_must_be_enough(void **state)
{
    (void)state;
    struct bench *bench = begin("", true);
    struct vm other = other_vm("b");
    bench_put_vm(bench, other);
    expect_on(bench, "", "b", "");
    fleet_vm(bench->fleet, "vm")->vcpus = 3;
    expect_on(bench, "", "b", "cpu_pinning.short");
    struct drover_why why = bench_why(bench, "vm", "b");
    assert_true(why.need == 3 && why.have == 2);
    fleet_vm(bench->fleet, "vm")->to = "b"; /* booked there, and not to be counted twice */
    fleet_vm(bench->fleet, "vm")->vcpus = 2;
    expect_on(bench, "", "b", "");
    bench_free(bench);
}

static void where_it_runs_it_stays(void **state)
{
    (void)state;
    struct bench *bench = begin("90", false);
    fleet_vm(bench->fleet, "vm")->host = "a";
    fleet_vm(bench->fleet, "vm")->state = DROVER_VM_RUNNING;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_expect(bench, "vm", "b", "cpu_pinning.offline");
    bench_free(bench);
}

BENCH_MAIN("filter cpu_pinning", cmocka_unit_test(pinned_cpus_must_be_online),
           cmocka_unit_test(odd_lists_are_bounded), cmocka_unit_test(cpus_of_another_vm_are_taken),
           cmocka_unit_test(one_that_is_on_its_way_counts),
           cmocka_unit_test(dedicated_cpus_must_be_enough),
           cmocka_unit_test(where_it_runs_it_stays))
