/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* balance `even_distribution`: RHV's own cases, and each of its rules at its bound. */
#include "plugin/bench.h"

struct given {
    const char *name;
    double committed_mib, usage_pct, over_s;
};

static void put_host(struct bench *bench, const struct given *given)
{
    struct host host = bench_host(given->name);
    host.threads = 1;
    host.memory_mib = 1024;
    host.memory_committed_mib = given->committed_mib;
    host.cpu_usage_pct = given->usage_pct;
    host.cpu_over_since = isnan(given->over_s) ? NAN : BENCH_NOW - given->over_s;
    bench_put_host(bench, host);
}

static void put_vm(struct bench *bench, const char *name, const char *host, double usage_pct)
{
    struct vm vm = bench_vm(name, host);
    vm.memory_mib = 128;
    vm.cpu_usage_pct = usage_pct;
    bench_put_vm(bench, vm);
}

/* RHV's EvenDistributionBalancePolicyUnitTest: two hosts, two VMs on each. */
static struct bench *rhv(struct given a, struct given b)
{
    struct bench *bench = bench_new("balance_even_distribution");
    bench_set(bench, "cpu_overcommit_duration", "5m");
    bench_set(bench, "vcpu_consumption_percentage", "20");
    bench_set(bench, "max_free_memory_for_over_utilized", "512");
    bench_set(bench, "min_free_memory_for_under_utilized", "900");
    put_host(bench, &a);
    put_host(bench, &b);
    put_vm(bench, "VM1A", a.name, 20);
    put_vm(bench, "VM1B", a.name, 20);
    put_vm(bench, "VM2A", b.name, 40);
    put_vm(bench, "VM2B", b.name, 40);
    bench_ready(bench);
    return bench;
}

static void expect(struct bench *bench, const char *text)
{
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, text);
}

static void rhv_cpu_load(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 50, 90, 305}, (struct given){"B", 0, 25, NAN});
    bench_check_tables(bench);
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "VM1A: B A\nVM1B: B A\n");
    assert_string_equal(plan.reason, "cpu.over: CPU load of A has been 80 % or more for 305 s; "
                                     "it is 90 %");
    bench_free(bench);
}

static void rhv_cpu_load_with_memory_to_spare(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 100, 90, 305}, (struct given){"B", 400, 15, NAN});
    bench_set(bench, "max_free_memory_for_over_utilized", "300");
    expect(bench, "VM1A: B A\nVM1B: B A\n"); /* 624 - 128 are still over 300 */
    bench_set(bench, "max_free_memory_for_over_utilized", "496");
    expect(bench, "idle: no VM of the overloaded hosts fits another that is under 60 % of CPU\n");
    bench_free(bench);
}

static void rhv_memory_load(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 900, 30, NAN}, (struct given){"B", 100, 25, NAN});
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "VM1A: B A\nVM1B: B A\n");
    assert_string_equal(plan.reason,
                        "memory.over: A has 124 MiB of memory to hand out, less than 512");
    bench_set(bench, "min_free_memory_for_under_utilized", "924");
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "idle: no VM of the overloaded hosts fits another that is "
                                   "under 60 % of CPU\n");
    bench_free(bench);
}

static void an_overload_must_last(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 50, 90, 299}, (struct given){"B", 0, 25, NAN});
    static const char quiet[] =
        "idle: no host has had 80 % of CPU load for 300 s, or is short of memory\n";
    expect(bench, quiet);
    fleet_host(bench->fleet, "A")->cpu_over_since = BENCH_NOW - 300;
    bench_ready(bench);
    expect(bench, "VM1A: B A\nVM1B: B A\n");
    fleet_host(bench->fleet, "A")->cpu_usage_pct = 79; /* and be one: 80 is, 79 is not */
    bench_ready(bench);
    expect(bench, quiet);
    fleet_host(bench->fleet, "A")->cpu_usage_pct = 80;
    bench_ready(bench);
    expect(bench, "VM1A: B A\nVM1B: B A\n");
    bench_free(bench);
}

static void a_host_must_be_clearly_below_to_take_a_vm(void **state)
{
    (void)state;
    static const char none[] =
        "idle: no VM of the overloaded hosts fits another that is under 64 % of CPU\n";
    struct bench *bench = rhv((struct given){"A", 50, 90, 305}, (struct given){"B", 0, 64, NAN});
    bench_set(bench, "vcpu_consumption_percentage", "10");
    expect(bench, none); /* 64 is min(80 % of 80, 80 - 10): not below */
    fleet_host(bench->fleet, "B")->cpu_usage_pct = 63;
    bench_ready(bench);
    expect(bench, none); /* 63 + 20 are over 80 */
    fleet_host(bench->fleet, "B")->cpu_usage_pct = 60;
    bench_ready(bench);
    expect(bench, "VM1A: B A\nVM1B: B A\n"); /* 60 + 20 are not */
    fleet_host(bench->fleet, "B")->cpu_over_since = BENCH_NOW - 10; /* calm, but not for long */
    bench_ready(bench);
    expect(bench, none);
    bench_free(bench);
}

