/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `pinned`: who may not move stays, and who is pinned to hosts goes to those. */
#include "plugin/bench.h"

static struct bench *begin(const char *on, int migratable, struct texts pinned)
{
    struct bench *bench = bench_new("filter_pinned");
    bench_put_host(bench, bench_host("a"));
    bench_put_host(bench, bench_host("b"));
    bench_put_host(bench, bench_host("c"));
    struct vm vm = bench_vm("vm", on);
    vm.migratable = migratable;
    vm.pinned_hosts = pinned;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(const char *on, int migratable, struct texts pinned, const char *a,
                   const char *b, const char *c)
{
    struct bench *bench = begin(on, migratable, pinned);
    bench_expect(bench, "vm", "a", a);
    bench_expect(bench, "vm", "b", b);
    bench_expect(bench, "vm", "c", c);
    bench_free(bench);
}

static void who_may_not_move_stays(void **state)
{
    (void)state;
    struct texts none = {NULL, 0, true};
    expect("a", DROVER_MIGRATABLE_NO, none, "", "pinned.running", "pinned.running");
    expect(NULL, DROVER_MIGRATABLE_NO, none, "", "", "");
    expect("a", DROVER_MIGRATABLE_MANUAL, none, "", "", "");
    expect("a", DROVER_MIGRATABLE_YES, none, "", "", "");
}

static void who_is_pinned_to_hosts_goes_to_those(void **state)
{
    (void)state;
    const char *elsewhere = "pinned.elsewhere";
    expect(NULL, DROVER_MIGRATABLE_YES, BENCH_TEXTS("a", "b"), "", "", elsewhere);
    expect("c", DROVER_MIGRATABLE_YES, BENCH_TEXTS("a", "b"), "", "", "");
    expect("a", DROVER_MIGRATABLE_NO, BENCH_TEXTS("a", "b"), "", "pinned.running", elsewhere);
    expect(NULL, DROVER_MIGRATABLE_NO, BENCH_TEXTS("b"), elsewhere, "", elsewhere);
}

static void a_host_that_is_gone_is_no_leave_to_go_anywhere(void **state)
{
    (void)state;
    const char *elsewhere = "pinned.elsewhere";
    expect(NULL, DROVER_MIGRATABLE_YES, BENCH_TEXTS("gone"), elsewhere, elsewhere, elsewhere);
    struct bench *bench = begin(NULL, DROVER_MIGRATABLE_YES, BENCH_TEXTS("gone"));
    assert_string_equal(bench_why(bench, "vm", "a").subject, "hosts that do not exist");
    bench_free(bench);
}

static void the_sentence_names_hosts(void **state)
{
    (void)state;
    struct bench *bench = begin("a", DROVER_MIGRATABLE_NO, (struct texts){NULL, 0, true});
    assert_string_equal(bench_why(bench, "vm", "b").subject, "a");
    bench_free(bench);
    bench = begin("a", DROVER_MIGRATABLE_YES, BENCH_TEXTS("a", "b"));
    assert_string_equal(bench_why(bench, "vm", "c").subject, "a, b");
    bench_free(bench);
}

BENCH_MAIN("filter pinned", cmocka_unit_test(who_may_not_move_stays),
           cmocka_unit_test(who_is_pinned_to_hosts_goes_to_those),
           cmocka_unit_test(a_host_that_is_gone_is_no_leave_to_go_anywhere),
           cmocka_unit_test(the_sentence_names_hosts))
