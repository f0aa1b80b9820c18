/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that are switched off though nothing is wrong with them, and on again: only what is empty,
 * as its own libvirt says, only when a device really did it, and never against a person's word.
 */
#include "engine_failure.h"

/* What the balancer of these tests wants, once: a host by its position. */
static struct {
    uint32_t kind, host;
} wanted;

static int propose(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                   struct drover_plan *plan)
{
    (void)self;
    (void)cluster;
    (void)fleet;
    struct drover_step step = {.size = sizeof step, .kind = wanted.kind, .host = wanted.host,
                               .code = "power", .reason = "too few VMs"};
    if (wanted.kind)
        plan->propose(plan, &step);
    return 0;
}

static const struct drover_unit propose_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_BALANCE, .name = "switch",
    .balance = propose,
};

enum { KVM1, KVM2, KVM3 };

static void connect_all(struct bench *bench)
{
    bench_connect(bench, "kvm1");
    bench_connect(bench, "kvm2");
    bench_connect(bench, "kvm3");
    bench_report(bench, "kvm1", "web", NULL);
    bench_report(bench, "kvm2", "other", NULL);
    bench_report(bench, "kvm3", NULL);
}

static struct bench begin_saving(uint32_t n_fence)
{
    struct bench bench = bench_new(3);
    wanted.kind = 0;
    bench.n_fence = n_fence;
    bench.power_management = true;
    bench.rules->balance = (struct bound_unit){.unit = &propose_unit, .name = "switch"};
    bench_start(&bench);
    connect_all(&bench);
    bench_tick(&bench, 301);
    return bench;
}

/* The balancer wants this, in its next round. */
static void balancer_wants(struct bench *bench, uint32_t kind, uint32_t host)
{
    wanted.kind = kind;
    wanted.host = host;
    bench_tick(bench, 60.5);
    wanted.kind = 0;
}

/* kvm3 rests, and its libvirt is asked once more. */
static void rests_and_is_asked(struct bench *bench)
{
    balancer_wants(bench, DROVER_STEP_MAINTENANCE, KVM3);
    assert_string_equal(bench_state(bench, "kvm3"), "maintenance");
    assert_int_equal(bench_count(bench, EFFECT_FENCE), 0);
    balancer_wants(bench, DROVER_STEP_POWER_OFF, KVM3);
    assert_int_equal(bench_count(bench, EFFECT_FENCE), 0);
    assert_string_equal(bench_effect(bench, EFFECT_REFRESH, 0)->host, "kvm3");
}

static uint64_t is_told_to_go_off(struct bench *bench)
{
    rests_and_is_asked(bench);
    bench->now += 1;
    bench_report(bench, "kvm3", NULL);
    assert_string_equal(bench_effect(bench, EFFECT_FENCE, 0)->host, "kvm3");
    return fence_order(bench, "off");
}

static void goes_off(struct bench *bench)
{
    fenced(bench, "kvm3", is_told_to_go_off(bench), "off");
    assert_string_equal(bench_state(bench, "kvm3"), "maintenance"); /* still connected */
    bench_lose(bench, "kvm3", "keepalive");
    assert_string_equal(bench_state(bench, "kvm3"), "down");
}

static bool is_by_policy(const struct bench *bench, const char *host)
{
    return fleet_host(engine_fleet(bench->engine), host)->power_by_policy;
}

