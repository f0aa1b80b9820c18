/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `up`: only hosts in state up, and each other state says so in its own words. */
#include "plugin/bench.h"

static struct bench *begin(void)
{
    struct bench *bench = bench_new("filter_up");
    for (int state = DROVER_HOST_UP; state <= DROVER_HOST_DOWN; state++) {
        struct host host = bench_host(host_state_names[state]);
        host.state = state;
        host.state_since = BENCH_NOW - 90.5;
        bench_put_host(bench, host);
    }
    bench_put_vm(bench, bench_vm("vm", "preparing_for_maintenance"));
    bench_ready(bench);
    return bench;
}

static void every_state_but_up_is_refused_by_its_name(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_check_tables(bench);
    assert_string_equal(bench_refusal(bench, "vm", "up"), "");
    for (int s = DROVER_HOST_UP + 1; s <= DROVER_HOST_DOWN; s++) {
        char code[64];
        snprintf(code, sizeof code, "up.%s", host_state_names[s]);
        assert_string_equal(bench_refusal(bench, "vm", host_state_names[s]), code);
    }
    bench_free(bench);
}

static void the_host_that_is_emptied_is_no_candidate_for_its_own_vm(void **state)
{
    (void)state;
    struct bench *bench = begin();
    assert_string_equal(bench_refusal(bench, "vm", "preparing_for_maintenance"),
                        "up.preparing_for_maintenance");
    struct drover_why why = bench_why(bench, "vm", "preparing_for_maintenance");
    assert_string_equal(why.subject, "preparing_for_maintenance");
    bench_free(bench);
}

static void it_says_for_how_long(void **state)
{
    (void)state;
    struct bench *bench = begin();
    assert_true(bench_why(bench, "vm", "non_responsive").have == 90);
    bench_free(bench);
}

static void it_is_mandatory(void **state)
{
    (void)state;
    struct bench *bench = begin();
    assert_true(bench->unit->flags & DROVER_MANDATORY);
    bench_free(bench);
}

BENCH_MAIN("filter up", cmocka_unit_test(every_state_but_up_is_refused_by_its_name),
           cmocka_unit_test(the_host_that_is_emptied_is_no_candidate_for_its_own_vm),
           cmocka_unit_test(it_says_for_how_long), cmocka_unit_test(it_is_mandatory))
