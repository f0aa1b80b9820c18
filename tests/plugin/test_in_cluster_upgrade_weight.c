/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weight `in_cluster_upgrade`: newer, the same, older, and what cannot be compared. */
#include "plugin/bench.h"

static struct bench *begin(const char *from, const char *a, const char *b, const char *c)
{
    const char *const versions[] = {a, b, c};
    static const char *const names[] = {"A", "B", "C"};
    struct bench *bench = bench_new("weight_in_cluster_upgrade");
    for (int i = 0; i < 3; i++) {
        struct host host = bench_host(names[i]);
        host.os_version = versions[i];
        bench_put_host(bench, host);
    }
    bench_put_vm(bench, bench_vm("vm", from));
    bench_ready(bench);
    return bench;
}

static void a_running_vm_goes_to_newer_hosts(void **state)
{
    (void)state;
    struct bench *bench = begin("A", "rhel 8.4", "rhel 9.0", "rhel 7.9");
    bench_check_tables(bench);
    EXPECT_WEIGHTS(bench, "vm", 100000, 0, 1000000);
    bench_free(bench);
    bench = begin("A", "rhel 8.4", "rhel 8.10", "rhel 10");
    EXPECT_WEIGHTS(bench, "vm", 100000, 100000, 0); /* minor versions do not count */
    bench_free(bench);
}

static void what_cannot_be_compared_comes_last(void **state)
{
    (void)state;
    struct bench *bench = begin("A", "rhel 8.4", "debian 13", "");
    EXPECT_WEIGHTS(bench, "vm", 100000, 1000000, 1000000);
    bench_free(bench);
    bench = begin("A", "rhel 8.4", "rhel", "rhel next");
    EXPECT_WEIGHTS(bench, "vm", 100000, 1000000, 1000000);
    bench_free(bench);
    bench = begin("A", "open suse 15.5", "open suse 16.0", "suse 16.0");
    EXPECT_WEIGHTS(bench, "vm", 100000, 0, 1000000); /* a family of two words */
    bench_free(bench);
    bench = begin("A", "", "rhel 9", "rhel 8"); /* its own host is not known: no opinion */
    EXPECT_WEIGHTS(bench, "vm", 0, 0, 0);
    bench_free(bench);
}

static void a_starting_vm_is_compared_with_the_newest(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL, "rhel 8.4", "rhel 9.0", "");
    EXPECT_WEIGHTS(bench, "vm", 1000000, 0, 1000000);
    bench_free(bench);
    bench = begin(NULL, "rhel 8.4", "rhel 9.0", "debian 13");
    EXPECT_WEIGHTS(bench, "vm", 0, 0, 0); /* two families: no opinion */
    bench_free(bench);
}

BENCH_MAIN("weight in_cluster_upgrade", cmocka_unit_test(a_running_vm_goes_to_newer_hosts),
           cmocka_unit_test(what_cannot_be_compared_comes_last),
           cmocka_unit_test(a_starting_vm_is_compared_with_the_newest))