static void an_empty_host_goes_off_and_comes_back(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    goes_off(&bench);
    assert_true(is_by_policy(&bench, "kvm3"));
    bench_tick(&bench, 4000); /* no failure: neither probed nor fenced, and no alarm */
    assert_int_equal(bench_count(&bench, EFFECT_PROBE) + bench_count(&bench, EFFECT_FENCE), 0);
    assert_null(bench_notice(&bench, "host.not_fenced"));
    assert_string_equal(bench_state(&bench, "kvm3"), "down");
    balancer_wants(&bench, DROVER_STEP_POWER_ON, KVM3);
    uint64_t order = fence_order(&bench, "on");
    balancer_wants(&bench, DROVER_STEP_POWER_ON, KVM3); /* it is under way */
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    fenced(&bench, "kvm3", order, "on");
    assert_string_equal(bench_state(&bench, "kvm3"), "down");
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", NULL);
    assert_string_equal(bench_state(&bench, "kvm3"), "up");
    assert_false(is_by_policy(&bench, "kvm3"));
    balancer_wants(&bench, DROVER_STEP_MAINTENANCE, KVM3); /* not again so soon */
    assert_string_equal(bench_state(&bench, "kvm3"), "up");
    bench_tick(&bench, 1800);
    balancer_wants(&bench, DROVER_STEP_MAINTENANCE, KVM3);
    assert_string_equal(bench_state(&bench, "kvm3"), "maintenance");
    bench_free(&bench);
}

static void a_vm_that_runs_there_after_all_keeps_it_on(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    rests_and_is_asked(&bench);
    bench.now += 1;
    bench_report(&bench, "kvm3", "late", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    assert_string_equal(bench_state(&bench, "kvm3"), "preparing_for_maintenance");
    bench_free(&bench);
}

/* What it said before it was asked is no answer. */
static void an_old_report_is_no_answer(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    rests_and_is_asked(&bench);
    struct event *event = bench_event(&bench, EVENT_HOST_REPORT, "kvm3");
    struct host record;
    field_defaults(host_fields, &record);
    record.name = "kvm3";
    event_add_host(event, &record);
    effects_clear(&bench.effects);
    event->at = bench.now - 1;
    engine_step(bench.engine, event, &bench.effects);
    event_free(event);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_tick(&bench, 61); /* and none comes */
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_free(&bench);
}

static void what_is_not_certain_is_not_taken_for_off(void **state)
{
    (void)state;
    static const char *const results[] = {"failed", "unknown", "on"};
    for (int i = 0; i < 3; i++) {
        struct bench bench = begin_saving(1);
        fenced(&bench, "kvm3", is_told_to_go_off(&bench), results[i]);
        assert_int_equal(bench_notice(&bench, "host.not_switched_off")->level, NOTICE_ERROR);
        assert_string_equal(bench_state(&bench, "kvm3"), "maintenance");
        balancer_wants(&bench, DROVER_STEP_ACTIVATE, KVM3); /* it may still go off */
        assert_string_equal(bench_state(&bench, "kvm3"), "fencing");
        bench_tick(&bench, 300);
        assert_string_equal(bench_state(&bench, "kvm3"), "up");
        bench_free(&bench);
    }
}

static void it_is_tried_again_after_a_while(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    is_told_to_go_off(&bench);
    bench_tick(&bench, 91); /* no answer at all */
    assert_non_null(bench_notice(&bench, "host.not_switched_off"));
    bench_tick(&bench, 299);
    assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 0);
    bench_tick(&bench, 2);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0); /* asked anew, first */
    assert_string_equal(bench_effect(&bench, EFFECT_REFRESH, 0)->host, "kvm3");
    bench.now += 1;
    bench_report(&bench, "kvm3", NULL);
    assert_true(fence_order(&bench, "off") > 0);
    bench_free(&bench);
}

static void a_device_of_another_machine_is_found_out(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    fenced(&bench, "kvm3", is_told_to_go_off(&bench), "off");
    bench.now += 2;
    bench_report(&bench, "kvm3", NULL); /* it answers */
    assert_non_null(bench_notice(&bench, "host.not_switched_off"));
    assert_string_equal(bench_state(&bench, "kvm3"), "maintenance");
    bench_free(&bench);
}

