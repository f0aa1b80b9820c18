/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of forecasts that learn from what came of moves. */
#include "unit/engine_bench.h"

#include <math.h>

static struct bench two_hosts(void)
{
    struct bench bench = bench_new(2);
    bench.limits.cooldown_s = 0;
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", "b", NULL);
    bench_report(&bench, "kvm2", NULL);
    return bench;
}

/* "a" moves over, at that rate, for ten seconds. */
static uint64_t move_a(struct bench *bench, const char *from, const char *to, double mib_s)
{
    bench_request(bench, "migrate", NULL, "a", to);
    assert_int_equal(bench_count(bench, EFFECT_MIGRATE), 1);
    uint64_t id = bench_effect(bench, EFFECT_MIGRATE, 0)->move;
    struct event *event = bench_event(bench, EVENT_MIGRATION_PROGRESS, from);
    event->id = id;
    event->progress.iteration = 1;
    event->progress.memory_total_mib = event->progress.memory_processed_mib = mib_s * 10;
    event->progress.elapsed_s = 10;
    bench_take(bench, event);
    bench->now += 10;
    bench_runs(bench, to, "a");
    bench_done(bench, id, true, "");
    assert_string_equal(bench_migration_state(bench, id), "completed");
    return id;
}

static double expected_mib_s(struct bench *bench, const char *vm)
{
    struct error error = ERROR_INIT;
    struct move_plan *plan = engine_plan_move(bench->engine, vm, NULL, &error);
    assert_non_null(plan);
    double rate = plan->forecast.rate_mib_s;
    if (!isnan(rate))
        assert_string_equal(plan->forecast.rate_by, "learnt");
    move_plan_free(plan);
    return rate;
}

static void a_link_that_nobody_knows_is_learnt(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    assert_true(isnan(expected_mib_s(&bench, "b")));
    move_a(&bench, "kvm1", "kvm2", 90);
    assert_float_equal(expected_mib_s(&bench, "b"), 90, 1e-9);
    bench_free(&bench);
}

/* Each way is a link of its own; one move that was slowed down changes nothing. */
static void the_median_counts(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    const double there[] = {100, 10, 104, 102};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
        move_a(&bench, "kvm1", "kvm2", there[i]);
        move_a(&bench, "kvm2", "kvm1", 50);
    }
    assert_float_equal(expected_mib_s(&bench, "b"), 101, 1e-9);
    bench_free(&bench);
}

static void what_a_short_move_got_is_not_learnt(void **state)
{
    (void)state;
    struct bench bench = two_hosts();
    move_a(&bench, "kvm1", "kvm2", 2);
    assert_true(isnan(expected_mib_s(&bench, "b")));
    bench_free(&bench);
}

static void recall(struct bench *bench, const char *name, const char *text)
{
    struct event *event = bench_event(bench, EVENT_RECALLED, NULL);
    event_set(event, &event->name, name);
    event_set(event, &event->text, text);
    bench_take(bench, event);
}

static void a_restart_forgets_nothing(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_configure(&bench);
    recall(&bench, "link/kvm1/kvm2", "rate 80 x -5 nan 90 100");
    recall(&bench, "link/kvm2/kvm1", "what is this");
    assert_int_equal(bench_count(&bench, EFFECT_FORGET), 1);
    recall(&bench, "link/nothing", "rate 1");
    bench_take(&bench, bench_event(&bench, EVENT_STARTED, NULL));
    bench_report(&bench, "kvm1", "a", "b", NULL);
    bench_report(&bench, "kvm2", NULL);
    assert_float_equal(expected_mib_s(&bench, "b"), 90, 1e-9);
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_nobody_knows_is_learnt),
        cmocka_unit_test(the_median_counts),
        cmocka_unit_test(what_a_short_move_got_is_not_learnt),
        cmocka_unit_test(a_restart_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
