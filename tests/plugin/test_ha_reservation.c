/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `ha_reservation`: in percent of the host with most highly available VMs. */
#include "plugin/bench.h"

static void put_vm(struct bench *bench, const char *name, const char *host, bool ha)
{
    struct vm vm = bench_vm(name, host);
    vm.ha = ha;
    bench_put_vm(bench, vm);
}

static struct bench *begin(void)
{
    struct bench *bench = bench_new("weight_ha_reservation");
    bench_put_host(bench, bench_host("A"));
    bench_put_host(bench, bench_host("B"));
    bench_put_host(bench, bench_host("C"));
    put_vm(bench, "a1", "A", true);
    put_vm(bench, "a2", "A", true);
    put_vm(bench, "a3", "A", true);
    put_vm(bench, "b1", "B", true);
    put_vm(bench, "b2", "B", false);
    put_vm(bench, "vm", NULL, true);
    put_vm(bench, "careless", NULL, false);
    bench_ready(bench);
    return bench;
}

static void weights_are_percent_of_the_most(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_check_tables(bench);
    EXPECT_WEIGHTS(bench, "vm", 100, 33, 0);
    bench_set(bench, "scale_down", "10");
    EXPECT_WEIGHTS(bench, "vm", 10, 4, 0); /* rounded up */
    bench_free(bench);
}

static void other_vms_do_not_care(void **state)
{
    (void)state;
    struct bench *bench = begin();
    EXPECT_WEIGHTS(bench, "careless", 0, 0, 0);
    bench_set(bench, "ha_reservation", "no");
    EXPECT_WEIGHTS(bench, "vm", 0, 0, 0);
    bench_free(bench);
}

static void vms_on_their_way_count_and_those_that_are_down_do_not(void **state)
{
    (void)state;
    struct bench *bench = begin();
    columns_promise(bench->columns, bench_find_vm(bench, "b1"), 2);
    EXPECT_WEIGHTS(bench, "vm", 100, 33, 33);
    fleet_vm(bench->fleet, "a1")->state = DROVER_VM_DOWN;
    fleet_vm(bench->fleet, "a2")->state = DROVER_VM_DOWN;
    fleet_vm(bench->fleet, "a3")->state = DROVER_VM_DOWN;
    fleet_vm(bench->fleet, "b1")->state = DROVER_VM_DOWN;
    bench_ready(bench);
    EXPECT_WEIGHTS(bench, "vm", 0, 0, 0);
    bench_free(bench);
}

BENCH_MAIN("weight ha_reservation", cmocka_unit_test(weights_are_percent_of_the_most),
           cmocka_unit_test(other_vms_do_not_care),
           cmocka_unit_test(vms_on_their_way_count_and_those_that_are_down_do_not))
