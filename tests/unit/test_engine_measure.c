/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of dirty rates that are measured before a move, and of those that are not. */
#include "unit/engine_bench.h"

#include <math.h>

static struct bench two_hosts(double wait_s)
{
    struct bench bench = bench_new(2);
    bench.limits.measure_wait_s = wait_s;
    bench.limits.outgoing_per_host = 1;
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", "b", "c", "d", NULL);
    bench_report(&bench, "kvm2", NULL);
    return bench;
}

static void measured(struct bench *bench, const char *vm, bool ok, double dirty_mib_s)
{
    struct event *event = bench_event(bench, EVENT_MEASURED, "kvm1");
    event_set(event, &event->vm, vm);
    event->ok = ok;
    event->progress.dirty_mib_s = dirty_mib_s;
    bench_take(bench, event);
}

static const struct vm *vm_of(const struct bench *bench, const char *name)
{
    return fleet_vm(engine_fleet(bench->engine), name);
}

static void a_move_waits_for_the_figure(void **state)
{
    (void)state;
    struct bench bench = two_hosts(3);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    const struct effect *order = bench_effect(&bench, EFFECT_MEASURE, 0);
    assert_non_null(order);
    assert_string_equal(order->host, "kvm1");
    bench.now += 1;
    measured(&bench, "a", true, 55);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    assert_true(vm_of(&bench, "a")->dirty_mib_s == 55);
    assert_true(vm_of(&bench, "a")->dirty_at == bench.now);
    bench_free(&bench);
}

static void but_not_for_ever(void **state)
{
    (void)state;
    struct bench bench = two_hosts(3);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_tick(&bench, 2);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_tick(&bench, 1.1);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    measured(&bench, "a", false, 0);
    assert_true(isnan(vm_of(&bench, "a")->dirty_mib_s));
    bench_free(&bench);
}

/* By default a move that may start does; what waits anyway is measured, two at a time. */
static void what_waits_anyway_is_measured(void **state)
{
    (void)state;
    struct bench bench = two_hosts(0);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 0);
    bench_request(&bench, "migrate", NULL, "b", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 1);
    bench_request(&bench, "migrate", NULL, "c", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 1);
    bench_request(&bench, "migrate", NULL, "d", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 0);
    measured(&bench, "b", true, 7);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 1);
    assert_string_equal(bench_effect(&bench, EFFECT_MEASURE, 0)->vm, "d");
    bench_tick(&bench, 2);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 0); /* none of them again so soon */
    bench_free(&bench);
}

static void who_asks_is_answered_once(void **state)
{
    (void)state;
    struct bench bench = two_hosts(0);
    bench_request(&bench, "measure", NULL, "a", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 1);
    assert_int_equal(bench_count(&bench, EFFECT_ANSWER), 0);
    bench_request(&bench, "measure", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    measured(&bench, "a", true, 12);
    const struct effect *answer = bench_effect(&bench, EFFECT_ANSWER, 0);
    assert_int_equal(answer->status, ERROR_NONE);
    assert_int_equal((int)answer->request, 4711);
    assert_non_null(strstr(answer->text, "12.0 MiB/s"));
    measured(&bench, "a", true, 99); /* said twice */
    assert_int_equal(bench_count(&bench, EFFECT_ANSWER), 0);
    assert_true(vm_of(&bench, "a")->dirty_mib_s == 12);
    bench_free(&bench);
}

static void a_host_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    struct bench bench = two_hosts(0);
    bench_request(&bench, "measure", NULL, "a", NULL);
    bench_tick(&bench, 21);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_FAILED);
    bench_request(&bench, "measure", NULL, "nobody", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NOT_FOUND);
    bench_free(&bench);
}

static void a_vm_that_migrates_is_not_measured(void **state)
{
    (void)state;
    struct bench bench = two_hosts(0);
    bench_request(&bench, "migrate", NULL, "a", NULL);
    bench_request(&bench, "measure", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    assert_int_equal(bench_count(&bench, EFFECT_MEASURE), 0);
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_waits_for_the_figure),
        cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test(what_waits_anyway_is_measured),
        cmocka_unit_test(who_asks_is_answered_once),
        cmocka_unit_test(a_host_that_says_nothing_is_given_up),
        cmocka_unit_test(a_vm_that_migrates_is_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
