/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasts: what can be worked out by hand comes out, and what is missing is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/forecast.h"

#include <math.h>

static struct stall ladder[] = {
    {1, DROVER_STALL_DOWNTIME, 500},
    {3, DROVER_STALL_ABORT, 0},
};
static struct stall to_postcopy[] = {{1, DROVER_STALL_POSTCOPY, 0}};
static const struct how by_ladder = {.stalls = {ladder, 2}};
static const struct how by_postcopy = {.postcopy = true, .stalls = {to_postcopy, 1}};

static struct forecast_ask guest(double memory_mib, double dirty_mib_s, double rate_mib_s)
{
    return (struct forecast_ask){
        .memory_mib = memory_mib, .dirty_mib_s = dirty_mib_s, .working_set_mib = memory_mib,
        .cpu_pct = 100, .rate_mib_s = rate_mib_s, .switch_mib_s = rate_mib_s, .downtime_ms = 100,
    };
}

/* Passes of 10000, 1000 and 100 MiB, less what may be left; in all close to M / (r - d) = 11.1 s. */
static void takes_the_geometric_series(void **state)
{
    (void)state;
    struct forecast_ask ask = guest(10000, 100, 1000);
    struct forecast forecast;
    ask.working_set_mib = 1e9; /* every write hits another page */
    ask.downtime_ms = 20;
    forecast_run(&ask, &forecast);
    assert_int_equal(forecast.ends, FORECAST_PRECOPY);
    assert_true(forecast.converges);
    assert_float_equal(forecast.duration_s, 10000.0 / 900, 0.3);
    assert_float_equal(forecast.sent_mib, 10000.0 / 0.9, 300);
    assert_float_equal(forecast.least_s, 10, 1e-9);
    assert_true(forecast.passes >= 3 && forecast.passes <= 5);
    assert_true(forecast.downtime_ms <= 20 + 30.001);
}

static void a_guest_that_outruns_the_link_never_ends(void **state)
{
    (void)state;
    struct forecast_ask ask = guest(10000, 2000, 1000);
    struct forecast forecast;
    forecast_run(&ask, &forecast);
    assert_int_equal(forecast.ends, FORECAST_NEVER);
    assert_false(forecast.converges);
    assert_true(isnan(forecast.duration_s));
    assert_true(isnan(forecast.downtime_ms));
}

static void a_small_working_set_converges_whatever_is_written(void **state)
{
    (void)state;
    struct forecast_ask ask = guest(10000, 5000, 1000);
    struct forecast forecast;
    ask.working_set_mib = 40; /* 100 MiB fit into the pause, with what the pass leaves itself */
    forecast_run(&ask, &forecast);
    assert_int_equal(forecast.ends, FORECAST_PRECOPY);
    assert_true(forecast.passes <= 3);
}

static void throttling_helps_who_is_busy(void **state)
{
    (void)state;
    struct forecast_ask ask = guest(10000, 2000, 1000);
    struct forecast forecast;
    ask.auto_converge = true;
    forecast_run(&ask, &forecast);
    assert_int_equal(forecast.ends, FORECAST_PRECOPY);
    assert_true(forecast.throttle_pct >= 50);
}

static void the_schedule_is_followed(void **state)
{
    (void)state;
    struct forecast_ask ask = guest(10000, 2000, 1000);
    struct forecast forecast;
    ask.how = &by_ladder;
    forecast_run(&ask, &forecast);
    assert_int_equal(forecast.ends, FORECAST_ABORT);
    assert_int_equal(forecast.steps, 2);
    assert_int_equal(forecast.passes, 5);
    assert_true(isnan(forecast.downtime_ms));
    ask.working_set_mib = 400; /* too much for 100 ms, little enough for 500 */
    forecast_run(&ask, &forecast);
    assert_int_equal(forecast.ends, FORECAST_PRECOPY);
    assert_int_equal(forecast.steps, 1);
    assert_true(forecast.downtime_ms > 100 && forecast.downtime_ms < 531);
}

static void postcopy_always_ends(void **state)
{
    (void)state;
    struct forecast_ask ask = guest(10000, 2000, 1000);
    struct forecast forecast;
    ask.how = &by_postcopy;
    forecast_run(&ask, &forecast);
    assert_int_equal(forecast.ends, FORECAST_POSTCOPY);
    assert_false(forecast.converges);
    assert_float_equal(forecast.downtime_ms, 50, 1e-6);
    assert_true(forecast.duration_s > 20 && forecast.duration_s < 41);
}

static void nothing_is_guessed(void **state)
{
    (void)state;
    const struct forecast_ask asks[] = {
        guest(10000, NAN, 1000), guest(10000, 100, NAN), guest(NAN, 100, 1000),
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        struct forecast forecast;
        forecast_run(&asks[i], &forecast);
        assert_int_equal(forecast.ends, FORECAST_UNKNOWN);
        assert_true(isnan(forecast.duration_s) && isnan(forecast.downtime_ms));
        assert_true(forecast.missing[0] != '\0');
        assert_true(isnan(forecast.least_s) == (i > 0));
    }
}

/* The biggest guests there are: it ends, and says something sensible. */
static void a_huge_guest_is_no_trouble(void **state)
{
    (void)state;
    struct forecast_ask ask = guest(12.0 * 1024 * 1024, 900, 1100);
    struct forecast forecast;
    ask.how = &by_ladder;
    forecast_run(&ask, &forecast);
    assert_true(forecast.ends == FORECAST_ABORT || forecast.ends == FORECAST_PRECOPY);
    assert_true(forecast.duration_s > forecast.least_s);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_geometric_series),
        cmocka_unit_test(a_guest_that_outruns_the_link_never_ends),
        cmocka_unit_test(a_small_working_set_converges_whatever_is_written),
        cmocka_unit_test(throttling_helps_who_is_busy),
        cmocka_unit_test(the_schedule_is_followed),
        cmocka_unit_test(postcopy_always_ends),
        cmocka_unit_test(nothing_is_guessed),
        cmocka_unit_test(a_huge_guest_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
