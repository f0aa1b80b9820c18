/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `storage`: all that the VM needs is there, or what is missing is named. */
#include "plugin/bench.h"

static const char *wanted[] = {"blue", "green"};
static const char *offered[] = {"blue", "red", "green"};

static struct bench *begin(struct texts of_host, struct texts of_vm)
{
    struct bench *bench = bench_new("filter_storage");
    struct host host = bench_host("a");
    host.storage = of_host;
    bench_put_host(bench, host);
    struct host all = bench_host("all");
    all.storage = (struct texts){offered, 3, true};
    bench_put_host(bench, all);
    struct vm vm = bench_vm("vm", NULL);
    vm.storage = of_vm;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    return bench;
}

static void expect(struct texts of_host, struct texts of_vm, const char *code)
{
    struct bench *bench = begin(of_host, of_vm);
    assert_string_equal(bench_refusal(bench, "vm", "all"), "");
    assert_string_equal(bench_refusal(bench, "vm", "a"), code);
    bench_free(bench);
}

static void all_of_them_must_be_there(void **state)
{
    (void)state;
    struct texts both = {wanted, 2, true};
    expect((struct texts){offered, 3, true}, both, "");
    expect((struct texts){offered, 2, true}, both, "storage.missing");
    expect((struct texts){wanted, 2, true}, both, "");
    expect((struct texts){NULL, 0, true}, both, "storage.missing");
}

static void a_vm_that_needs_none_goes_anywhere(void **state)
{
    (void)state;
    expect((struct texts){NULL, 0, true}, (struct texts){NULL, 0, true}, "");
}

static void a_host_of_which_none_are_known_is_accepted(void **state)
{
    (void)state;
    expect((struct texts){NULL, 0, false}, (struct texts){wanted, 2, true}, "");
}

/* In that directory no host has a pool: it is left to libvirt. One pool, and it is known. */
static void a_directory_without_pools_is_not_judged(void **state)
{
    (void)state;
    static const char *both[] = {"/srv/nfs", "blue"}, *directory = "/srv/nfs";
    struct texts needs = {both, 2, true};
    struct bench *bench = begin((struct texts){offered, 1, true}, needs);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "");
    assert_string_equal(bench_refusal(bench, "vm", "all"), "");
    fleet_host(bench->fleet, "a")->storage.n = 0;
    bench_ready(bench);
    assert_string_equal(bench_refusal(bench, "vm", "a"), "storage.missing");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "blue");
    fleet_host(bench->fleet, "all")->storage = (struct texts){&directory, 1, true};
    bench_ready(bench);
    assert_string_equal(bench_why(bench, "vm", "a").subject, "/srv/nfs, blue");
    bench_free(bench);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    struct bench *bench = begin((struct texts){offered, 2, true}, (struct texts){wanted, 2, true});
    bench_check_tables(bench);
    assert_string_equal(bench_why(bench, "vm", "a").subject, "green");
    fleet_host(bench->fleet, "a")->storage.n = 0;
    bench_ready(bench);
    assert_string_equal(bench_why(bench, "vm", "a").subject, "blue, green");
    bench_free(bench);
}

static void a_long_list_is_cut_not_overrun(void **state)
{
    (void)state;
    static char names[40][32];
    static const char *many[40];
    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "a-rather-long-name-%02d", i);
        many[i] = names[i];
    }
    struct bench *bench = begin((struct texts){NULL, 0, true}, (struct texts){wanted, 2, true});
    fleet_vm(bench->fleet, "vm")->storage = (struct texts){many, 40, true};
    bench_ready(bench);
    struct drover_why why = bench_why(bench, "vm", "a");
    assert_int_equal(strlen(why.subject), sizeof why.subject - 1);
    bench_free(bench);
}

BENCH_MAIN("filter storage", cmocka_unit_test(all_of_them_must_be_there),
           cmocka_unit_test(a_vm_that_needs_none_goes_anywhere),
           cmocka_unit_test(a_host_of_which_none_are_known_is_accepted),
           cmocka_unit_test(a_directory_without_pools_is_not_judged),
           cmocka_unit_test(what_is_missing_is_named),
           cmocka_unit_test(a_long_list_is_cut_not_overrun))
