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
           cmocka_unit_test(a_host_without_cpus_is_not_known_yet))
