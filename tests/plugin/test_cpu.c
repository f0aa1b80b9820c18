/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `cpu`: no VM with more vCPUs than the host has CPUs. */
#include "plugin/bench.h"

static struct bench *begin(uint32_t vcpus)
{
    struct bench *bench = bench_new("filter_cpu");
    struct host host = bench_host("a");
    host.threads = 8;
    host.cores = 4;
    bench_put_host(bench, host);
    struct vm vm = bench_vm("vm", NULL);
    vm.vcpus = vcpus;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    return bench;
}

static void as_many_as_there_are_is_accepted(void **state)
{
    (void)state;
    struct bench *bench = begin(8);
    bench_check_tables(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    bench_free(bench);
}

static void one_more_is_refused_with_figures(void **state)
{
    (void)state;
    struct bench *bench = begin(9);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "cpu.too_few");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 9 && why.have == 8);
    bench_free(bench);
}

static void a_cluster_may_count_cores(void **state)
{
    (void)state;
    struct bench *bench = begin(5);
    struct cluster cluster;
    field_defaults(cluster_fields, &cluster);
    cluster.name = "default";
    cluster.threads_as_cores = false;
    fleet_put_cluster(bench->fleet, &cluster);
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "cpu.too_few");
    assert_true(bench_why(bench, "vm", "a").have == 4);
    bench_free(bench);
}

static void vcpus_are_shared_only_the_single_vm_must_fit(void **state)
{
    (void)state;
    struct bench *bench = begin(8);
    struct vm other = bench_vm("other", "a");
    other.vcpus = 8;
    bench_put_vm(bench, other);
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    bench_free(bench);
}

/* RHV: what is nobody's own must be enough for the largest VM that shares it. */
static void the_largest_that_shares_must_fit_beside_dedicated_ones(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    struct vm own = bench_vm("own", "a");
    own.vcpus = 4;
    own.cpu_dedicated = true;
    bench_put_vm(bench, own);
    struct vm large = bench_vm("large", "a");
    large.vcpus = 4;
    bench_put_vm(bench, large);
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    fleet_vm(bench->fleet, "large")->vcpus = 5;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "cpu.larger_there");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 5 && why.have == 4);
    fleet_vm(bench->fleet, "large")->vcpus = 1;
    fleet_vm(bench->fleet, "vm")->vcpus = 5;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "cpu.dedicated");
    why = bench_why(bench, "vm", "a");
    assert_true(why.need == 5 && why.have == 4);
    bench_free(bench);
}

static void a_dedicated_vm_must_leave_enough_for_the_others(void **state)
{
    (void)state;
    struct bench *bench = begin(4);
    fleet_vm(bench->fleet, "vm")->cpu_dedicated = true;
    struct vm large = bench_vm("large", "a");
    large.vcpus = 4;
    bench_put_vm(bench, large);
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    fleet_vm(bench->fleet, "vm")->vcpus = 5;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "cpu.larger_there");
    assert_true(bench_why(bench, "vm", "a").have == 3);
    fleet_vm(bench->fleet, "vm")->vcpus = 4;
    fleet_vm(bench->fleet, "vm")->host = "a"; /* its own are counted there once */
    fleet_vm(bench->fleet, "vm")->state = DROVER_VM_RUNNING;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

static void a_host_without_cpus_is_not_known_yet(void **state)
{
    (void)state;
    struct bench *bench = begin(1);
    struct host *host = fleet_host(bench->fleet, "a");
    host->threads = 0;
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "cpu.unknown");
    bench_free(bench);
}

BENCH_MAIN("filter cpu", cmocka_unit_test(as_many_as_there_are_is_accepted),
           cmocka_unit_test(one_more_is_refused_with_figures),
           cmocka_unit_test(a_cluster_may_count_cores),
           cmocka_unit_test(vcpus_are_shared_only_the_single_vm_must_fit),
           cmocka_unit_test(the_largest_that_shares_must_fit_beside_dedicated_ones),
           cmocka_unit_test(a_dedicated_vm_must_leave_enough_for_the_others),
           cmocka_unit_test(a_host_without_cpus_is_not_known_yet))
