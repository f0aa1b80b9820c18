/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `memory`: the physical check and the account, with the figures of RHV's own tests. */
#include "plugin/bench.h"

/* RHV's SlaValidatorTest: 10000 MiB, 10000 committed, 256 reserved, 8900 free, overcommit 200 %. */
static struct bench *rhv(double pending_mib, double swap_free_mib)
{
    struct bench *bench = bench_new("filter_memory");
    struct cluster cluster;
    field_defaults(cluster_fields, &cluster);
    cluster.name = "default";
    cluster.memory_overcommit_pct = 200;
    fleet_put_cluster(bench->fleet, &cluster);
    struct host host = bench_host("a");
    host.memory_mib = 10000;
    host.memory_reserved_mib = 256;
    host.memory_committed_mib = 10000;
    host.memory_free_mib = 8900;
    host.memory_pending_mib = pending_mib;
    host.swap_total_mib = host.swap_free_mib = swap_free_mib;
    bench_put_host(bench, host);
    struct vm vm = bench_vm("vm", NULL);
    vm.memory_mib = 8800;
    vm.memory_overhead_mib = 65;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    return bench;
}

static void expect(struct bench *bench, const char *code)
{
    assert_string_equal(bench_refusal(bench, "vm", "a"), code);
    bench_free(bench);
}

static void rhv_room_is_accepted(void **state)
{
    (void)state;
    struct bench *bench = rhv(0, 0);
    bench_check_tables(bench);
    assert_true(bench->columns->hosts.memory_schedulable_mib[0] == 9744);
    expect(bench, "");
}

static void rhv_what_is_pending_is_not_free(void **state)
{
    (void)state;
    struct bench *bench = rhv(65, 0);
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 8865 && why.have == 8835);
    expect(bench, "memory.short");
}

static void rhv_swap_helps(void **state)
{
    (void)state;
    expect(rhv(65, 80), "");
}

static void swap_does_not_help_where_promises_are_more_than_there_is(void **state)
{
    (void)state;
    struct bench *bench = rhv(8901, 100000);
    assert_true(bench_why(bench, "vm", "a").have == -1);
    expect(bench, "memory.short");
}

static void the_bounds_are_exact(void **state)
{
    (void)state;
    struct bench *bench = rhv(0, 0);
    fleet_vm(bench->fleet, "vm")->memory_mib = 8835;
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    fleet_vm(bench->fleet, "vm")->memory_mib = 8836;
    bench_ready(bench);
    expect(bench, "memory.short");
}

static void the_account_counts_whatever_is_free(void **state)
{
    (void)state;
    struct bench *bench = rhv(0, 0);
    fleet_cluster(bench->fleet, "default")->memory_overcommit_pct = 191.2;
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "memory.overcommitted");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 8865 && fabs(why.have - 8864) < 1e-6);
    bench_free(bench);
}

static void a_vm_costs_nothing_where_it_is_or_is_expected(void **state)
{
    (void)state;
    struct bench *bench = rhv(9000, 0);
    struct vm *vm = fleet_vm(bench->fleet, "vm");
    vm->host = "a";
    vm->state = DROVER_VM_RUNNING;
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    bench_put_host(bench, bench_host("b"));
    struct host small = bench_host("c");
    small.memory_mib = 10000;
    bench_put_host(bench, small);
    vm->to = "c"; /* 8865 of 10000 are booked there: once, not twice */
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "b"), "");
    assert_string_equal(bench_refusal(bench, "vm", "c"), "");
    bench_free(bench);
}

static void a_paused_vm_goes_on(void **state)
{
    (void)state;
    struct bench *bench = rhv(65, 0);
    fleet_vm(bench->fleet, "vm")->state = DROVER_VM_PAUSED;
    bench_ready(bench);
    expect(bench, "");
}

static void huge_pages_are_not_taken_from_what_is_free(void **state)
{
    (void)state;
    struct bench *bench = rhv(0, 0);
    fleet_vm(bench->fleet, "vm")->hugepages_kib = 2048;
    bench_ready(bench);
    /* RHV's: 8900 - 8800 of huge pages leave 100 for 65 of overhead. */
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    fleet_vm(bench->fleet, "vm")->memory_overhead_mib = 101;
    bench_ready(bench);
    expect(bench, "memory.short");
}

static void a_reserve_is_kept(void **state)
{
    (void)state;
    struct bench *bench = rhv(0, 0);
    bench_set(bench, "memory_reserve", "35MiB");
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    bench_set(bench, "memory_reserve", "36MiB");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 8901 && why.have == 8900);
    expect(bench, "memory.short");
}

BENCH_MAIN("filter memory", cmocka_unit_test(rhv_room_is_accepted),
           cmocka_unit_test(rhv_what_is_pending_is_not_free), cmocka_unit_test(rhv_swap_helps),
           cmocka_unit_test(swap_does_not_help_where_promises_are_more_than_there_is),
           cmocka_unit_test(the_bounds_are_exact),
           cmocka_unit_test(the_account_counts_whatever_is_free),
           cmocka_unit_test(a_vm_costs_nothing_where_it_is_or_is_expected),
           cmocka_unit_test(a_paused_vm_goes_on),
           cmocka_unit_test(huge_pages_are_not_taken_from_what_is_free),
           cmocka_unit_test(a_reserve_is_kept))
