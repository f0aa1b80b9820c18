/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `storage_lease`: lockspaces that VMs need and hosts have joined. */
#include "plugin/bench.h"

static struct bench *begin(const char *of_vm, const char *of_host)
{
    struct bench *bench = bench_new("filter_storage_lease");
    struct host host = bench_host("a");
    struct pairs joined = BENCH_LABEL("lease", of_host), wanted = BENCH_LABEL("lease", of_vm);
    if (of_host)
        host.labels = joined;
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("b"));
    struct vm vm = bench_vm("vm", NULL);
    if (of_vm)
        vm.labels = wanted;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(const char *of_vm, const char *of_host, const char *a, const char *b)
{
    struct bench *bench = begin(of_vm, of_host);
    bench_expect(bench, "vm", "a", a);
    bench_expect(bench, "vm", "b", b);
    bench_free(bench);
}

static void all_lockspaces_must_be_joined(void **state)
{
    (void)state;
    const char *out = "storage_lease.not_joined";
    expect("x", "x", "", out);
    expect("x, y", "y,x,z", "", out);
    expect("x, y", "x", out, out);
    expect("x", "xx", out, out);
    expect("x", "", out, out);
}

static void without_a_lease_anywhere(void **state)
{
    (void)state;
    expect(NULL, "x", "", "");
    expect("", "x", "", "");
}

static void where_nobody_keeps_account_all_are_accepted(void **state)
{
    (void)state;
    expect("x", NULL, "", "");
}

static void the_lockspace_is_named_and_the_own_host_accepted(void **state)
{
    (void)state;
    struct bench *bench = begin("x, y", "x");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "y");
    fleet_vm(bench->fleet, "vm")->host = "b";
    bench_ready(bench);
    bench_expect(bench, "vm", "b", "");
    bench_free(bench);
}

BENCH_MAIN("filter storage_lease", cmocka_unit_test(all_lockspaces_must_be_joined),
           cmocka_unit_test(without_a_lease_anywhere),
           cmocka_unit_test(where_nobody_keeps_account_all_are_accepted),
           cmocka_unit_test(the_lockspace_is_named_and_the_own_host_accepted))
