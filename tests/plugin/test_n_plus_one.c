/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `n_plus_one`: the failure of one host stays bearable, or becomes no worse. */
#include "plugin/bench.h"

static void put_host(struct bench *bench, const char *name, double memory_mib)
{
    struct host host = bench_host(name);
    host.memory_mib = memory_mib;
    bench_put_host(bench, host);
}

static void put_vm(struct bench *bench, const char *name, const char *host, double memory_mib,
                   bool ha)
{
    struct vm vm = bench_vm(name, host);
    vm.memory_mib = memory_mib;
    vm.memory_overhead_mib = 0;
    vm.ha = ha;
    bench_put_vm(bench, vm);
}

/* Three hosts of 8 GiB; `a` and `b` have 4 GiB of highly available VMs each. */
static struct bench *begin(void)
{
    struct bench *bench = bench_new("filter_n_plus_one");
    put_host(bench, "a", 8192);
    put_host(bench, "b", 8192);
    put_host(bench, "c", 8192);
    put_vm(bench, "a1", "a", 2048, true);
    put_vm(bench, "a2", "a", 2048, true);
    put_vm(bench, "b1", "b", 2048, true);
    put_vm(bench, "b2", "b", 2048, true);
    return bench;
}

static void what_can_be_absorbed_is_let_in(void **state)
{
    (void)state;
    struct bench *bench = begin();
    put_vm(bench, "small", NULL, 2048, false);
    bench_ready(bench);
    bench_check_tables(bench);
    bench_expect(bench, "small", "a", "");
    bench_expect(bench, "small", "b", "");
    bench_expect(bench, "small", "c", "");
    bench_free(bench);
}

/* With 7 GiB more on c, b's 4 GiB find no 4 GiB on a in steps of 2 and none on c. */
static void what_takes_the_reserve_is_refused(void **state)
{
    (void)state;
    struct bench *bench = begin();
    put_vm(bench, "big", NULL, 7168, false);
    put_vm(bench, "more", "a", 2048, false);
    bench_ready(bench);
    bench_expect(bench, "big", "c", "n_plus_one.lost");
    struct drover_why why = bench_why(bench, "big", "c");
    assert_true(why.need == 4096 && why.have < 4096);
    bench_free(bench);
}

/* The largest must fit in one piece: 3 GiB on each of two hosts are no 4 GiB. */
static void the_largest_counts(void **state)
{
    (void)state;
    struct bench *bench = bench_new("filter_n_plus_one");
    put_host(bench, "a", 8192);
    put_host(bench, "b", 3072);
    put_host(bench, "c", 3072);
    put_vm(bench, "ha", NULL, 4096, true);
    put_vm(bench, "plain", NULL, 4096, false);
    bench_ready(bench);
    bench_expect(bench, "ha", "a", "n_plus_one.lost"); /* it would be the one that is lost */
    bench_expect(bench, "plain", "a", "");
    bench_free(bench);
}

static void what_is_lost_already_is_no_reason_but_to_make_it_worse(void **state)
{
    (void)state;
    struct bench *bench = begin();
    put_vm(bench, "x", "c", 8000, false);
    put_vm(bench, "y", "a", 3900, false);
    put_vm(bench, "z", "b", 2048, false);
    put_vm(bench, "new", NULL, 1024, false);
    put_vm(bench, "new_ha", NULL, 1024, true);
    bench_ready(bench);
    bench_expect(bench, "new", "b", "n_plus_one.lost"); /* it takes of the little that a has */
    bench_expect(bench, "new_ha", "b", "n_plus_one.lost");
    bench_expect(bench, "z", "b", ""); /* it is there already */
    bench_free(bench);
}

static void a_drain_within_the_reserve_goes_on(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_ready(bench);
    bench_expect(bench, "a1", "c", "");
    fleet_host(bench->fleet, "a")->state = DROVER_HOST_PREPARING_FOR_MAINTENANCE;
    bench_ready(bench);
    bench_expect(bench, "a1", "c", "");
    bench_expect(bench, "a1", "b", "");
    bench_free(bench);
}

BENCH_MAIN("filter n_plus_one", cmocka_unit_test(what_can_be_absorbed_is_let_in),
           cmocka_unit_test(what_takes_the_reserve_is_refused),
           cmocka_unit_test(the_largest_counts),
           cmocka_unit_test(what_is_lost_already_is_no_reason_but_to_make_it_worse),
           cmocka_unit_test(a_drain_within_the_reserve_goes_on))
