/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `numa`: an assignment of the VM's nodes to the host's, with the figures of RHV's tests. */
#include "plugin/bench.h"

enum { STRICT, INTERLEAVE, PREFERRED }; /* as in numa_modes */

#define NODES(...) {(double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double)}
#define ROWS(...) BENCH_ROWS(struct vnuma_node, __VA_ARGS__)

static void put_host(struct bench *bench, const char *name, uint32_t n, double free_mib)
{
    struct numa_node nodes[4];
    for (uint32_t i = 0; i < n; i++)
        nodes[i] = (struct numa_node){.id = i, .memory_mib = 1024, .memory_free_mib = free_mib,
                                      .cpus = ""};
    struct host host = bench_host(name);
    host.numa = (struct rows){nodes, n};
    bench_put_host(bench, host);
}

static struct bench *begin(struct rows of_vm)
{
    struct bench *bench = bench_new("filter_numa");
    put_host(bench, "four", 4, NAN);
    put_host(bench, "none", 0, NAN);
    put_host(bench, "two", 2, NAN);
    struct vm vm = bench_vm("vm", NULL);
    vm.numa = of_vm;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(struct rows of_vm, const char *none, const char *two, const char *four)
{
    struct bench *bench = begin(of_vm);
    bench_expect(bench, "vm", "none", none);
    bench_expect(bench, "vm", "two", two);
    bench_expect(bench, "vm", "four", four);
    bench_free(bench);
}

#define NO_NODES "numa.no_nodes"
#define NO_ROOM "numa.no_room"
#define SHORT "numa.short"

static void one_node_has_its_place(void **state)
{
    (void)state;
    expect((struct rows){0}, "", "", "");
    expect(ROWS({1024, NODES(0), STRICT}), NO_NODES, "", "");
    expect(ROWS({1025, NODES(0), STRICT}), NO_NODES, SHORT, SHORT);
    expect(ROWS({1024, NODES(2), STRICT}), NO_NODES, NO_NODES, "");
    expect(ROWS({1024, NODES(1, 3), STRICT}), NO_NODES, "", "");
}

static void several_share_nodes(void **state)
{
    (void)state;
    expect(ROWS({256, NODES(0), STRICT}, {256, NODES(0), STRICT}, {256, NODES(0), STRICT}),
           NO_NODES, "", "");
    expect(ROWS({512, NODES(0), STRICT}, {512, NODES(0), STRICT}, {1, NODES(0), STRICT}), NO_NODES,
           SHORT, SHORT);
    expect(ROWS({600, NODES(0, 1), STRICT}, {600, NODES(0, 1), STRICT}, {600, NODES(0, 1), STRICT}),
           NO_NODES, NO_ROOM, NO_ROOM);
    expect(ROWS({1024, NODES(0), STRICT}, {1024, NODES(1), STRICT}, {1024, NODES(0, 1, 2), STRICT}),
           NO_NODES, SHORT, "");
}

/* Taken as they come, the first would take what the second needs: the search must go back. */
static void an_assignment_is_looked_for(void **state)
{
    (void)state;
    expect(ROWS({512, NODES(0, 1), STRICT}, {1024, NODES(0), STRICT}, {512, NODES(0, 1), STRICT}),
           NO_NODES, "", "");
    expect(ROWS({500, NODES(0, 1), STRICT}, {524, NODES(0, 1), STRICT}, {700, NODES(0, 1), STRICT},
                {324, NODES(0, 1), STRICT}), NO_NODES, "", "");
    expect(ROWS({512, NODES(0, 1), STRICT}, {512, NODES(1, 2), STRICT}, {1024, NODES(1), STRICT},
                {512, NODES(0, 2), STRICT}), NO_NODES, SHORT, "");
}

static void interleaved_nodes_take_equal_shares(void **state)
{
    (void)state;
    expect(ROWS({2048, NODES(0, 1), INTERLEAVE}), NO_NODES, "", "");
    expect(ROWS({1024, NODES(0, 1), INTERLEAVE}, {513, NODES(1), STRICT}), NO_NODES, NO_ROOM,
           NO_ROOM);
    expect(ROWS({1024, NODES(0, 1), INTERLEAVE}, {512, NODES(1), STRICT}), NO_NODES, "", "");
    expect(ROWS({300, NODES(0, 1, 2), INTERLEAVE}), NO_NODES, NO_NODES, "");
}

static void a_node_that_is_alone_may_be_spread(void **state)
{
    (void)state;
    expect(ROWS({2048, NODES(0, 1), STRICT}), NO_NODES, "", "");
    expect(ROWS({2049, NODES(0, 1), STRICT}), NO_NODES, SHORT, SHORT);
}

static void preferences_and_unbound_nodes_fit_anywhere(void **state)
{
    (void)state;
    expect(ROWS({99999, NODES(0), PREFERRED}), "", "", "");
    expect(ROWS({99999, {NULL, 0}, STRICT}), "", "", "");
    expect(ROWS({99999, NODES(7), PREFERRED}, {1024, NODES(1), STRICT}), NO_NODES, "", "");
}

static void what_is_free_and_what_is_coming_count(void **state)
{
    (void)state;
    struct bench *bench = begin(ROWS({512, NODES(0), STRICT}));
    put_host(bench, "two", 2, 511);
    bench_ready(bench);
    bench_expect(bench, "vm", "two", SHORT);
    struct drover_why why = bench_why(bench, "vm", "two");
    assert_true(why.need == 512 && why.have == 511);
    struct vm other = bench_vm("other", "none");
    other.numa = ROWS({513, NODES(0), STRICT});
    other.to = "four";
    bench_put_vm(bench, other);
    bench_ready(bench);
    bench_expect(bench, "vm", "four", SHORT);
    bench_expect(bench, "other", "four", "");
    fleet_vm(bench->fleet, "vm")->host = "two"; /* where it is it has its own */
    fleet_vm(bench->fleet, "vm")->state = DROVER_VM_RUNNING;
    bench_ready(bench);
    bench_expect(bench, "vm", "two", "");
    bench_free(bench);
}

/* 14 of 69 MiB fit into each of four nodes, so 57 do not: it must give up, not search for ever. */
static void the_search_is_bounded(void **state)
{
    static double all[] = {0, 1, 2, 3};
    struct vnuma_node nodes[57];
    (void)state;
    for (int i = 0; i < 57; i++)
        nodes[i] = (struct vnuma_node){69, {all, 4}, STRICT};
    expect((struct rows){nodes, 57}, NO_NODES, SHORT, NO_ROOM);
    expect((struct rows){nodes, 56}, NO_NODES, SHORT, "");
}

BENCH_MAIN("filter numa", cmocka_unit_test(one_node_has_its_place),
           cmocka_unit_test(several_share_nodes), cmocka_unit_test(an_assignment_is_looked_for),
           cmocka_unit_test(interleaved_nodes_take_equal_shares),
           cmocka_unit_test(a_node_that_is_alone_may_be_spread),
           cmocka_unit_test(preferences_and_unbound_nodes_fit_anywhere),
           cmocka_unit_test(what_is_free_and_what_is_coming_count),
           cmocka_unit_test(the_search_is_bounded))
