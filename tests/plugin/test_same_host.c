/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `same_host`: the machine on which the VM runs, under another name. */
#include "plugin/bench.h"

static struct bench *begin(const char *on)
{
    struct bench *bench = bench_new("filter_same_host");
    bench_put_host(bench, bench_host("kvm1"));
    bench_put_host(bench, bench_host("kvm2"));
    bench_put_vm(bench, bench_vm("vm", on));
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(struct bench *bench, const char *code)
{
    bench_ready(bench);
    bench_expect(bench, "vm", "kvm2", code);
    bench_expect(bench, "vm", "kvm1", "");
}

static void one_uuid_is_one_machine(void **state)
{
    (void)state;
    struct bench *bench = begin("kvm1");
    expect(bench, ""); /* not known is not the same */
    fleet_host(bench->fleet, "kvm1")->uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";
    fleet_host(bench->fleet, "kvm2")->uuid = "6695EB01-f6a4-8304-79aa-97f2502e193f";
    expect(bench, "same_host.uuid");
    fleet_host(bench->fleet, "kvm2")->uuid = "6695eb01-f6a4-8304-79aa-97f2502e1930";
    expect(bench, "");
    bench_free(bench);
}

static void labels_tell_machines_apart(void **state)
{
    static const char *const cases[][3] = {
        {"machine", "serial-1", "same_host.machine"},
        {"address", "192.0.2.1", "same_host.address"},
        {"address", "127.0.0.1", "same_host.loopback"},
        {"address", "::1", "same_host.loopback"},
        {"rack", "r1", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = begin("kvm1");
        fleet_host(bench->fleet, "kvm1")->labels = BENCH_LABEL(cases[i][0], cases[i][1]);
        fleet_host(bench->fleet, "kvm2")->labels = BENCH_LABEL(cases[i][0], cases[i][1]);
        expect(bench, cases[i][2]);
        if (*cases[i][2])
            assert_string_equal(bench_why(bench, "vm", "kvm2").subject, cases[i][1]);
        fleet_host(bench->fleet, "kvm2")->labels = BENCH_LABEL(cases[i][0], "other");
        expect(bench, "");
        bench_free(bench);
    }
}

static void a_name_in_other_letters_is_the_same_name(void **state)
{
    (void)state;
    struct bench *bench = begin("kvm1");
    bench_put_host(bench, bench_host("KVM1"));
    bench_ready(bench);
    bench_expect(bench, "vm", "KVM1", "same_host.name");
    bench_free(bench);
}

static void who_does_not_run_starts_anywhere(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL);
    fleet_host(bench->fleet, "kvm1")->uuid = "x";
    fleet_host(bench->fleet, "kvm2")->uuid = "x";
    expect(bench, "");
    bench_free(bench);
}

BENCH_MAIN("filter same_host", cmocka_unit_test(one_uuid_is_one_machine),
           cmocka_unit_test(labels_tell_machines_apart),
           cmocka_unit_test(a_name_in_other_letters_is_the_same_name),
           cmocka_unit_test(who_does_not_run_starts_anywhere))
