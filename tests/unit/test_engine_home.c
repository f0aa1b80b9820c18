/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * After maintenance: VMs that a drain has moved away go home again, if somebody wants that, and if
 * nobody has moved them since; and a host that is wanted off in maintenance is switched.
 */
#include "engine_failure.h"

static void request_with(struct bench *bench, const char *verb, const char *host, const char *flag)
{
    struct event *event = bench_event(bench, EVENT_OPERATOR_REQUEST, host);
    event->id = 4711;
    event_set(event, &event->name, verb);
    event_set(event, &event->who, "tester");
    struct pair *pair = arena_array(&event->arena, 1, sizeof *pair);
    *pair = (struct pair){.key = flag, .value = "yes"};
    event->arguments = (struct pairs){.item = pair, .n = 1, .known = true};
    bench_take(bench, event);
}

/* The migrate effect of the VM in the last step. */
static const struct effect *order_of(const struct bench *bench, const char *vm)
{
    const struct effect *effect;
    for (uint32_t i = 0; (effect = bench_effect(bench, EFFECT_MIGRATE, i)); i++)
        if (strcmp(effect->vm, vm) == 0)
            return effect;
    return NULL;
}

/* This move is carried out, as libvirt does it. */
static void arrives(struct bench *bench, uint64_t move, const char *vm, const char *from,
                    const char *to)
{
    bench_runs(bench, to, vm);
    bench_gone(bench, from, vm, "migrated");
    bench_done(bench, move, true, "");
    assert_string_equal(bench_migration_state(bench, move), "completed");
}

/* kvm2, with one VM, is emptied: it goes to kvm3. */
static struct bench drained(struct memory *memory)
{
    struct bench bench = begin(1);
    bench_request(&bench, "maintenance_on", "kvm2", NULL, NULL);
    memorize(memory, &bench);
    const struct effect *order = order_of(&bench, "other");
    assert_non_null(order);
    assert_string_equal(order->to, "kvm3");
    uint64_t move = order->move;
    bench_runs(&bench, "kvm3", "other");
    memorize(memory, &bench);
    bench_gone(&bench, "kvm2", "other", "migrated");
    memorize(memory, &bench);
    bench_done(&bench, move, true, "");
    memorize(memory, &bench);
    assert_string_equal(bench_state(&bench, "kvm2"), "maintenance");
    return bench;
}

static void forget_all(struct memory *memory)
{
    for (uint32_t i = 0; i < memory->n; i++) {
        free(memory->name[i]);
        free(memory->value[i]);
    }
}

static void a_vm_goes_home_where_that_is_wanted(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = drained(&memory);
    request_with(&bench, "maintenance_off", "kvm2", "move_home");
    const struct effect *order = order_of(&bench, "other");
    assert_non_null(order);
    assert_string_equal(order->to, "kvm2");
    arrives(&bench, order->move, "other", "kvm3", "kvm2");
    bench_free(&bench);
    forget_all(&memory);
}

static void and_else_stays(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = drained(&memory);
    bench_request(&bench, "maintenance_off", "kvm2", NULL, NULL);
    assert_null(order_of(&bench, "other"));
    request_with(&bench, "maintenance_off", "kvm2", "move_home"); /* too late */
    assert_null(order_of(&bench, "other"));
    bench_free(&bench);
    forget_all(&memory);
}

static void whom_somebody_has_moved_since_stays(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = drained(&memory);
    bench_request(&bench, "migrate", NULL, "other", "kvm1");
    arrives(&bench, order_of(&bench, "other")->move, "other", "kvm3", "kvm1");
    bench_request(&bench, "migrate", NULL, "other", "kvm3"); /* and back: it is at home there */
    arrives(&bench, order_of(&bench, "other")->move, "other", "kvm1", "kvm3");
    request_with(&bench, "maintenance_off", "kvm2", "move_home");
    assert_null(order_of(&bench, "other"));
    bench_free(&bench);
    forget_all(&memory);
}

static void who_was_passed_on_by_a_second_drain_goes_to_the_first_home(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = drained(&memory);
    bench_request(&bench, "maintenance_on", "kvm3", NULL, NULL);
    arrives(&bench, order_of(&bench, "other")->move, "other", "kvm3", "kvm1");
    request_with(&bench, "maintenance_off", "kvm3", "move_home");
    assert_null(order_of(&bench, "other"));
    request_with(&bench, "maintenance_off", "kvm2", "move_home");
    assert_string_equal(order_of(&bench, "other")->to, "kvm2");
    bench_free(&bench);
    forget_all(&memory);
}

static void a_new_controller_brings_it_home(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = drained(&memory);
    struct bench next = reborn(&memory, bench.now + 10);
    bench_connect(&next, "kvm2");
    bench_report(&next, "kvm2", NULL);
    request_with(&next, "maintenance_off", "kvm2", "move_home");
    assert_null(order_of(&next, "other")); /* kvm3 has not said that it is there */
    bench_connect(&next, "kvm3");
    bench_report(&next, "kvm3", "other", NULL);
    assert_non_null(order_of(&next, "other"));
    assert_string_equal(order_of(&next, "other")->to, "kvm2");
    bench_free(&next);
    bench_free(&bench);
}

static void maintenance_may_switch_it_off_and_its_end_on(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    request_with(&bench, "maintenance_on", "kvm2", "power_off");
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0); /* not while a VM is on it */
    const struct effect *order = order_of(&bench, "other");
    arrives(&bench, order->move, "other", "kvm2", "kvm3");
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0); /* nor before it has said so itself */
    bench.now += 1;
    bench_report(&bench, "kvm2", NULL);
    fenced(&bench, "kvm2", fence_order(&bench, "off"), "off");
    bench_lose(&bench, "kvm2", "keepalive");
    assert_string_equal(bench_state(&bench, "kvm2"), "maintenance");
    bench_tick(&bench, 4000);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE) + bench_count(&bench, EFFECT_FENCE), 0);
    request_with(&bench, "maintenance_off", "kvm2", "move_home");
    assert_true(fence_order(&bench, "on") > 0);
    assert_null(order_of(&bench, "other")); /* when it is up */
    bench_tick(&bench, 120);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0); /* booting is no failure */
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", NULL);
    assert_string_equal(bench_state(&bench, "kvm2"), "up");
    assert_string_equal(order_of(&bench, "other")->to, "kvm2");
    bench_free(&bench);
}

static void a_host_without_devices_is_not_asked_for_that(void **state)
{
    (void)state;
    struct bench bench = begin(0);
    request_with(&bench, "maintenance_on", "kvm2", "power_off");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    assert_string_equal(bench_state(&bench, "kvm2"), "up");
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vm_goes_home_where_that_is_wanted),
        cmocka_unit_test(and_else_stays),
        cmocka_unit_test(whom_somebody_has_moved_since_stays),
        cmocka_unit_test(who_was_passed_on_by_a_second_drain_goes_to_the_first_home),
        cmocka_unit_test(a_new_controller_brings_it_home),
        cmocka_unit_test(maintenance_may_switch_it_off_and_its_end_on),
        cmocka_unit_test(a_host_without_devices_is_not_asked_for_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
