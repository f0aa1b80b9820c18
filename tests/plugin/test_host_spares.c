/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `host_spares`: room for the controller's VM on as many hosts as the policy wants. */
#include "plugin/bench.h"

static void put_host(struct bench *bench, const char *name, bool capable, double memory_mib)
{
    struct host host = bench_host(name);
    struct texts roles = BENCH_TEXTS("controller");
    host.memory_mib = memory_mib;
    if (capable)
        host.roles = roles;
    bench_put_host(bench, host);
}

static struct bench *begin(const char *spares, double memory_mib)
{
    struct bench *bench = bench_new("filter_host_spares");
    bench_set(bench, "he_spares_count", spares);
    put_host(bench, "a", true, 8192);
    put_host(bench, "b", true, 8192);
    put_host(bench, "c", true, 8192);
    put_host(bench, "d", false, 8192);
    struct vm controller = bench_vm("controller", "a");
    controller.memory_mib = 4096;
    controller.labels = BENCH_LABEL("controller", "yes");
    bench_put_vm(bench, controller);
    struct vm vm = bench_vm("vm", NULL);
    vm.memory_mib = memory_mib;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(const char *spares, double memory_mib, const char *code)
{
    struct bench *bench = begin(spares, memory_mib);
    bench_expect(bench, "vm", "a", ""); /* the controller is there: no spare */
    bench_expect(bench, "vm", "b", code);
    bench_expect(bench, "vm", "c", code);
    bench_expect(bench, "vm", "d", "");
    bench_free(bench);
}

static void few_spares_are_kept(void **state)
{
    (void)state;
    expect("0", 4097, "");
    expect("1", 4097, ""); /* two there are */
    expect("2", 4097, "host_spares.spare");
    expect("2", 4096, ""); /* enough is left */
    expect("9", 4097, "host_spares.spare");
}

static void figures_are_told_and_the_controller_goes_where_it_likes(void **state)
{
    (void)state;
    struct bench *bench = begin("2", 5000);
    struct drover_why why = bench_why(bench, "vm", "b");
    assert_true(why.need == 4096 && why.have == 3192);
    assert_string_equal(why.subject, "controller");
    bench_expect(bench, "controller", "b", "");
    fleet_host(bench->fleet, "b")->state = DROVER_HOST_MAINTENANCE; /* no spare */
    bench_ready(bench);
    bench_expect(bench, "vm", "b", "");
    bench_expect(bench, "vm", "c", "host_spares.spare");
    fleet_vm(bench->fleet, "controller")->labels = (struct pairs){0};
    bench_ready(bench);
    bench_expect(bench, "vm", "c", "");
    bench_free(bench);
}

BENCH_MAIN("filter host_spares", cmocka_unit_test(few_spares_are_kept),
           cmocka_unit_test(figures_are_told_and_the_controller_goes_where_it_likes))
