/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `high_performance_cpu`: who is concerned, and what is alike. */
#include "plugin/bench.h"

static struct bench *begin(void)
{
    struct bench *bench = bench_new("weight_high_performance_cpu");
    struct host flat = bench_host("A"), deep = bench_host("B");
    flat.threads = flat.cores = 8;
    flat.sockets = 1;
    deep.threads = 16;
    deep.cores = 8;
    deep.sockets = 2;
    bench_put_host(bench, flat);
    bench_put_host(bench, deep);
    return bench;
}

static struct vm vm_with(uint32_t vcpus, uint32_t sockets, uint32_t cores, uint32_t threads)
{
    struct vm vm = bench_vm("vm", NULL);
    vm.vcpus = vcpus;
    vm.cpu_sockets = sockets;
    vm.cpu_cores = cores;
    vm.cpu_threads = threads;
    vm.cpu_mode = field_choice(vm_cpu_modes, "host-passthrough");
    return vm;
}

static void put(struct bench *bench, struct vm vm)
{
    bench_put_vm(bench, vm);
    bench_ready(bench);
}

static void a_host_must_have_what_the_vm_sees(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_check_tables(bench);
    put(bench, vm_with(8, 2, 4, 1));
    EXPECT_WEIGHTS(bench, "vm", 1000, 1);
    put(bench, vm_with(8, 1, 8, 1)); /* B has 4 cores in a socket */
    EXPECT_WEIGHTS(bench, "vm", 1, 1000);
    put(bench, vm_with(2, 1, 1, 2));
    EXPECT_WEIGHTS(bench, "vm", 1000, 1);
    put(bench, vm_with(4, 1, 4, 1));
    EXPECT_WEIGHTS(bench, "vm", 1, 1);
    put(bench, vm_with(2, 0, 0, 0)); /* not stated: two sockets */
    EXPECT_WEIGHTS(bench, "vm", 1000, 1);
    bench_free(bench);
}

static void only_vms_bound_to_cpus_are_concerned(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct vm vm = vm_with(8, 2, 4, 1);
    vm.cpu_mode = field_choice(vm_cpu_modes, "custom");
    put(bench, vm);
    EXPECT_WEIGHTS(bench, "vm", 1, 1);
    vm.cpu_pins = "0-3";
    put(bench, vm);
    EXPECT_WEIGHTS(bench, "vm", 1000, 1);
    vm.cpu_pins = "";
    double nodes[] = {0};
    struct vnuma_node node = {.memory_mib = 512};
    vm.numa = (struct rows){.item = &node, .n = 1};
    put(bench, vm); /* a node, but bound to none */
    EXPECT_WEIGHTS(bench, "vm", 1, 1);
    node.nodes = (struct numbers){.item = nodes, .n = 1};
    put(bench, vm);
    EXPECT_WEIGHTS(bench, "vm", 1000, 1);
    bench_free(bench);
}

static void cpus_for_itself_take_as_few_sockets_as_can_be(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct vm vm = vm_with(8, 1, 8, 1);
    vm.cpu_dedicated = true;
    put(bench, vm); /* A: 1 socket, 8 cores; B: 4 cores with two threads, 1 socket */
    EXPECT_WEIGHTS(bench, "vm", 1000, 1);
    struct host half = bench_host("C"); /* 1 core in a socket: 8 sockets */
    half.threads = half.cores = half.sockets = 8;
    bench_put_host(bench, half);
    bench_ready(bench);
    EXPECT_WEIGHTS(bench, "vm", 2, 1, 1000); /* 1008, 1004 and 8008 */
    bench_free(bench);
}

BENCH_MAIN("weight high_performance_cpu", cmocka_unit_test(a_host_must_have_what_the_vm_sees),
           cmocka_unit_test(only_vms_bound_to_cpus_are_concerned),
           cmocka_unit_test(cpus_for_itself_take_as_few_sockets_as_can_be))
