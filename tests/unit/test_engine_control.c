/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of moves that people take a hand in, and of what is told of them. */
#include "unit/engine_bench.h"

#include <math.h>

static int with_postcopy(void *self, const struct drover_move *move, struct drover_how *how)
{
    bench_migrate(self, move, how);
    how->flags |= DROVER_HOW_POSTCOPY;
    return 0;
}

static const struct drover_unit postcopy_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_MIGRATE, .name = "ladder",
    .migrate = with_postcopy,
};

static struct bench three_hosts(bool postcopy)
{
    struct bench bench = bench_new(3);
    if (postcopy)
        bench.rules->migrate.unit = &postcopy_unit;
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", "b", "c", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    return bench;
}

static uint64_t start_move(struct bench *bench, const char *vm, const char *to)
{
    bench_request(bench, "migrate", NULL, vm, to);
    const struct effect *order = bench_effect(bench, EFFECT_MIGRATE, 0);
    assert_non_null(order);
    return order->move;
}

static const struct migration *migration(struct bench *bench, uint64_t id)
{
    uint32_t n;
    const struct migration *const *all = engine_migrations(bench->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i]->id == id)
            return all[i];
    fail();
    return NULL;
}

/* As it is now at that host. */
static void seen(struct bench *bench, const char *host, const char *name, int state, bool broken)
{
    struct event *event = bench_event(bench, EVENT_HOST_REPORT, host);
    struct host record;
    field_defaults(host_fields, &record);
    record.name = host;
    record.threads = 8;
    record.memory_mib = 10321;
    event_add_host(event, &record);
    struct vm vm = bench_vm(name);
    vm.state = state;
    vm.postcopy_failed = broken;
    event_add_vm(event, &vm);
    bench_take(bench, event);
}

static void seen_as(struct bench *bench, const char *host, const char *name, int state)
{
    seen(bench, host, name, state, false);
}

static void without_postcopy_the_guest_is_paused(void **state)
{
    (void)state;
    struct bench bench = three_hosts(false);
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_request(&bench, "force_complete", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED); /* too early */
    bench_progress(&bench, id, 1);
    bench_request(&bench, "force_complete", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NONE);
    assert_int_equal(bench_effect(&bench, EFFECT_PAUSE, 0)->move, id);
    assert_int_equal(bench_count(&bench, EFFECT_POSTCOPY), 0);
    assert_int_equal(migration(&bench, id)->forced, MIGRATION_FORCED_PAUSE);
    bench_request(&bench, "force_complete", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED); /* once */
    assert_int_equal(bench_count(&bench, EFFECT_PAUSE), 0);
    bench_runs(&bench, "kvm2", "a");
    bench_done(&bench, id, true, "");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    assert_int_equal(bench_count(&bench, EFFECT_RESUME), 0); /* libvirt did that */
    bench_free(&bench);
}

static void with_postcopy_it_is_switched_and_else_paused(void **state)
{
    (void)state;
    struct bench bench = three_hosts(true);
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_progress(&bench, id, 1);
    bench_request(&bench, "force_complete", NULL, "a", NULL);
    const struct effect *order = bench_effect(&bench, EFFECT_POSTCOPY, 0);
    assert_non_null(order);
    assert_int_equal(bench_count(&bench, EFFECT_PAUSE), 0);
    struct event *failed = bench_event(&bench, EVENT_EFFECT_FAILED, NULL);
    failed->id = order->id;
    event_set(failed, &failed->text, "post-copy is not possible");
    bench_take(&bench, failed);
    assert_int_equal(bench_effect(&bench, EFFECT_PAUSE, 0)->move, id);
    bench_free(&bench);
}

