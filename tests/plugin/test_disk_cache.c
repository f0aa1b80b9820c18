/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `disk_cache`: what the host caches keeps a running VM there, unless storage is coherent. */
#include "plugin/bench.h"

static struct bench *begin(const char *on, const char *cache)
{
    struct bench *bench = bench_new("filter_disk_cache");
    bench_put_host(bench, bench_host("a"));
    bench_put_host(bench, bench_host("b"));
    struct vm vm = bench_vm("vm", on);
    vm.cache = field_choice(vm_caches, cache);
    vm.storage = BENCH_TEXTS("images", "scratch");
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(const char *on, const char *cache, const char *coherent, const char *code)
{
    struct bench *bench = begin(on, cache);
    bench_set(bench, "coherent_storage", coherent);
    bench_expect(bench, "vm", "a", "");
    bench_expect(bench, "vm", "b", code);
    if (*code)
        assert_string_equal(bench_why(bench, "vm", "b").subject, cache);
    bench_free(bench);
}

static void cached_disks_keep_a_running_vm(void **state)
{
    (void)state;
    expect("a", "none", "", "");
    expect("a", "directsync", "", "");
    expect("a", "writethrough", "", "disk_cache.cached");
    expect("a", "writeback", "", "disk_cache.cached");
    expect("a", "unsafe", "", "disk_cache.cached");
    expect(NULL, "unsafe", "", "");
}

static void coherent_storage_does_not(void **state)
{
    (void)state;
    expect("a", "writeback", "images", "disk_cache.cached");
    expect("a", "writeback", "scratch, images", "");
    expect("a", "writeback", "*", "");
    struct bench *bench = begin("a", "writeback");
    fleet_vm(bench->fleet, "vm")->storage.n = 0; /* nobody knows where it is */
    bench_set(bench, "coherent_storage", "images");
    bench_ready(bench);
    bench_expect(bench, "vm", "b", "disk_cache.cached");
    bench_free(bench);
}

BENCH_MAIN("filter disk_cache", cmocka_unit_test(cached_disks_keep_a_running_vm),
           cmocka_unit_test(coherent_storage_does_not))
