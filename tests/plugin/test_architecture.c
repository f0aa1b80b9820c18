/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `architecture`: the same instructions, or those that a host runs beside its own. */
#include "plugin/bench.h"

static struct bench *begin(const char *host_arch, const char *vm_arch)
{
    struct bench *bench = bench_new("filter_architecture");
    struct host host = bench_host("a");
    host.arch = host_arch;
    bench_put_host(bench, host);
    struct vm vm = bench_vm("vm", NULL);
    vm.arch = vm_arch;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    return bench;
}

static void each_pair_has_its_answer(void **state)
{
    static const char *const cases[][3] = {
        {"x86_64", "x86_64", ""},
        {"x86_64", "i686", ""},
        {"i686", "x86_64", "architecture.other"},
        {"x86_64", "aarch64", "architecture.other"},
        {"aarch64", "armv7l", ""},
        {"armv7l", "aarch64", "architecture.other"},
        {"ppc64le", "ppc64", ""},
        {"", "x86_64", ""},
        {"x86_64", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = begin(cases[i][0], cases[i][1]);
        bench_check_tables(bench);
        bench_expect(bench, "vm", "a", cases[i][2]);
        bench_free(bench);
    }
}

static void a_host_may_emulate_others(void **state)
{
    (void)state;
    struct bench *bench = begin("x86_64", "arm");
    fleet_host(bench->fleet, "a")->labels = BENCH_LABEL("architectures", "arm64, arm");
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    fleet_host(bench->fleet, "a")->labels = BENCH_LABEL("architectures", "arm64");
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "architecture.other");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "x86_64 there, arm wanted");
    bench_free(bench);
}

static void where_it_runs_it_runs(void **state)
{
    (void)state;
    struct bench *bench = begin("x86_64", "riscv64");
    fleet_vm(bench->fleet, "vm")->host = "a";
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    assert_true(bench->unit->flags & DROVER_MANDATORY);
    bench_free(bench);
}

BENCH_MAIN("filter architecture", cmocka_unit_test(each_pair_has_its_answer),
           cmocka_unit_test(a_host_may_emulate_others), cmocka_unit_test(where_it_runs_it_runs))