/* What drover has stopped never stays so, and what somebody else has is left alone. */
static void a_guest_that_was_stopped_runs_on(void **state)
{
    (void)state;
    for (int forced = 0; forced <= 1; forced++) {
        struct bench bench = three_hosts(false);
        uint64_t id = start_move(&bench, "a", "kvm2");
        bench_progress(&bench, id, 1);
        if (forced)
            bench_request(&bench, "force_complete", NULL, "a", NULL);
        bench_done(&bench, id, false, "the connection broke");
        bench_report(&bench, "kvm2", NULL);
        seen_as(&bench, "kvm1", "a", DROVER_VM_PAUSED);
        assert_string_equal(bench_migration_state(&bench, id), "failed");
        assert_int_equal(bench_count(&bench, EFFECT_RESUME), forced);
        if (forced)
            assert_string_equal(bench_effect(&bench, EFFECT_RESUME, 0)->host, "kvm1");
        bench_free(&bench);
    }
}

static void ask_priority(struct bench *bench, const char *vm, const char *priority)
{
    struct event *event = bench_event(bench, EVENT_OPERATOR_REQUEST, NULL);
    struct pair *argument = arena_new(&event->arena, sizeof *argument);
    *argument = (struct pair){.key = "priority", .value = priority};
    event->arguments = (struct pairs){.item = argument, .n = 1, .known = true};
    event->id = 4711;
    event_set(event, &event->name, "set_priority");
    event_set(event, &event->who, "tester");
    event_set(event, &event->vm, vm);
    bench_take(bench, event);
}

static void the_queue_goes_by_priority(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench.limits.outgoing_per_host = 1;
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", "b", "c", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    uint64_t first = start_move(&bench, "a", "kvm2");
    bench_request(&bench, "migrate", NULL, "b", NULL);
    bench_request(&bench, "migrate", NULL, "c", NULL);
    uint32_t n;
    const struct migration *const *all = engine_migrations(bench.engine, &n);
    assert_non_null(strstr(all[n - 1]->waits, "limits.outgoing_per_host"));
    ask_priority(&bench, "c", "7");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NONE);
    ask_priority(&bench, "a", "7"); /* on its way */
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    ask_priority(&bench, "b", "soon");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_USAGE);
    bench_runs(&bench, "kvm2", "a");
    bench_done(&bench, first, true, "");
    assert_string_equal(bench_effect(&bench, EFFECT_MIGRATE, 0)->vm, "c");
    assert_string_equal(migration(&bench, bench_effect(&bench, EFFECT_MIGRATE, 0)->move)->waits, "");
    bench_free(&bench);
}

static void report_progress(struct bench *bench, uint64_t id, double left, double rate,
                            double dirty)
{
    struct event *event = bench_event(bench, EVENT_MIGRATION_PROGRESS, NULL);
    event->id = id;
    event->progress.iteration = 1;
    event->progress.memory_total_mib = 1000;
    event->progress.memory_remaining_mib = left;
    event->progress.throughput_mib_s = rate;
    event->progress.dirty_mib_s = dirty;
    bench_take(bench, event);
}

static void the_end_is_expected_from_smoothed_rates(void **state)
{
    (void)state;
    struct bench bench = three_hosts(false);
    uint64_t id = start_move(&bench, "a", "kvm2");
    assert_true(isnan(migration(&bench, id)->expected_end));
    report_progress(&bench, id, 800, 50, 10);
    assert_true(fabs(migration(&bench, id)->expected_end - (bench.now + 20)) < 1e-6);
    bench.now += 5; /* one time constant: 1 - 1/e of the way to what is reported now */
    report_progress(&bench, id, 600, 100, 10);
    double net = 40 + (1 - exp(-1)) * (90 - 40);
    assert_true(fabs(migration(&bench, id)->net_mib_s - net) < 1e-6);
    assert_true(fabs(migration(&bench, id)->expected_end - (bench.now + 600 / net)) < 1e-6);
    bench.now += 1000;
    report_progress(&bench, id, 600, 100, 300); /* it does not converge: no end is told */
    assert_true(isnan(migration(&bench, id)->expected_end));
    bench_free(&bench);
}

