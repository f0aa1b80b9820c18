/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves whose source dies: it was fenced, and what it said before is not what is so now. Each of
 * these was once told another way in the made world of drover simulate.
 */
#include "engine_failure.h"

/* "web" is on its way from kvm1 to kvm2 when kvm1 stands still, and is fenced. Returns the move. */
static uint64_t source_dies(struct bench *bench)
{
    *bench = begin(1);
    bench_request(bench, "migrate", NULL, "web", "kvm2");
    uint64_t id = bench_effect(bench, EFFECT_MIGRATE, 0)->move;
    bench_report(bench, "kvm1", "ha9", "ha5", "web!", NULL);
    bench_lose(bench, "kvm1", "keepalive");
    bench_done(bench, id, false, "no route to host");
    bench_tick(bench, 61.5);
    probed(bench, "kvm1", "silent");
    fenced(bench, "kvm1", fence_order(bench, "off"), "off");
    bench_report(bench, "kvm2", "other", NULL);
    probed(bench, "kvm1", "silent");
    assert_string_equal(bench_state(bench, "kvm1"), "down");
    return id;
}

static void a_dead_source_sends_nothing_any_more(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t id = source_dies(&bench);
    assert_null(bench_notice(&bench, "migration.adopted"));
    assert_int_equal(bench_count(&bench, EFFECT_WATCH), 0);
    for (int i = 0; i < 8 && strcmp(bench_migration_state(&bench, id), "failed") != 0; i++) {
        bench_tick(&bench, 10);
        bench_report(&bench, "kvm2", "other", NULL);
        assert_null(bench_notice(&bench, "vm.lost"));
    }
    assert_string_equal(bench_migration_state(&bench, id), "failed");
    assert_true(fleet_vm(engine_fleet(bench.engine), "web")->lost);
    bench_free(&bench);
}

/* It is back, and starts what it has defined before droverd hears of it. */
static void a_vm_that_the_hook_let_start_is_not_lost(void **state)
{
    (void)state;
    struct bench bench;
    source_dies(&bench);
    bench_tick(&bench, 50);
    struct event *event = bench_event(&bench, EVENT_HOOK_ASK, "kvm1");
    struct vm vm = bench_vm("web");
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.operation, "start");
    event_set(event, &event->hook.object, "web");
    event_add_vm(event, &vm);
    bench_take(&bench, event);
    assert_true(bench_effect(&bench, EFFECT_HOOK_ANSWER, 0)->ok);
    bench_connect(&bench, "kvm1");
    for (int i = 0; i < 4; i++) {
        bench_report(&bench, "kvm1", NULL); /* it is still being started */
        bench_report(&bench, "kvm2", "other", NULL);
        assert_null(bench_notice(&bench, "vm.lost"));
        bench_tick(&bench, 10);
        assert_null(bench_notice(&bench, "vm.lost"));
    }
    bench_runs(&bench, "kvm1", "web");
    assert_string_equal(fleet_vm(engine_fleet(bench.engine), "web")->host, "kvm1");
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_source_sends_nothing_any_more),
        cmocka_unit_test(a_vm_that_the_hook_let_start_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
