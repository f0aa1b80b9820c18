/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `isolated_hosts`: hosts that are set apart, and VMs that are meant for them. */
#include "plugin/bench.h"

static struct bench *begin(const char *of_vm, const char *of_host, const char *on)
{
    struct bench *bench = bench_new("filter_isolated_hosts");
    struct pairs theirs = BENCH_LABEL("isolated", of_host), ours = BENCH_LABEL("isolated", of_vm);
    struct host host = bench_host("a");
    if (of_host)
        host.labels = theirs;
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("b"));
    struct vm vm = bench_vm("vm", on);
    if (of_vm)
        vm.labels = ours;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(const char *of_vm, const char *of_host, const char *on, const char *a,
                   const char *b)
{
    struct bench *bench = begin(of_vm, of_host, on);
    bench_expect(bench, "vm", "a", a);
    bench_expect(bench, "vm", "b", b);
    bench_free(bench);
}

static void who_belongs_together_meets(void **state)
{
    (void)state;
    const char *elsewhere = "isolated_hosts.elsewhere", *reserved = "isolated_hosts.reserved";
    expect(NULL, NULL, NULL, "", "");
    expect(NULL, "bank", NULL, reserved, "");
    expect("bank", "bank", NULL, "", elsewhere);
    expect("bank", "clinic, bank", NULL, "", elsewhere);
    expect("bank,school", "school", NULL, "", elsewhere);
    expect("bank", "banks", NULL, elsewhere, elsewhere);
    expect(NULL, "bank", "a", "", "");
    expect("bank", "bank", "b", "", "");
}

static void hosts_may_be_shared(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL, "bank", NULL);
    assert_string_equal(bench_why(bench, "vm", "a").subject, "bank");
    bench_set(bench, "isolated_hosts_exclusive", "no");
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
    bench = begin("bank", NULL, NULL);
    bench_set(bench, "isolated_hosts_exclusive", "no");
    bench_expect(bench, "vm", "b", "isolated_hosts.elsewhere");
    assert_string_equal(bench_why(bench, "vm", "b").subject, "bank");
    bench_free(bench);
}

BENCH_MAIN("filter isolated_hosts", cmocka_unit_test(who_belongs_together_meets),
           cmocka_unit_test(hosts_may_be_shared))