/* What libvirt measured is kept, and a network that is not there is told. */
static void what_arrived_is_looked_at(void **state)
{
    (void)state;
    struct bench bench = three_hosts(false);
    uint64_t id = start_move(&bench, "a", "kvm2");
    bench_progress(&bench, id, 3);
    bench_runs(&bench, "kvm2", "a");
    bench_done(&bench, id, true, "");
    assert_string_equal(bench_effect(&bench, EFFECT_CHECK, 0)->host, "kvm2");
    struct event *event = bench_event(&bench, EVENT_MIGRATION_CHECKED, "kvm2");
    event->id = id;
    event->progress.memory_total_mib = 100;
    event->progress.downtime_ms = 42;
    event_set(event, &event->text, "it has crashed there");
    bench_take(&bench, event);
    assert_true(migration(&bench, id)->progress.downtime_ms == 42);
    assert_int_equal(migration(&bench, id)->progress.iteration, 3);
    assert_string_equal(migration(&bench, id)->arrival, "it has crashed there");
    assert_non_null(bench_notice(&bench, "migration.arrival"));
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATION), 1); /* for the history */
    bench_free(&bench);
}

static uint64_t break_postcopy(struct bench *bench)
{
    uint64_t id = start_move(bench, "a", "kvm2");
    struct event *progress = bench_event(bench, EVENT_MIGRATION_PROGRESS, NULL);
    progress->id = id;
    progress->progress.iteration = 2;
    progress->progress.postcopy = true;
    bench_take(bench, progress);
    seen(bench, "kvm2", "a", DROVER_VM_PAUSED, true);
    assert_string_equal(bench_migration_state(bench, id), "post_migrating");
    bench_done(bench, id, false, "the connection broke");
    bench_report(bench, "kvm1", "b", "c", NULL);
    seen(bench, "kvm2", "a", DROVER_VM_PAUSED, true);
    return id;
}

static void a_broken_postcopy_is_taken_up_again(void **state)
{
    (void)state;
    struct bench bench = three_hosts(true);
    uint64_t id = break_postcopy(&bench);
    assert_string_equal(bench_migration_state(&bench, id), "post_migrating");
    assert_int_equal(bench_count(&bench, EFFECT_RECOVER), 0); /* not at once */
    bench_tick(&bench, bench.limits.retry_s + 1);
    const struct effect *order = bench_effect(&bench, EFFECT_RECOVER, 0);
    assert_non_null(order);
    assert_string_equal(order->host, "kvm1");
    assert_string_equal(order->to, "kvm2");
    assert_true(order->how.postcopy);
    bench_request(&bench, "abort", NULL, "a", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    bench_runs(&bench, "kvm2", "a");
    bench_done(&bench, id, true, "");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    bench_free(&bench);
}

/* After so many tries it is told, and nothing touches it any more: not even when its host dies. */
static void one_that_stays_broken_is_left_alone(void **state)
{
    (void)state;
    struct bench bench = three_hosts(true);
    uint64_t id = break_postcopy(&bench);
    uint32_t recoveries = 0;
    for (int i = 0; i < 100 && strcmp(bench_migration_state(&bench, id), "failed") != 0; i++) {
        bench_tick(&bench, 60);
        assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
        if (bench_count(&bench, EFFECT_RECOVER) == 0)
            continue;
        recoveries++;
        bench_done(&bench, id, false, "it cannot be resumed");
        bench_report(&bench, "kvm1", "b", "c", NULL);
        seen(&bench, "kvm2", "a", DROVER_VM_PAUSED, true);
    }
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    assert_int_equal(recoveries, bench.limits.tries);
    bench_request(&bench, "migrate", NULL, "a", "kvm3");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    assert_non_null(strstr(bench_effect(&bench, EFFECT_ANSWER, 0)->text, "post-copy broke"));
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_postcopy_the_guest_is_paused),
        cmocka_unit_test(with_postcopy_it_is_switched_and_else_paused),
        cmocka_unit_test(a_guest_that_was_stopped_runs_on),
        cmocka_unit_test(the_queue_goes_by_priority),
        cmocka_unit_test(the_end_is_expected_from_smoothed_rates),
        cmocka_unit_test(what_arrived_is_looked_at),
        cmocka_unit_test(a_broken_postcopy_is_taken_up_again),
        cmocka_unit_test(one_that_stays_broken_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
