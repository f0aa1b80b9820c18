/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model of pre-copy: what can be worked out by hand comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/copy.h"
#include "sim/random.h"

/* Seconds until the guest can be switched, in steps of dt; 0: not within the limit. */
static double converge(struct copy *copy, double rate, double dirty, double dt, double limit_s)
{
    copy_begin(copy);
    for (int i = 1; i * dt <= limit_s; i++)
        if (copy_step(copy, dt, rate, dirty, 100))
            return i * dt;
    return 0;
}

static void a_guest_that_writes_nothing_takes_its_size(void **state)
{
    (void)state;
    struct copy copy = {.total_mib = 4096, .working_set_mib = 512, .downtime_ms = 300};
    double seconds = converge(&copy, 100, 0, 0.25, 1000);
    assert_float_equal(seconds, 40.96, 0.3);
    assert_float_equal(copy.sent_mib + copy.remaining_mib, 4096, 0.01); /* the rest: in the pause */
    assert_true(copy.remaining_mib <= 30.001);
    assert_int_equal(copy.iteration, 1);
}

static void half_the_link_takes_twice_as_long(void **state)
{
    (void)state;
    struct copy whole = {.total_mib = 4096, .working_set_mib = 512, .downtime_ms = 300};
    struct copy half = whole;
    double one = converge(&whole, 71.5, 0, 0.25, 1000); /* 600 Mbps */
    double other = converge(&half, 71.5 / 2, 0, 0.25, 1000);
    assert_float_equal(other, 2 * one, 0.5);
}

/*
 * 30 MiB fit into the pause, so a walk sends all but these, and the guest writes half of that
 * meanwhile. Sent are 994, 497, 249, ..., 31, 15.5, and then twice what a look costs, 10.
 */
static void walks_shrink_by_the_ratio_of_writing_to_sending(void **state)
{
    (void)state;
    struct copy copy = {.total_mib = 1024, .working_set_mib = 1e9, .downtime_ms = 300};
    double seconds = converge(&copy, 100, 50, 0.25, 1000);
    assert_true(seconds > 0);
    assert_int_equal(copy.iteration, 9);
    assert_float_equal(seconds, 19.5, 0.6);
    assert_true(copy.remaining_mib < 30);
    assert_true(copy_pause_s(&copy, 100) < 0.35);
}

static void a_guest_that_outruns_the_link_never_converges(void **state)
{
    (void)state;
    struct copy copy = {.total_mib = 4096, .working_set_mib = 2048, .downtime_ms = 300};
    assert_true(converge(&copy, 100, 400, 0.25, 3600) <= 0);
    assert_true(copy.iteration > 100);
}

static void throttling_makes_it_converge(void **state)
{
    (void)state;
    struct copy copy = {.total_mib = 4096, .working_set_mib = 2048, .downtime_ms = 300,
                        .auto_converge = true};
    assert_true(converge(&copy, 100, 400, 0.25, 3600) > 0);
    assert_true(copy.throttle_pct >= 70); /* 400 MiB/s must come down below 100 */
    assert_true(copy.throttle_pct <= 99);
}

/* A throttle leaves CPU time, and a guest that wants less than it leaves writes as ever. */
static void throttling_does_not_slow_an_idle_guest(void **state)
{
    (void)state;
    struct copy copy = {.total_mib = 64, .working_set_mib = 60, .downtime_ms = 100,
                        .auto_converge = true};
    copy_begin(&copy);
    for (int i = 0; i < 200; i++)
        assert_false(copy_step(&copy, 0.25, 16, 200, 10));
    assert_true(copy.throttle_pct >= 70 && copy.throttle_pct <= 90);
}

static void a_longer_pause_ends_it_sooner(void **state)
{
    (void)state;
    struct copy patient = {.total_mib = 4096, .working_set_mib = 1024, .downtime_ms = 2000};
    struct copy strict = {.total_mib = 4096, .working_set_mib = 1024, .downtime_ms = 50};
    double soon = converge(&patient, 100, 60, 0.25, 3600);
    double late = converge(&strict, 100, 60, 0.25, 3600);
    assert_true(soon > 0 && late > soon);
}

static void postcopy_ends_whatever_the_guest_writes(void **state)
{
    (void)state;
    struct copy copy = {.total_mib = 4096, .working_set_mib = 2048, .downtime_ms = 300};
    assert_true(converge(&copy, 100, 1000, 0.25, 60) <= 0);
    copy_switch_to_postcopy(&copy);
    double left = copy.remaining_mib, seconds = 0;
    while (!copy_step(&copy, 0.25, 100, 1000, 100))
        seconds += 0.25;
    assert_float_equal(seconds, left / 100, 0.5);
}

static void a_link_that_is_down_carries_nothing(void **state)
{
    (void)state;
    struct copy copy = {.total_mib = 4096, .working_set_mib = 512, .downtime_ms = 300};
    assert_true(converge(&copy, 0, 100, 0.25, 100) <= 0);
    assert_float_equal(copy.sent_mib, 0, 0.001);
    assert_float_equal(copy.remaining_mib, 4096, 0.001);
}

/* The first numbers are fixed for good: a seed in a report must mean the same for ever. */
static void chance_is_the_same_everywhere(void **state)
{
    (void)state;
    struct random one = random_new(1, 0), again = random_new(1, 0), other = random_new(1, 1);
    uint64_t first = random_next(&one);
    assert_int_equal(first, random_next(&again));
    assert_int_not_equal(first, random_next(&other));
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        double unit = random_unit(&one);
        assert_true(unit >= 0 && unit < 1);
        assert_true(random_below(&one, 7) < 7);
        sum += random_wait(&one, 3);
    }
    assert_float_equal(sum / 10000, 3, 0.15);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_that_writes_nothing_takes_its_size),
        cmocka_unit_test(half_the_link_takes_twice_as_long),
        cmocka_unit_test(walks_shrink_by_the_ratio_of_writing_to_sending),
        cmocka_unit_test(a_guest_that_outruns_the_link_never_converges),
        cmocka_unit_test(throttling_makes_it_converge),
        cmocka_unit_test(throttling_does_not_slow_an_idle_guest),
        cmocka_unit_test(a_longer_pause_ends_it_sooner),
        cmocka_unit_test(postcopy_ends_whatever_the_guest_writes),
        cmocka_unit_test(a_link_that_is_down_carries_nothing),
        cmocka_unit_test(chance_is_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
