/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `cluster_maintenance`: only highly available VMs are started; all that run may move. */
#include "plugin/bench.h"

static void expect(const char *on, bool ha, const char *code)
{
    struct bench *bench = bench_new("filter_cluster_maintenance");
    bench_put_host(bench, bench_host("a"));
    bench_put_host(bench, bench_host("b"));
    struct vm vm = bench_vm("vm", on);
    vm.ha = ha;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    bench_expect(bench, "vm", "a", code);
    bench_expect(bench, "vm", "b", code);
    bench_free(bench);
}

static void starts_of_others_are_refused(void **state)
{
    (void)state;
    expect(NULL, false, "cluster_maintenance.not_ha");
    expect(NULL, true, "");
    expect("a", false, "");
    expect("a", true, "");
}

BENCH_MAIN("filter cluster_maintenance", cmocka_unit_test(starts_of_others_are_refused))
