/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `cpu_topology`: threads of a core, and VMs that take their host's size. */
#include "plugin/bench.h"

static struct bench *begin(uint32_t threads, uint32_t cores, uint32_t sockets)
{
    struct bench *bench = bench_new("filter_cpu_topology");
    struct host host = bench_host("a");
    host.threads = threads;
    host.cores = cores;
    host.sockets = sockets;
    host.numa = BENCH_ROWS(struct numa_node, {.id = 0, .cpus = ""}, {.id = 1, .cpus = ""});
    bench_put_host(bench, host);
    struct vm vm = bench_vm("vm", NULL);
    vm.cpu_threads = 2;
    vm.cpu_dedicated = true;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(struct bench *bench, const char *code)
{
    bench_ready(bench);
    bench_expect(bench, "vm", "a", code);
}

static void threads_must_be_siblings(void **state)
{
    (void)state;
    struct bench *bench = begin(8, 4, 1);
    expect(bench, "");
    fleet_vm(bench->fleet, "vm")->cpu_threads = 3;
    expect(bench, "cpu_topology.threads");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 3 && why.have == 2);
    fleet_vm(bench->fleet, "vm")->cpu_dedicated = false; /* those that share are not concerned */
    expect(bench, "");
    bench_free(bench);
}

static void unknown_cores_are_refused(void **state)
{
    (void)state;
    struct bench *bench = begin(8, 8, 1);
    struct host *host = fleet_host(bench->fleet, "a");
    host->threads = host->cores = 0;
    expect(bench, "cpu_topology.unknown");
    fleet_vm(bench->fleet, "vm")->host = "a";
    expect(bench, "");
    bench_free(bench);
}

static void a_vm_of_its_hosts_size_needs_sockets_that_are_nodes(void **state)
{
    (void)state;
    struct bench *bench = begin(16, 8, 2);
    struct vm *vm = fleet_vm(bench->fleet, "vm");
    vm->cpu_dedicated = false;
    vm->labels = BENCH_LABEL("cpu_policy", "resize_and_pin_numa");
    expect(bench, "");
    fleet_host(bench->fleet, "a")->cores = 2;
    expect(bench, "cpu_topology.one_core");
    fleet_host(bench->fleet, "a")->cores = 16;
    fleet_host(bench->fleet, "a")->sockets = 4;
    expect(bench, "cpu_topology.sockets");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 4 && why.have == 2);
    bench_free(bench);
}

BENCH_MAIN("filter cpu_topology", cmocka_unit_test(threads_must_be_siblings),
           cmocka_unit_test(unknown_cores_are_refused),
           cmocka_unit_test(a_vm_of_its_hosts_size_needs_sockets_that_are_nodes))
