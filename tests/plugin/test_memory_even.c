/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `memory_even`: 1 for the most memory that any candidate has, 1000 for none. */
#include "plugin/bench.h"

static struct bench *begin(double a_mib, double b_mib, double c_mib)
{
    const double memory[] = {a_mib, b_mib, c_mib};
    static const char *const names[] = {"A", "B", "C"};
    struct bench *bench = bench_new("weight_memory_even");
    for (int i = 0; i < 3; i++) {
        struct host host = bench_host(names[i]);
        host.memory_mib = memory[i];
        bench_put_host(bench, host);
    }
    struct vm vm = bench_vm("vm", NULL);
    vm.memory_mib = 100;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    return bench;
}

static void weights_fall_with_memory_as_rhvs_formula_says(void **state)
{
    (void)state;
    struct bench *bench = begin(1000, 601, 101);
    bench_check_tables(bench);
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "vm", weights);
    /* 1000 - round((free - 100 - 1) * 999 / (1000 - 1)) */
    assert_true(weights[0] == 101 && weights[1] == 500 && weights[2] == 1000);
    bench_free(bench);
}

static void the_vm_costs_nothing_where_it_is(void **state)
{
    (void)state;
    struct bench *bench = begin(1000, 1050, 100);
    struct vm *vm = fleet_vm(bench->fleet, "vm");
    vm->host = "A";
    vm->state = DROVER_VM_RUNNING;
    bench_ready(bench);
    /* 900 are left on A with the VM there; B would have 950 left. */
    assert_string_equal(bench_best(bench, "vm"), "B");
    fleet_host(bench->fleet, "B")->memory_mib = 999;
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A");
    bench_free(bench);
}

static void no_memory_anywhere_makes_all_the_same(void **state)
{
    (void)state;
    struct bench *bench = begin(1, 0, 0);
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "vm", weights);
    assert_true(weights[0] == 1000 && weights[1] == 1000 && weights[2] == 1000);
    bench_free(bench);
}

static void what_is_promised_is_gone(void **state)
{
    (void)state;
    struct bench *bench = begin(1000, 990, 100);
    struct vm other = bench_vm("other", NULL);
    other.memory_mib = 20;
    bench_put_vm(bench, other);
    bench_ready(bench);
    assert_string_equal(bench_best(bench, "vm"), "A");
    columns_promise(bench->columns, bench_find_vm(bench, "other"), 0);
    assert_string_equal(bench_best(bench, "vm"), "B");
    bench_free(bench);
}

BENCH_MAIN("weight memory_even",
           cmocka_unit_test(weights_fall_with_memory_as_rhvs_formula_says),
           cmocka_unit_test(the_vm_costs_nothing_where_it_is),
           cmocka_unit_test(no_memory_anywhere_makes_all_the_same),
           cmocka_unit_test(what_is_promised_is_gone))
