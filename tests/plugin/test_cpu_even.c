/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `cpu_even`: the least loaded host, with the figures of RHV's own test. */
#include "plugin/bench.h"

static void put_host(struct bench *bench, const char *name, uint32_t cpus, double usage_pct)
{
    struct host host = bench_host(name);
    host.threads = cpus;
    host.memory_mib = 1024;
    host.cpu_usage_pct = usage_pct;
    bench_put_host(bench, host);
}

static void put_vm(struct bench *bench, const char *name, const char *host, uint32_t vcpus,
                   double usage_pct)
{
    struct vm vm = bench_vm(name, host);
    vm.vcpus = vcpus;
    vm.memory_mib = 128;
    vm.cpu_usage_pct = usage_pct;
    bench_put_vm(bench, vm);
}

/* RHV's EvenDistributionWeightPolicyUnitTest: A at 90 %, B at 25 %, one CPU each. */
static struct bench *rhv(void)
{
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 1, 90);
    put_host(bench, "B", 1, 25);
    put_vm(bench, "VM1A", "A", 1, 20);
    put_vm(bench, "VM1B", "A", 1, 20);
    put_vm(bench, "VM2A", "B", 1, 40);
    put_vm(bench, "VM2B", "B", 1, 40);
    bench_ready(bench);
    return bench;
}

static void rhv_all_vms_prefer_the_idle_host(void **state)
{
    (void)state;
    struct bench *bench = rhv();
    bench_check_tables(bench);
    assert_string_equal(bench_best(bench, "VM1A"), "B");
    assert_string_equal(bench_best(bench, "VM1B"), "B");
    assert_string_equal(bench_best(bench, "VM2A"), "B");
    assert_string_equal(bench_best(bench, "VM2B"), "B");
    bench_free(bench);
}

static void weights_are_stretched_to_1_and_1000(void **state)
{
    (void)state;
    struct bench *bench = rhv();
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "VM1A", weights);
    assert_true(weights[0] == 1000 && weights[1] == 1);
    put_host(bench, "C", 1, 48); /* with VM1A 68; B has 45, A stays at 90: 23/45 of the way */
    bench_ready(bench);
    bench_weigh(bench, "VM1A", weights);
    assert_true(weights[2] == 512); /* 1 + 23 * 999 / 45, rounded */
    bench_free(bench);
}

static void equal_hosts_weigh_the_same(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 4, 10);
    put_host(bench, "B", 4, 10);
    put_vm(bench, "vm", NULL, 1, 0);
    bench_ready(bench);
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "vm", weights);
    assert_true(weights[0] == 1 && weights[1] == 1);
    bench_free(bench);
}

static void a_vm_adds_nothing_to_the_host_that_it_is_on(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 1, 50);
    put_host(bench, "B", 1, 30);
    put_vm(bench, "vm", "A", 1, 40);
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A"); /* B would be at 70 */
    bench_free(bench);
}

static void a_vm_that_does_not_run_is_assumed_to_use_something(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 1, 40);
    put_host(bench, "B", 8, 45);
    put_vm(bench, "vm", NULL, 1, 0);
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "B"); /* 40 + 10, or 45 + 10 / 8 */
    bench_set(bench, "vcpu_consumption_percentage", "1");
    assert_string_equal(bench_best(bench, "vm"), "A");
    bench_free(bench);
}

static void what_is_promised_counts(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 1, 20);
    put_host(bench, "B", 1, 30);
    put_vm(bench, "vm", NULL, 1, 0);
    put_vm(bench, "busy", "B", 1, 15);
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A");
    columns_promise(bench->columns, bench_find_vm(bench, "busy"), 0);
    assert_string_equal(bench_best(bench, "vm"), "B");
    bench_free(bench);
}

static void a_host_without_statistics_is_as_bad_as_can_be(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 1, NAN);
    put_host(bench, "B", 1, 100);
    put_vm(bench, "vm", NULL, 1, 0);
    bench_ready(bench);
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "vm", weights);
    assert_true(weights[0] == 1000 && weights[1] == 1);
    bench_free(bench);
}

static void too_many_vcpus_come_last(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 2, 10);
    put_host(bench, "B", 2, 70);
    put_vm(bench, "a1", "A", 3, 1);
    put_vm(bench, "vm", NULL, 1, 0);
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A");
    bench_set(bench, "vcpu_to_physical_cpu_ratio", "2"); /* (3 + 1) / 2 on A */
    assert_string_equal(bench_best(bench, "vm"), "B");
    bench_free(bench);
}

static void cpus_of_others_are_not_shared(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 4, 50); /* 200, all of it of two CPUs that are not shared */
    put_host(bench, "B", 4, 10); /* 40 */
    put_vm(bench, "own", "A", 2, 100);
    put_vm(bench, "vm", NULL, 1, 0);
    fleet_vm(bench->fleet, "own")->cpu_dedicated = true;
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A"); /* 0 + 10 on 2, or 40 + 10 on 4 */
    fleet_vm(bench->fleet, "own")->cpu_dedicated = false;
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "B");
    /* One with CPUs of its own takes them away: 20 on 2 of A, 40 + 20 on 2 of B. */
    fleet_vm(bench->fleet, "own")->cpu_dedicated = true;
    fleet_vm(bench->fleet, "own")->vcpus = 4;
    put_vm(bench, "more", NULL, 2, 0);
    fleet_vm(bench->fleet, "more")->cpu_dedicated = true;
    bench_ready(bench);
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "more", weights); /* no CPU of A is left to share */
    assert_true(weights[0] == 1000 && weights[1] == 1);
    bench_free(bench);
}

static void a_host_without_statistics_does_not_press_the_others_together(void **state)
{
    (void)state;
    struct bench *bench = bench_new("weight_cpu_even");
    put_host(bench, "A", 1, NAN);
    put_host(bench, "B", 1, 10);
    put_host(bench, "C", 1, 12);
    put_vm(bench, "vm", NULL, 1, 0);
    bench_ready(bench);
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "vm", weights);
    assert_true(weights[0] == 1000 && weights[1] == 1 && weights[2] == 1000);
    bench_free(bench);
}

BENCH_MAIN("weight cpu_even", cmocka_unit_test(rhv_all_vms_prefer_the_idle_host),
           cmocka_unit_test(weights_are_stretched_to_1_and_1000),
           cmocka_unit_test(equal_hosts_weigh_the_same),
           cmocka_unit_test(a_vm_adds_nothing_to_the_host_that_it_is_on),
           cmocka_unit_test(a_vm_that_does_not_run_is_assumed_to_use_something),
           cmocka_unit_test(what_is_promised_counts),
           cmocka_unit_test(a_host_without_statistics_is_as_bad_as_can_be),
           cmocka_unit_test(too_many_vcpus_come_last),
           cmocka_unit_test(cpus_of_others_are_not_shared),
           cmocka_unit_test(a_host_without_statistics_does_not_press_the_others_together))
