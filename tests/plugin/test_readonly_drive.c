/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `readonly_drive`: a medium of the host keeps a running VM there. */
#include "plugin/bench.h"

static void expect(const char *on, bool drive, const char *code)
{
    struct bench *bench = bench_new("filter_readonly_drive");
    bench_put_host(bench, bench_host("a"));
    bench_put_host(bench, bench_host("b"));
    struct vm vm = bench_vm("vm", on);
    vm.readonly_local_disk = drive;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    bench_expect(bench, "vm", "a", "");
    bench_expect(bench, "vm", "b", code);
    bench_free(bench);
}

static void a_local_medium_keeps_a_running_vm(void **state)
{
    (void)state;
    expect("a", true, "readonly_drive.local");
    expect("a", false, "");
    expect(NULL, true, "");
}

BENCH_MAIN("filter readonly_drive", cmocka_unit_test(a_local_medium_keeps_a_running_vm))