static void the_busiest_host_comes_first_and_its_idlest_vm(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 0, 90, 400}, (struct given){"B", 0, 95, 400});
    put_host(bench, &(struct given){"C", 0, 30, NAN});
    put_host(bench, &(struct given){"D", 0, 10, NAN});
    fleet_vm(bench->fleet, "VM2A")->cpu_usage_pct = 41;
    bench_ready(bench);
    /* Where the VM fits both, the idler host stands first. */
    expect(bench, "VM2B: D C B\nVM2A: D C B\nVM1A: D C A\nVM1B: D C A\n");
    bench_free(bench);
}

static void only_vms_that_may_be_moved_unasked_are_moved(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 50, 90, 305}, (struct given){"B", 0, 25, NAN});
    fleet_vm(bench->fleet, "VM1A")->migratable = DROVER_MIGRATABLE_MANUAL;
    bench_ready(bench);
    expect(bench, "VM1B: B A\n");
    fleet_vm(bench->fleet, "VM1B")->state = DROVER_VM_PAUSED;
    bench_ready(bench);
    expect(bench, "idle: no VM of the overloaded hosts fits another that is under 60 % of CPU\n");
    bench_free(bench);
}

static void hosts_that_a_vm_is_leaving_or_coming_to_are_left_alone(void **state)
{
    (void)state;
    static const char few[] = "idle: fewer than two hosts are up with no VM leaving or coming\n";
    struct bench *bench = rhv((struct given){"A", 50, 90, 305}, (struct given){"B", 0, 25, NAN});
    put_host(bench, &(struct given){"C", 0, 10, NAN});
    bench_ready(bench);
    expect(bench, "VM1A: C B A\nVM1B: C B A\n");
    fleet_vm(bench->fleet, "VM2A")->to = "C";
    bench_ready(bench);
    expect(bench, few);
    fleet_vm(bench->fleet, "VM2A")->to = NULL;
    fleet_host(bench->fleet, "C")->state = DROVER_HOST_MAINTENANCE;
    bench_ready(bench);
    expect(bench, "VM1A: B A\nVM1B: B A\n");
    bench_free(bench);
}

static void too_many_vcpus_are_an_overload_too(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 0, 20, NAN}, (struct given){"B", 0, 20, NAN});
    put_vm(bench, "VM1C", "A", 5);
    bench_set(bench, "vcpu_to_physical_cpu_ratio", "3");
    bench_ready(bench);
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "VM1C: B A\nVM1A: B A\nVM1B: B A\n");
    assert_string_equal(plan.reason, "cpu.over: A has 3 vCPUs on 1 CPUs");
    bench_free(bench);
}

static void memory_is_not_balanced_unless_somebody_asks(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 1024, 30, NAN}, (struct given){"B", 0, 25, NAN});
    bench_set(bench, "max_free_memory_for_over_utilized", "0");
    bench_set(bench, "min_free_memory_for_under_utilized", "0");
    expect(bench, "idle: no host has had 80 % of CPU load for 300 s, or is short of memory\n");
    bench_free(bench);
}

static void bounds_that_leave_no_host_are_refused(void **state)
{
    (void)state;
    struct bench *bench = bench_new("balance_even_distribution");
    char error[256] = "";
    assert_int_equal(bench->unit->open(bench->self, error, sizeof error), 0);
    bench_set(bench, "vcpu_consumption_percentage", "80");
    assert_int_equal(bench->unit->open(bench->self, error, sizeof error), -1);
    assert_string_equal(error, "vcpu_consumption_percentage (80 %) must be less than "
                               "high_utilization (80 %): no host could take a VM");
    bench_free(bench);
}

BENCH_MAIN("balance even_distribution", cmocka_unit_test(rhv_cpu_load),
           cmocka_unit_test(rhv_cpu_load_with_memory_to_spare), cmocka_unit_test(rhv_memory_load),
           cmocka_unit_test(an_overload_must_last),
           cmocka_unit_test(a_host_must_be_clearly_below_to_take_a_vm),
           cmocka_unit_test(the_busiest_host_comes_first_and_its_idlest_vm),
           cmocka_unit_test(only_vms_that_may_be_moved_unasked_are_moved),
           cmocka_unit_test(hosts_that_a_vm_is_leaving_or_coming_to_are_left_alone),
           cmocka_unit_test(too_many_vcpus_are_an_overload_too),
           cmocka_unit_test(memory_is_not_balanced_unless_somebody_asks),
           cmocka_unit_test(bounds_that_leave_no_host_are_refused))
