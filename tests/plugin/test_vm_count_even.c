/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `vm_count_even`: VMs there and on their way, and the grace of the storage pool manager. */
#include "plugin/bench.h"

static struct bench *begin(void)
{
    struct bench *bench = bench_new("weight_vm_count_even");
    const char *roles[] = {"spm"};
    struct host spm = bench_host("A");
    spm.roles = (struct texts){.item = roles, .n = 1, .known = true};
    bench_put_host(bench, spm);
    bench_put_host(bench, bench_host("B"));
    bench_put_vm(bench, bench_vm("b1", "B"));
    bench_put_vm(bench, bench_vm("b2", "B"));
    bench_put_vm(bench, bench_vm("vm", NULL));
    bench_ready(bench);
    return bench;
}

static void the_spm_counts_as_vms(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_check_tables(bench);
    EXPECT_WEIGHTS(bench, "vm", 5, 2);
    bench_set(bench, "spm_vm_grace", "0");
    EXPECT_WEIGHTS(bench, "vm", 0, 2);
    bench_free(bench);
}

static void vms_that_are_down_do_not_count_and_paused_ones_do(void **state)
{
    (void)state;
    struct bench *bench = begin();
    fleet_vm(bench->fleet, "b1")->state = DROVER_VM_DOWN;
    fleet_vm(bench->fleet, "b2")->state = DROVER_VM_PAUSED;
    bench_ready(bench);
    EXPECT_WEIGHTS(bench, "vm", 5, 1);
    bench_free(bench);
}

static void vms_on_their_way_count(void **state)
{
    (void)state;
    struct bench *bench = begin();
    columns_promise(bench->columns, bench_find_vm(bench, "b1"), 0);
    EXPECT_WEIGHTS(bench, "vm", 6, 2); /* until it has gone it counts on both */
    bench_free(bench);
}

BENCH_MAIN("weight vm_count_even", cmocka_unit_test(the_spm_counts_as_vms),
           cmocka_unit_test(vms_that_are_down_do_not_count_and_paused_ones_do),
           cmocka_unit_test(vms_on_their_way_count))
