/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `emulated_machine`: the machine type is offered, or nothing is known of the host. */
#include "plugin/bench.h"

static struct bench *begin(const char *machine, const char *on)
{
    struct bench *bench = bench_new("filter_emulated_machine");
    struct host host = bench_host("a");
    host.machines = BENCH_TEXTS("pc-q35-7.2", "pc");
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("unknown"));
    struct vm vm = bench_vm("vm", on);
    vm.machine = machine;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(const char *machine, const char *on, const char *code)
{
    struct bench *bench = begin(machine, on);
    bench_expect(bench, "vm", "a", code);
    bench_expect(bench, "vm", "unknown", "");
    if (*code)
        assert_string_equal(bench_why(bench, "vm", "a").subject, machine);
    bench_free(bench);
}

static void a_machine_type_must_be_offered(void **state)
{
    (void)state;
    expect("pc-q35-7.2", NULL, "");
    expect("pc", NULL, "");
    expect("pc-q35-7.3", NULL, "emulated_machine.missing");
    expect("p", NULL, "emulated_machine.missing");
    expect("", NULL, "");
}

static void where_it_runs_it_is_offered(void **state)
{
    (void)state;
    expect("pc-q35-9.0", "a", "");
    expect("pc-q35-9.0", "unknown", "emulated_machine.missing");
}

BENCH_MAIN("filter emulated_machine", cmocka_unit_test(a_machine_type_must_be_offered),
           cmocka_unit_test(where_it_runs_it_is_offered))
