/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of drains: what is ordered, in which order, and when it counts as done. */
#include "unit/engine_bench.h"

/* Three hosts are up; kvm1 has VMs a to d. At most so many moves at a time, in and out. */
static struct bench three_hosts_at_a_time(uint32_t moves)
{
    struct bench bench = bench_new(3);
    bench.limits.outgoing_per_host = bench.limits.incoming_per_host = moves;
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", "b", "c", "d", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    return bench;
}

static struct bench three_hosts(void)
{
    return three_hosts_at_a_time(2);
}

static void a_drained_host_ends_in_maintenance(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "preparing_for_maintenance");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NONE);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 2); /* outgoing_per_host */
    uint32_t moved = 0;
    const struct effect *orders[2] = {bench_effect(&bench, EFFECT_MIGRATE, 0),
                                      bench_effect(&bench, EFFECT_MIGRATE, 1)};
    assert_string_equal(orders[0]->vm, "a");
    assert_string_equal(orders[1]->vm, "b");
    assert_string_not_equal(orders[0]->to, orders[1]->to); /* the first promise is seen */
    struct {
        uint64_t id;
        char vm[8], to[8];
    } queue[8];
    uint32_t n = 2;
    for (uint32_t i = 0; i < 2; i++) {
        queue[i].id = orders[i]->move;
        snprintf(queue[i].vm, 8, "%s", orders[i]->vm);
        snprintf(queue[i].to, 8, "%s", orders[i]->to);
    }
    for (; moved < n; moved++) {
        bench.now += 1;
        bench_runs(&bench, queue[moved].to, queue[moved].vm);
        bench_done(&bench, queue[moved].id, true, "");
        assert_string_equal(bench_migration_state(&bench, queue[moved].id), "completed");
        const struct effect *next = bench_effect(&bench, EFFECT_MIGRATE, 0);
        if (next && n < 8) {
            queue[n].id = next->move;
            snprintf(queue[n].vm, 8, "%s", next->vm);
            snprintf(queue[n++].to, 8, "%s", next->to);
        }
    }
    assert_int_equal(moved, 4);
    assert_string_equal(bench_state(&bench, "kvm1"), "maintenance");
    bench_request(&bench, "maintenance_off", "kvm1", NULL, NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

static void the_call_alone_does_not_complete_a_move(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    bench_request(&bench, "migrate", NULL, "a", "kvm2");
    const struct effect *order = bench_effect(&bench, EFFECT_MIGRATE, 0);
    assert_non_null(order);
    uint64_t id = order->move;
    bench_done(&bench, id, true, "");
    assert_string_equal(bench_migration_state(&bench, id), "post_migrating");
    bench_gone(&bench, "kvm1", "a", "migrated");
    assert_string_equal(bench_migration_state(&bench, id), "post_migrating");
    bench_runs(&bench, "kvm2", "a");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    bench_free(&bench);
}

/* The destination does not say anything: it is asked again, and its report settles it. */
static void a_silent_destination_is_asked(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    bench_request(&bench, "migrate", NULL, "a", "kvm2");
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    bench_done(&bench, id, true, "");
    bench_tick(&bench, 11);
    assert_true(bench_count(&bench, EFFECT_REFRESH) >= 2);
    bench_report(&bench, "kvm2", "a", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    bench_free(&bench);
}

/* Where the last step's order takes this VM; "" without one. */
static const char *ordered_to(const struct bench *bench, const char *vm)
{
    const struct effect *order;
    for (uint32_t i = 0; (order = bench_effect(bench, EFFECT_MIGRATE, i)); i++)
        if (strcmp(order->vm, vm) == 0)
            return order->to;
    return "";
}

/* A failed call proves nothing: nothing is tried elsewhere before the source has spoken. */
static void a_failed_call_waits_for_the_sources_word(void **state)
{
    (void)state;
    struct bench bench = three_hosts_at_a_time(4);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    const struct effect *order = bench_effect(&bench, EFFECT_MIGRATE, 0);
    uint64_t id = order->move;
    char vm[8], to[8];
    snprintf(vm, sizeof vm, "%s", order->vm);
    snprintf(to, sizeof to, "%s", order->to);
    bench_done(&bench, id, false, "connection reset");
    assert_string_equal(ordered_to(&bench, vm), "");
    bench_tick(&bench, 60);
    assert_string_equal(ordered_to(&bench, vm), "");
    bench_report(&bench, "kvm1", "a", "b", "c", "d", NULL);
    assert_string_equal(bench_migration_state(&bench, id), "queued");
    assert_non_null(bench_notice(&bench, "migration.retry"));
    bench_tick(&bench, 30);
    assert_string_not_equal(ordered_to(&bench, vm), "");
    assert_string_not_equal(ordered_to(&bench, vm), to); /* not twice the same host */
    bench_free(&bench);
}

/* The source still migrates it: the move is followed, not repeated. */
static void a_migration_that_goes_on_is_adopted(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    bench_request(&bench, "migrate", NULL, "a", "kvm2");
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    bench_lose(&bench, "kvm1", "keepalive");
    bench_done(&bench, id, false, "client socket is closed");
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "a!", "b", "c", "d", NULL);
    const struct effect *watch = bench_effect(&bench, EFFECT_WATCH, 0);
    assert_non_null(watch);
    assert_int_equal(watch->move, id);
    assert_string_equal(bench_migration_state(&bench, id), "running");
    bench_runs(&bench, "kvm2", "a");
    bench_gone(&bench, "kvm1", "a", "migrated");
    bench_done(&bench, id, true, "");
    assert_string_equal(bench_migration_state(&bench, id), "completed");
    bench_free(&bench);
}

static void a_vm_on_neither_host_is_reported_lost(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    bench_request(&bench, "migrate", NULL, "a", "kvm2");
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    bench_done(&bench, id, false, "monitor died");
    bench_report(&bench, "kvm1", "b", "c", "d", NULL);
    bench_report(&bench, "kvm2", NULL);
    assert_null(bench_notice(&bench, "vm.lost")); /* once is not enough: see outcome.c */
    for (int i = 0; i < 5; i++) {
        bench_tick(&bench, 11);
        bench_report(&bench, "kvm1", "b", "c", "d", NULL);
        bench_report(&bench, "kvm2", NULL);
    }
    bench_tick(&bench, 11);
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    assert_non_null(bench_notice(&bench, "vm.lost"));
    bench_free(&bench);
}

static void a_vm_that_fits_nowhere_stays_and_is_named(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm1", "a", NULL);
    struct event *big = bench_event(&bench, EVENT_VM_CHANGED, "kvm1");
    struct vm vm = bench_vm("big");
    vm.memory_mib = 99999;
    event_add_vm(big, &vm);
    bench_take(&bench, big);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    const struct effect *held = bench_notice(&bench, "drain.held");
    assert_non_null(held);
    assert_non_null(strstr(held->text, "big"));
    assert_non_null(strstr(held->text, "bench refuses it on kvm2"));
    uint32_t n;
    const struct host_status *status = engine_host_status(bench.engine, &n);
    assert_int_equal(status[0].held.n, 1);
    bench_tick(&bench, 60);
    assert_null(bench_notice(&bench, "drain.held")); /* said once */
    assert_string_equal(bench_state(&bench, "kvm1"), "preparing_for_maintenance");
    bench_free(&bench);
}

/* Room appears: the drain goes on by itself. */
static void a_held_vm_leaves_when_a_host_comes_up(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench_start(&bench);
    bench_report(&bench, "kvm1", "a", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", NULL);
    bench_tick(&bench, 1); /* changes of one second are one look */
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    bench_free(&bench);
}

static void what_somebody_else_moves_is_said_to_hold_a_drain(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "a!", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    bench_tick(&bench, 15);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    uint32_t n;
    const struct host_status *status = engine_host_status(bench.engine, &n);
    const struct unplaced *held = status[0].held.item;
    assert_int_equal(status[0].held.n, 1);
    assert_string_equal(held[0].code, "migration.foreign");
    bench_runs(&bench, "kvm2", "a");
    assert_string_equal(bench_state(&bench, "kvm1"), "maintenance");
    bench_free(&bench);
}

static void incoming_moves_are_turned_back(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    bench_request(&bench, "migrate", NULL, "a", NULL);
    const struct effect *order = bench_effect(&bench, EFFECT_MIGRATE, 0);
    uint64_t id = order->move;
    assert_string_equal(order->to, "kvm2");
    bench_request(&bench, "maintenance_on", "kvm2", NULL, NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ABORT, 0)->move, id);
    bench_done(&bench, id, false, "aborted");
    bench_report(&bench, "kvm1", "a", "b", "c", "d", NULL);
    order = bench_effect(&bench, EFFECT_MIGRATE, 0);
    assert_non_null(order);
    assert_string_equal(order->to, "kvm3");
    bench_free(&bench);
}

static void a_drain_taken_back_cancels_what_is_queued(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    bench_request(&bench, "maintenance_off", "kvm1", NULL, NULL);
    uint32_t n, cancelled = 0, active = 0;
    const struct migration *const *all = engine_migrations(bench.engine, &n);
    for (uint32_t i = 0; i < n; i++) {
        cancelled += all[i]->state == MIGRATION_CANCELLED;
        active += !migration_ended(all[i]);
    }
    assert_int_equal(cancelled, 2);
    assert_int_equal(active, 2); /* what runs, runs on */
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

static void a_file_and_an_operator_both_count(void **state)
{
    (void)state;
    struct bench bench = three_hosts();
    struct event *touch = bench_event(&bench, EVENT_MAINTENANCE_FILE, "kvm2");
    touch->ok = true;
    bench_take(&bench, touch);
    assert_string_equal(bench_state(&bench, "kvm2"), "maintenance");
    bench_request(&bench, "maintenance_off", "kvm2", NULL, NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    assert_string_equal(bench_state(&bench, "kvm2"), "maintenance");
    bench_take(&bench, bench_event(&bench, EVENT_MAINTENANCE_FILE, "kvm2"));
    assert_string_equal(bench_state(&bench, "kvm2"), "up");
    bench_free(&bench);
}

static void three_tries_then_it_is_held(void **state)
{
    (void)state;
    struct bench bench = bench_new(5);
    bench_start(&bench);
    for (uint32_t i = 2; i <= 5; i++) {
        char host[8];
        snprintf(host, sizeof host, "kvm%u", i);
        bench_report(&bench, host, NULL);
    }
    bench_report(&bench, "kvm1", "a", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    for (int try = 0; try < 3; try++) {
        bench_done(&bench, id, false, "no route to host");
        bench_report(&bench, "kvm1", "a", NULL);
        if (try < 2)
            bench_tick(&bench, 600);
    }
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    bench_tick(&bench, 15);
    uint32_t n;
    const struct host_status *status = engine_host_status(bench.engine, &n);
    const struct unplaced *held = status[0].held.item;
    assert_int_equal(status[0].held.n, 1);
    assert_string_equal(held[0].code, "migration.failed");
    bench_tick(&bench, 600); /* and later it is tried again */
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    bench_free(&bench);
}

/* The last try ends after the drains of that round were looked at: the next look is not forgotten. */
static void what_has_just_failed_is_soon_said_to_hold_a_drain(void **state)
{
    (void)state;
    struct bench bench = bench_up(2, "a", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    uint64_t id = bench_effect(&bench, EFFECT_MIGRATE, 0)->move;
    bench_done(&bench, id, false, "no route to host");
    bench_report(&bench, "kvm1", "a", NULL);
    bench_tick(&bench, 15);
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    double wake_s = engine_next_wake(bench.engine) - engine_fleet(bench.engine)->now;
    assert_true(wake_s < 10); /* rests end then, and it is tried again */
    bench_tick(&bench, wake_s);
    uint32_t n;
    const struct unplaced *held = engine_host_status(bench.engine, &n)[0].held.item;
    assert_non_null(held);
    assert_string_equal(held[0].code, "migration.failed");
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drained_host_ends_in_maintenance),
        cmocka_unit_test(the_call_alone_does_not_complete_a_move),
        cmocka_unit_test(a_silent_destination_is_asked),
        cmocka_unit_test(a_failed_call_waits_for_the_sources_word),
        cmocka_unit_test(a_migration_that_goes_on_is_adopted),
        cmocka_unit_test(a_vm_on_neither_host_is_reported_lost),
        cmocka_unit_test(a_vm_that_fits_nowhere_stays_and_is_named),
        cmocka_unit_test(a_held_vm_leaves_when_a_host_comes_up),
        cmocka_unit_test(what_somebody_else_moves_is_said_to_hold_a_drain),
        cmocka_unit_test(incoming_moves_are_turned_back),
        cmocka_unit_test(a_drain_taken_back_cancels_what_is_queued),
        cmocka_unit_test(a_file_and_an_operator_both_count),
        cmocka_unit_test(three_tries_then_it_is_held),
        cmocka_unit_test(what_has_just_failed_is_soon_said_to_hold_a_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
