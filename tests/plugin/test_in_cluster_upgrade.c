/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `in_cluster_upgrade`: no older major version, no other family. */
#include "plugin/bench.h"

static void expect(const char *here, const char *there, const char *code, const char *subject)
{
    struct bench *bench = bench_new("filter_in_cluster_upgrade");
    struct host host = bench_host("here");
    host.os_version = here;
    bench_put_host(bench, host);
    host = bench_host("there");
    host.os_version = there;
    bench_put_host(bench, host);
    bench_put_vm(bench, bench_vm("vm", "here"));
    bench_put_vm(bench, bench_vm("down", NULL));
    bench_ready(bench);
    bench_check_tables(bench);
    bench_expect(bench, "vm", "there", code);
    bench_expect(bench, "vm", "here", "");
    bench_expect(bench, "down", "there", "");
    if (*code)
        assert_string_equal(bench_why(bench, "vm", "there").subject, subject);
    bench_free(bench);
}

static void majors_and_families_are_compared(void **state)
{
    (void)state;
    expect("RHEL 8.2", "RHEL 8.1", "", "");
    expect("RHEL 8.2", "RHEL 9.0", "", "");
    expect("RHEL 8.2", "RHEL 7.9", "in_cluster_upgrade.older", "RHEL 7.9 there, RHEL 8.2 here");
    expect("RHEL 9.0", "RHEL 10.0", "", "");
    expect("RHEL 8.2", "Fedora 39", "in_cluster_upgrade.family", "Fedora 39 there, RHEL 8.2 here");
    expect("CentOS Stream 9", "CentOS Stream 8", "in_cluster_upgrade.older",
           "CentOS Stream 8 there, CentOS Stream 9 here");
    expect("CentOS Stream 9", "CentOS 9.1", "in_cluster_upgrade.family",
           "CentOS 9.1 there, CentOS Stream 9 here");
}

static void what_is_no_version(void **state)
{
    (void)state;
    expect("RHEL 8.2", "", "in_cluster_upgrade.unknown", "\"\"");
    expect("RHEL 8.2", "RHEL", "in_cluster_upgrade.unknown", "\"RHEL\"");
    expect("RHEL 8.2", "RHEL x", "in_cluster_upgrade.unknown", "\"RHEL x\"");
    expect("", "RHEL 7.9", "", "");
}

BENCH_MAIN("filter in_cluster_upgrade", cmocka_unit_test(majors_and_families_are_compared),
           cmocka_unit_test(what_is_no_version))
