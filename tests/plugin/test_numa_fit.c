/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `numa_fit`: one node for all of the VM, or not. */
#include "plugin/bench.h"

static void put_host(struct bench *bench, const char *name, struct numa_node *nodes, uint32_t n)
{
    struct host host = bench_host(name);
    host.numa = (struct rows){.item = nodes, .n = n};
    bench_put_host(bench, host);
}

static struct bench *begin(void)
{
    struct numa_node small[] = {{.id = 0, .memory_mib = 2048, .memory_free_mib = NAN,
                                 .cpus = "0-3"},
                                {.id = 1, .memory_mib = 1024, .memory_free_mib = NAN,
                                 .cpus = "4-7"}};
    struct numa_node busy[] = {{.id = 0, .memory_mib = 4096, .memory_free_mib = 1, .cpus = "0-7"}};
    struct bench *bench = bench_new("weight_numa_fit");
    put_host(bench, "A", small, 2);
    put_host(bench, "B", busy, 1);
    put_host(bench, "C", NULL, 0);
    return bench;
}

static void expect(double memory_mib, uint32_t vcpus, double a, double b)
{
    struct bench *bench = begin();
    struct vm vm = bench_vm("vm", NULL);
    vm.memory_mib = memory_mib;
    vm.vcpus = vcpus;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    EXPECT_WEIGHTS(bench, "vm", a, b, 1); /* C has no nodes */
    bench_free(bench);
}

static void memory_and_cpus_must_be_of_one_node(void **state)
{
    (void)state;
    expect(2048, 4, 1, 1);
    expect(2049, 1, 1000, 1); /* though A has 3072 in all */
    expect(1024, 5, 1000, 1);
    expect(4097, 1, 1000, 1000);
}

static void a_vm_with_nodes_of_its_own_does_not_care(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_check_tables(bench);
    struct vnuma_node node = {.memory_mib = 8192};
    struct vm vm = bench_vm("vm", NULL);
    vm.memory_mib = 8192;
    vm.numa = (struct rows){.item = &node, .n = 1};
    bench_put_vm(bench, vm);
    bench_ready(bench);
    EXPECT_WEIGHTS(bench, "vm", 1, 1, 1);
    bench_free(bench);
}

BENCH_MAIN("weight numa_fit", cmocka_unit_test(memory_and_cpus_must_be_of_one_node),
           cmocka_unit_test(a_vm_with_nodes_of_its_own_does_not_care))
