/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of units: an overrun is seen where it happens, and repeated there, with its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/calls.h"

static const struct drover_unit silent = {.size = sizeof silent, .name = "slow"};

static int call_once(struct calls *calls, const char *name, int result)
{
    struct bound_unit unit = {.unit = &silent, .name = name};
    struct unit_call call = unit_call_begin(calls, &unit);
    if (call.again)
        result = DROVER_OVERRAN;
    unit_call_end(&call, &unit, result);
    return result;
}

static void only_overruns_are_seen(void **state)
{
    (void)state;
    struct calls calls = {0};
    calls_begin(&calls, NULL, 0);
    call_once(&calls, "fast", 0);
    call_once(&calls, "broken", DROVER_FAILED);
    call_once(&calls, "slow", DROVER_OVERRAN);
    assert_int_equal(calls.n_seen, 1);
    assert_int_equal(calls.seen[0].call, 3);
    assert_string_equal(calls.seen[0].unit, "slow");
    assert_string_equal(calls.seen[0].error, "it ran longer than it may");
    calls_begin(&calls, NULL, 0);
    assert_int_equal(calls.n_seen, 0);
    calls_free(&calls);
}

static void what_was_recorded_is_repeated(void **state)
{
    (void)state;
    const struct overrun recorded[] = {{.call = 2, .unit = "slow", .error = "201 ms"}};
    struct calls calls = {0};
    calls_begin(&calls, recorded, 1);
    assert_int_equal(call_once(&calls, "slow", 0), 0);
    assert_int_equal(call_once(&calls, "slow", 0), DROVER_OVERRAN);
    assert_int_equal(call_once(&calls, "slow", 0), 0);
    assert_int_equal(calls.n_seen, 1);
    assert_string_equal(calls.seen[0].error, "201 ms");
    calls_free(&calls);
}

/* A balancer that asks filters and then overruns: what it asked is counted, though not asked again. */
static void calls_within_a_call_keep_their_numbers(void **state)
{
    (void)state;
    struct bound_unit balancer = {.unit = &silent, .name = "balancer"};
    struct calls calls = {0};
    calls_begin(&calls, NULL, 0);
    struct unit_call outer = unit_call_begin(&calls, &balancer);
    call_once(&calls, "filter", 0);
    call_once(&calls, "filter", 0);
    unit_call_end(&outer, &balancer, DROVER_OVERRAN);
    assert_int_equal(calls.seen[0].within, 2);
    struct overrun recorded = calls.seen[0];
    recorded.unit = "balancer";
    recorded.error = "late";
    calls_begin(&calls, &recorded, 1);
    assert_int_equal(call_once(&calls, "balancer", 0), DROVER_OVERRAN);
    call_once(&calls, "after", DROVER_OVERRAN);
    assert_int_equal(calls.seen[1].call, 4);
    calls_free(&calls);
}

static void nobody_needs_to_count(void **state)
{
    (void)state;
    assert_int_equal(call_once(NULL, "slow", DROVER_OVERRAN), DROVER_OVERRAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_overruns_are_seen),
        cmocka_unit_test(what_was_recorded_is_repeated),
        cmocka_unit_test(calls_within_a_call_keep_their_numbers),
        cmocka_unit_test(nobody_needs_to_count),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
