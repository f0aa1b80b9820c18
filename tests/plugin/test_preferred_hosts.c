/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `preferred_hosts`: at the start alone, and only where there are any. */
#include "plugin/bench.h"

static struct bench *begin(const char *host)
{
    static const char *preferred[] = {"B", "nowhere"};
    struct bench *bench = bench_new("weight_preferred_hosts");
    bench_put_host(bench, bench_host("A"));
    bench_put_host(bench, bench_host("B"));
    struct vm vm = bench_vm("vm", host);
    vm.preferred_hosts = (struct texts){.item = preferred, .n = 2, .known = true};
    bench_put_vm(bench, vm);
    bench_put_vm(bench, bench_vm("careless", NULL));
    bench_ready(bench);
    return bench;
}

static void a_vm_starts_where_it_prefers(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL);
    bench_check_tables(bench);
    EXPECT_WEIGHTS(bench, "vm", 10000, 0);
    EXPECT_WEIGHTS(bench, "careless", 0, 0);
    bench_free(bench);
}

static void a_vm_that_runs_is_not_drawn_back(void **state)
{
    (void)state;
    struct bench *bench = begin("A");
    EXPECT_WEIGHTS(bench, "vm", 0, 0);
    bench_free(bench);
}

BENCH_MAIN("weight preferred_hosts", cmocka_unit_test(a_vm_starts_where_it_prefers),
           cmocka_unit_test(a_vm_that_runs_is_not_drawn_back))
