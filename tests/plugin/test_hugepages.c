/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `hugepages`: as many of the VM's size are free as its memory takes. */
#include "plugin/bench.h"

static struct bench *begin(double memory_mib, double size_kib, const char *free_pages)
{
    struct bench *bench = bench_new("filter_hugepages");
    struct host host = bench_host("a");
    host.hugepages = BENCH_LABEL("2048", free_pages);
    bench_put_host(bench, host);
    bench_put_host(bench, bench_host("none"));
    struct vm vm = bench_vm("vm", NULL);
    vm.memory_mib = memory_mib;
    vm.hugepages_kib = size_kib;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(double memory_mib, double size_kib, const char *a, const char *none)
{
    struct bench *bench = begin(memory_mib, size_kib, "512");
    bench_expect(bench, "vm", "a", a);
    bench_expect(bench, "vm", "none", none);
    bench_free(bench);
}

static void enough_of_the_size_must_be_free(void **state)
{
    (void)state;
    const char *out = "hugepages.short";
    expect(1024, 2048, "", out);
    expect(1025, 2048, out, out);
    expect(1024, 1048576, out, out);
    expect(4096, 0, "", "");
}

static void figures_are_in_pages(void **state)
{
    (void)state;
    struct bench *bench = begin(1025, 2048, "500");
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_true(why.need == 513 && why.have == 500);
    assert_string_equal(why.subject, "2048 KiB");
    bench_free(bench);
}

static void what_others_will_take_is_not_free(void **state)
{
    (void)state;
    struct bench *bench = begin(512, 2048, "512");
    struct vm other = bench_vm("other", "none");
    other.memory_mib = 514;
    other.hugepages_kib = 2048;
    other.to = "a";
    bench_put_vm(bench, other);
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "hugepages.short");
    assert_true(bench_why(bench, "vm", "a").have == 255);
    bench_expect(bench, "other", "a", ""); /* its own are not taken from it */
    bench_expect(bench, "other", "none", "");
    fleet_vm(bench->fleet, "other")->memory_mib = 512;
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

BENCH_MAIN("filter hugepages", cmocka_unit_test(enough_of_the_size_must_be_free),
           cmocka_unit_test(figures_are_in_pages),
           cmocka_unit_test(what_others_will_take_is_not_free))
