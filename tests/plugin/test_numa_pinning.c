/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `numa_pinning`: CPUs and memory on the same nodes, for all of a VM's nodes at once. */
#include "plugin/bench.h"

#define NODES_MOST 12

static double ids[NODES_MOST][NODES_MOST];

/* Node i of the VM: so much memory, bound to the host's nodes that the text names ("01"). */
static struct vnuma_node bound(uint32_t i, double memory_mib, const char *to, const char *mode)
{
    uint32_t n = (uint32_t)strlen(to);
    for (uint32_t k = 0; k < n; k++)
        ids[i][k] = to[k] - '0';
    return (struct vnuma_node){.memory_mib = memory_mib,
                               .nodes = {.item = ids[i], .n = n},
                               .mode = field_choice(numa_modes, mode)};
}

/* A: node 0 with CPUs 0-3, node 1 with 4-7, 1000 MiB free each. B: no nodes. */
static void expect(const char *pins, struct vnuma_node *nodes, uint32_t n, double a)
{
    struct bench *bench = bench_new("weight_numa_pinning");
    bench_check_tables(bench);
    struct numa_node of_host[] = {
        {.id = 0, .memory_mib = 2000, .memory_free_mib = 1000, .cpus = "0-3"},
        {.id = 1, .memory_mib = 2000, .memory_free_mib = 1000, .cpus = "4-7"}};
    struct host host = bench_host("A");
    host.numa = (struct rows){.item = of_host, .n = 2};
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("B"));
    struct vm vm = bench_vm("vm", NULL);
    vm.cpu_pins = pins;
    vm.numa = (struct rows){.item = nodes, .n = n};
    bench_put_vm(bench, vm);
    bench_ready(bench);
    double weights[BENCH_HOSTS];
    bench_weigh(bench, "vm", weights);
    if (fabs(weights[0] - a) > 0)
        fail_msg("pinned to %s: %g, not %g", pins, weights[0], a);
    bench_free(bench);
}

#define EXPECT(a, pins, ...)                                                                       \
    do {                                                                                           \
        struct vnuma_node nodes_[] = {__VA_ARGS__};                                                \
        expect(pins, nodes_, sizeof nodes_ / sizeof *nodes_, a);                                   \
    } while (0)

static void cpus_must_be_of_the_node(void **state)
{
    (void)state;
    EXPECT(1, "0-1", bound(0, 500, "0", "strict"));
    EXPECT(1000, "4-7", bound(0, 500, "0", "strict"));
    EXPECT(1, "3,5", bound(0, 500, "1", "strict"));
    EXPECT(1000, "8-9", bound(0, 500, "01", "strict"));
    EXPECT(1000, "0-7", bound(0, 500, "2", "strict")); /* there is no node 2 */
    EXPECT(1000, "nonsense", bound(0, 500, "0", "strict"));
}

static void memory_must_be_enough_for_all(void **state)
{
    (void)state;
    EXPECT(1, "0-7", bound(0, 1000, "0", "strict"));
    EXPECT(1000, "0-7", bound(0, 1001, "0", "strict"));
    EXPECT(1, "0-7", bound(0, 600, "0", "strict"), bound(1, 400, "0", "strict"));
    EXPECT(1000, "0-7", bound(0, 600, "0", "strict"), bound(1, 401, "0", "strict"));
    /* The one that may be anywhere makes room for the one that may not. */
    EXPECT(1, "0-7", bound(0, 600, "01", "strict"), bound(1, 600, "0", "strict"));
    EXPECT(1, "0-7", bound(0, 2000, "01", "interleave"));
    EXPECT(1000, "0-7", bound(0, 2002, "01", "interleave"));
    EXPECT(1000, "0-3", bound(0, 200, "01", "interleave"));
    EXPECT(1, "4-7", bound(0, 5000, "0", "preferred"));
}

static void other_vms_do_not_care(void **state)
{
    (void)state;
    EXPECT(1, "", bound(0, 5000, "0", "strict"));
    EXPECT(1, "4-7", bound(0, 5000, "", "strict"));
    expect("4-7", NULL, 0, 1);
}

/* Twelve nodes that may each be on two of the host's, and do not fit: it ends all the same. */
static void trying_ends(void **state)
{
    (void)state;
    struct vnuma_node nodes[NODES_MOST];
    for (uint32_t i = 0; i < NODES_MOST; i++)
        nodes[i] = bound(i, 170, "01", "strict");
    expect("0-7", nodes, NODES_MOST - 2, 1); /* five on each */
    expect("0-7", nodes, NODES_MOST, 1000);
}

BENCH_MAIN("weight numa_pinning", cmocka_unit_test(cpus_must_be_of_the_node),
           cmocka_unit_test(memory_must_be_enough_for_all),
           cmocka_unit_test(other_vms_do_not_care), cmocka_unit_test(trying_ends))