static void all_devices_of_the_level_are_told(void **state)
{
    (void)state;
    struct bench bench = begin_saving(2);
    fenced(&bench, "kvm3", is_told_to_go_off(&bench), "off");
    assert_true(bench_effect(&bench, EFFECT_FENCE, 0)->number == 1);
    fenced(&bench, "kvm3", fence_order(&bench, "off"), "off");
    bench_lose(&bench, "kvm3", "keepalive");
    assert_string_equal(bench_state(&bench, "kvm3"), "down");
    balancer_wants(&bench, DROVER_STEP_POWER_ON, KVM3);
    fenced(&bench, "kvm3", fence_order(&bench, "on"), "on");
    assert_true(bench_effect(&bench, EFFECT_FENCE, 0)->number == 1);
    bench_free(&bench);
}

static void one_that_does_not_come_up_is_told_and_another_is_taken(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    goes_off(&bench);
    balancer_wants(&bench, DROVER_STEP_POWER_ON, KVM3);
    fenced(&bench, "kvm3", fence_order(&bench, "on"), "on");
    bench_tick(&bench, 601);
    assert_int_equal(bench_notice(&bench, "host.not_switched_on")->level, NOTICE_ERROR);
    assert_string_equal(bench_state(&bench, "kvm3"), "down");
    bench_tick(&bench, 301);
    assert_true(fence_order(&bench, "on") > 0); /* again */
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0);
    bench_free(&bench);
}

static void a_person_has_the_last_word(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    goes_off(&bench);
    bench_request(&bench, "maintenance_off", "kvm3", NULL, NULL);
    assert_true(fence_order(&bench, "on") > 0);
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", NULL);
    assert_string_equal(bench_state(&bench, "kvm3"), "up");
    bench_request(&bench, "maintenance_on", "kvm3", NULL, NULL);
    balancer_wants(&bench, DROVER_STEP_POWER_OFF, KVM3); /* it is the person's now */
    bench_report(&bench, "kvm3", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_free(&bench);
}

static void a_person_takes_over_what_the_policy_switched_off(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    goes_off(&bench);
    bench_request(&bench, "maintenance_on", "kvm3", NULL, NULL);
    assert_string_equal(bench_state(&bench, "kvm3"), "maintenance");
    balancer_wants(&bench, DROVER_STEP_POWER_ON, KVM3);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_request(&bench, "maintenance_off", "kvm3", NULL, NULL);
    assert_true(fence_order(&bench, "on") > 0);
    bench_free(&bench);
}

static void whoever_switches_it_on_wants_it(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    goes_off(&bench);
    bench_connect(&bench, "kvm3"); /* somebody has pressed its button */
    bench_report(&bench, "kvm3", NULL);
    assert_string_equal(bench_state(&bench, "kvm3"), "up");
    bench_free(&bench);
}

static void a_drain_that_finds_no_room_wakes_it(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    goes_off(&bench);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0); /* kvm2 takes it */
    bench_request(&bench, "maintenance_on", "kvm2", NULL, NULL);
    assert_string_equal(bench_effect(&bench, EFFECT_FENCE, 0)->host, "kvm3");
    assert_true(fence_order(&bench, "on") > 0);
    bench_free(&bench);
}

/* A VM that ended unseen may be on any host that cannot be asked, but not on one that is off. */
static void a_host_that_is_off_holds_up_no_restart(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    bench_report(&bench, "kvm1", "ha9", "web", NULL);
    goes_off(&bench);
    bench_lose(&bench, "kvm1", "keepalive");
    bench_tick(&bench, 62);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "web", NULL); /* without it */
    bench.now += 1;
    bench_report(&bench, "kvm1", "web", NULL);
    bench_report(&bench, "kvm2", "other", NULL);
    assert_non_null(start_of(&bench, "ha9"));
    bench_free(&bench);
}

