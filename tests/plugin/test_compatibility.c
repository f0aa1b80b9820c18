/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `compatibility`: levels, versions of hypervisors, and those in machine types. */
#include "plugin/bench.h"

struct machine_case {
    const char *machine, *version, *code;
};

static struct bench *begin(const char *machine, struct pairs of_vm, const char *version,
                           struct pairs of_host)
{
    struct bench *bench = bench_new("filter_compatibility");
    struct host host = bench_host("a");
    host.hypervisor_version = version;
    host.labels = of_host;
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("silent"));
    struct vm vm = bench_vm("vm", NULL);
    vm.machine = machine;
    vm.labels = of_vm;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    bench_expect(bench, "vm", "silent", ""); /* what is not told is not held against it */
    return bench;
}

static void a_machine_type_needs_a_hypervisor_as_new(void **state)
{
    static const struct machine_case cases[] = {
        {"pc-q35-7.2", "7.2.0", ""},
        {"pc-q35-7.2", "7.2", ""},
        {"pc-q35-7.2", "7.1.9", "compatibility.machine"},
        {"pc-q35-7.10", "7.9.3", "compatibility.machine"},
        {"pc-q35-7.9", "7.10.0", ""},
        {"virt-8.0", "qemu 7.2.1", "compatibility.machine"},
        {"virt-8.0", "qemu 8.0.0", ""},
        {"pc-q35-rhel9.2.0", "7.2.0", ""},
        {"q35", "2.0", ""},
        {"xen-", "2.0", ""},
        {"pc-99999999999999999999999.9", "7.2", "compatibility.machine"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = begin(cases[i].machine, (struct pairs){0}, cases[i].version,
                                    (struct pairs){0});
        bench_expect(bench, "vm", "a", cases[i].code);
        bench_free(bench);
    }
}

static void a_level_must_be_among_those_of_the_host(void **state)
{
    (void)state;
    struct bench *bench = begin("", BENCH_LABEL("compatibility", "4.7"), "",
                                BENCH_LABEL("compatibility", "4.6,4.7"));
    bench_expect(bench, "vm", "a", "");
    fleet_host(bench->fleet, "a")->labels = BENCH_LABEL("compatibility", "4.6, 4.70");
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "compatibility.level");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "4.7");
    fleet_vm(bench->fleet, "vm")->host = "a";
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

static void a_vm_may_ask_for_a_version(void **state)
{
    (void)state;
    struct bench *bench = begin("", BENCH_LABEL("hypervisor.min", "8.2"), "8.2.0",
                                (struct pairs){0});
    bench_expect(bench, "vm", "a", "");
    fleet_host(bench->fleet, "a")->hypervisor_version = "8.1.99";
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "compatibility.hypervisor");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "8.1.99 there, 8.2 wanted");
    bench_free(bench);
}

BENCH_MAIN("filter compatibility", cmocka_unit_test(a_machine_type_needs_a_hypervisor_as_new),
           cmocka_unit_test(a_level_must_be_among_those_of_the_host),
           cmocka_unit_test(a_vm_may_ask_for_a_version))
