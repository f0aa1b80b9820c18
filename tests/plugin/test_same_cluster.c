/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `same_cluster`: hosts of the VM's cluster alone. */
#include "plugin/bench.h"

static struct bench *begin(const char *on)
{
    struct bench *bench = bench_new("filter_same_cluster");
    static const char *const names[] = {"east", "west"};
    for (int i = 0; i < 2; i++) {
        struct cluster cluster;
        field_defaults(cluster_fields, &cluster);
        cluster.name = names[i];
        fleet_put_cluster(bench->fleet, &cluster);
        struct host host = bench_host(i ? "w1" : "e1");
        host.cluster = names[i];
        bench_put_host(bench, host);
    }
    bench_put_vm(bench, bench_vm("vm", on));
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void a_vm_stays_in_its_cluster(void **state)
{
    (void)state;
    struct bench *bench = begin("w1");
    bench_expect(bench, "vm", "w1", "");
    bench_expect(bench, "vm", "e1", "same_cluster.other");
    assert_string_equal(bench_why(bench, "vm", "e1").subject, "east");
    bench_free(bench);
}

static void one_without_a_host_is_of_the_first(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL);
    bench_expect(bench, "vm", "e1", "");
    bench_expect(bench, "vm", "w1", "same_cluster.other");
    bench_free(bench);
}

BENCH_MAIN("filter same_cluster", cmocka_unit_test(a_vm_stays_in_its_cluster),
           cmocka_unit_test(one_without_a_host_is_of_the_first))