static void the_last_host_stays_in_use(void **state)
{
    (void)state;
    struct bench bench = bench_new(1);
    wanted.kind = 0;
    bench.n_fence = 1;
    bench.power_management = true;
    bench.rules->balance = (struct bound_unit){.unit = &propose_unit, .name = "switch"};
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", NULL);
    balancer_wants(&bench, DROVER_STEP_MAINTENANCE, KVM1);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

static void without_leave_nothing_is_switched(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    bench.power_management = false;
    bench_configure(&bench);
    balancer_wants(&bench, DROVER_STEP_MAINTENANCE, KVM3);
    assert_string_equal(bench_state(&bench, "kvm3"), "up");
    bench_free(&bench);
}

static void a_new_controller_knows(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    struct memory memory = {.n = 0};
    balancer_wants(&bench, DROVER_STEP_MAINTENANCE, KVM3);
    memorize(&memory, &bench);
    balancer_wants(&bench, DROVER_STEP_POWER_OFF, KVM3);
    memorize(&memory, &bench);
    bench.now += 1;
    bench_report(&bench, "kvm3", NULL);
    memorize(&memory, &bench);
    fenced(&bench, "kvm3", fence_order(&bench, "off"), "off");
    memorize(&memory, &bench);
    bench_lose(&bench, "kvm3", "keepalive");
    memorize(&memory, &bench);
    struct bench next = reborn(&memory, bench.now + 10);
    bench_connect(&next, "kvm1");
    bench_connect(&next, "kvm2");
    bench_report(&next, "kvm1", NULL);
    bench_report(&next, "kvm2", NULL);
    bench_tick(&next, 4000);
    assert_int_equal(bench_count(&next, EFFECT_PROBE) + bench_count(&next, EFFECT_FENCE), 0);
    assert_string_equal(bench_state(&next, "kvm3"), "down");
    assert_true(is_by_policy(&next, "kvm3"));
    bench_free(&next);
    bench_free(&bench);
}

/* Killed after the order, before the answer: the device is asked how it is. */
static void a_new_controller_finds_out_what_became_of_an_order(void **state)
{
    (void)state;
    struct bench bench = begin_saving(1);
    struct memory memory = {.n = 0};
    balancer_wants(&bench, DROVER_STEP_MAINTENANCE, KVM3);
    memorize(&memory, &bench);
    balancer_wants(&bench, DROVER_STEP_POWER_OFF, KVM3);
    memorize(&memory, &bench);
    bench.now += 1;
    bench_report(&bench, "kvm3", NULL);
    memorize(&memory, &bench);
    struct bench next = reborn(&memory, bench.now + 10);
    assert_string_equal(bench_state(&next, "kvm3"), "maintenance");
    bench_tick(&next, 61);
    uint64_t order = fence_order(&next, "status");
    fenced(&next, "kvm3", order, "off");
    assert_string_equal(bench_state(&next, "kvm3"), "down");
    bench_free(&next);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_host_goes_off_and_comes_back),
        cmocka_unit_test(a_vm_that_runs_there_after_all_keeps_it_on),
        cmocka_unit_test(an_old_report_is_no_answer),
        cmocka_unit_test(what_is_not_certain_is_not_taken_for_off),
        cmocka_unit_test(it_is_tried_again_after_a_while),
        cmocka_unit_test(a_device_of_another_machine_is_found_out),
        cmocka_unit_test(all_devices_of_the_level_are_told),
        cmocka_unit_test(one_that_does_not_come_up_is_told_and_another_is_taken),
        cmocka_unit_test(a_person_has_the_last_word),
        cmocka_unit_test(a_person_takes_over_what_the_policy_switched_off),
        cmocka_unit_test(whoever_switches_it_on_wants_it),
        cmocka_unit_test(a_drain_that_finds_no_room_wakes_it),
        cmocka_unit_test(a_host_that_is_off_holds_up_no_restart),
        cmocka_unit_test(the_last_host_stays_in_use),
        cmocka_unit_test(without_leave_nothing_is_switched),
        cmocka_unit_test(a_new_controller_knows),
        cmocka_unit_test(a_new_controller_finds_out_what_became_of_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
