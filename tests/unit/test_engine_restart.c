/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Restarts when more goes wrong: each of these is a way in which a VM was once started twice,
 * forgotten, or robbed of its definition in the made world of drover simulate.
 */
#include "engine_failure.h"

/* kvm1 is dead, and ha9 is being started on kvm3. Returns the move. */
static uint64_t begin_restart(struct bench *bench)
{
    *bench = begin(1);
    dies_and_is_fenced(bench);
    const struct effect *effect = start_of(bench, "ha9");
    assert_non_null(effect);
    assert_string_equal(effect->host, "kvm3");
    return effect->move;
}

static void a_start_under_way_is_not_ordered_anew(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = begin_restart(&bench);
    for (int i = 0; i < 4; i++) {
        bench_tick(&bench, 5);
        bench_report(&bench, "kvm3", NULL); /* it does not show it yet: the call goes on */
        assert_string_equal(bench_migration_state(&bench, move), "preparing");
    }
    bench_free(&bench);
}

static void the_end_of_an_earlier_try_is_not_that_of_this_one(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = begin_restart(&bench);
    started(&bench, move, false);
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm3", NULL);
    bench_tick(&bench, 31);
    assert_string_equal(start_of(&bench, "ha9")->host, "kvm2");
    struct event *event = bench_event(&bench, EVENT_START_DONE, "kvm3");
    event->id = move; /* said twice, and late */
    bench_take(&bench, event);
    bench_tick(&bench, 11);
    bench_report(&bench, "kvm2", "other", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "preparing");
    bench_free(&bench);
}

static void a_start_of_a_killed_droverd_may_still_go_on(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = bench_new(3);
    bench.n_fence = 1;
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", NULL);
    memorize(&memory, &bench);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", NULL);
    bench_gone(&bench, "kvm1", "ha9", "crashed");
    memorize(&memory, &bench);
    uint64_t move = start_of(&bench, "ha9")->move;
    double now = bench.now;
    bench_free(&bench);

    bench = reborn(&memory, now + 5);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9-", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "preparing");
    for (int i = 0; i < 14; i++) {
        bench_tick(&bench, 5);
        bench_report(&bench, "kvm1", "ha9-", NULL);
    }
    assert_string_equal(bench_migration_state(&bench, move), "queued"); /* it never came up */
    bench_free(&bench);
}

static void no_definition_goes_before_the_live_one_is_heard(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench;
    uint64_t move = begin_restart(&bench);
    memorize(&memory, &bench);
    bench_runs(&bench, "kvm3", "ha9");
    memorize(&memory, &bench);
    started(&bench, move, true);
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);

    bench = reborn(&memory, now + 5);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9-", NULL); /* that it runs on kvm3 is remembered only */
    assert_int_equal(bench_count(&bench, EFFECT_UNDEFINE), 0);
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting"); /* it waits for that */
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", "ha9", NULL);
    bench_tick(&bench, 5);
    assert_string_equal(bench_effect(&bench, EFFECT_REFRESH, 0)->host, "kvm1");
    bench_report(&bench, "kvm1", "ha9-", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_UNDEFINE), 1);
    bench_gone(&bench, "kvm1", "ha9", "undefined");
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

static void what_a_failed_try_has_defined_goes_too(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = begin_restart(&bench);
    started(&bench, move, false);
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm3", "ha9-", NULL);
    bench_tick(&bench, 31);
    assert_string_equal(start_of(&bench, "ha9")->host, "kvm2");
    bench_runs(&bench, "kvm2", "ha9");
    started(&bench, move, true);
    bench_report(&bench, "kvm3", "ha9-", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_UNDEFINE), 1);
    assert_string_equal(bench_state(&bench, "kvm3"), "up"); /* it is not held up by that */
    bench_free(&bench);
}

static void who_is_cut_off_meanwhile_fences_no_further(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    bench_lose(&bench, "kvm2", "keepalive");
    bench_lose(&bench, "kvm3", "keepalive");
    probed(&bench, "kvm1", "silent");
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_free(&bench);
}

static void a_queued_move_gives_way_to_the_restart(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_report(&bench, "kvm1", "ha9", "ha5", "ha3", NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 2); /* the limit: ha3 waits */
    dies_and_is_fenced(&bench);
    assert_non_null(start_of(&bench, "ha3"));
    bench_free(&bench);
}

static void what_was_lost_is_remembered_whatever_it_is(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench;
    begin_restart(&bench);
    memorize(&memory, &bench);
    bool kept = false;
    for (uint32_t i = 0; i < memory.n; i++)
        kept |= strcmp(memory.name[i], "ha/web") == 0 && memory.value[i];
    assert_true(kept); /* it has no ha, and a policy or a person may want it back all the same */
    bench_free(&bench);
    bench = reborn(&memory, 2000);
    bench_free(&bench);
}

/* kvm1 was away for long, without a fence, and is back without ha9. */
static struct bench back_without_it(void)
{
    struct bench bench = begin(0);
    bench_lose(&bench, "kvm1", "keepalive");
    bench_tick(&bench, 90);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9-", "ha5", "web", NULL);
    assert_null(start_of(&bench, "ha9"));
    return bench;
}

static void what_ended_out_of_sight_comes_back_when_no_host_has_it(void **state)
{
    (void)state;
    struct bench bench = back_without_it();
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm1", "ha9-", "ha5", "web", NULL);
    bench_report(&bench, "kvm2", "other", NULL);
    assert_null(start_of(&bench, "ha9")); /* kvm3 may have it */
    bench_report(&bench, "kvm3", NULL);
    assert_non_null(start_of(&bench, "ha9"));
    bench_free(&bench);
}

static void what_was_moved_out_of_sight_is_left_alone(void **state)
{
    (void)state;
    struct bench bench = back_without_it();
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm1", "ha9-", "ha5", "web", NULL);
    bench_report(&bench, "kvm3", "ha9", NULL);
    assert_null(start_of(&bench, "ha9"));
    bench_report(&bench, "kvm2", "other", NULL);
    assert_null(start_of(&bench, "ha9"));
    bench_tick(&bench, 700);
    assert_null(start_of(&bench, "ha9"));
    bench_free(&bench);
}

/*
 * kvm1 was fenced, told to go on where it is wanted, and has not been heard since. Then ha7 ends on
 * kvm2 while that is out of sight, and kvm3 has not got it.
 */
static struct bench ended_after_a_fence(bool wanted)
{
    struct bench bench = begin(1);
    bench_report(&bench, "kvm1", "web", NULL);
    bench_report(&bench, "kvm2", "other", "ha7", NULL);
    dies(&bench);
    if (!wanted)
        bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm1", "silent");
    assert_string_equal(bench_state(&bench, "kvm1"), "down");
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), wanted ? 1 : 0); /* "on" */
    bench_tick(&bench, 1);
    bench_lose(&bench, "kvm2", "keepalive");
    bench_tick(&bench, 61.5);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", "other", NULL);
    assert_null(start_of(&bench, "ha7"));
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm2", "other", NULL);
    bench_report(&bench, "kvm3", NULL);
    return bench;
}

/* Broken hardware does not come back by being switched on, and holds nothing up for ever. */
static void a_host_that_was_told_to_go_on_and_is_not_heard_is_fenced_anew(void **state)
{
    (void)state;
    struct bench bench = ended_after_a_fence(true);
    assert_null(start_of(&bench, "ha7")); /* kvm1 may run it by now */
    bench_tick(&bench, 300);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0); /* it may be booting */
    assert_true(engine_next_wake(bench.engine) <= bench.now + 301);
    bench_tick(&bench, 301);
    assert_non_null(bench_effect(&bench, EFFECT_PROBE, 0));
    assert_string_equal(bench_effect(&bench, EFFECT_PROBE, 0)->host, "kvm1");
    probed(&bench, "kvm1", "silent");
    assert_null(start_of(&bench, "ha7"));
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    assert_null(start_of(&bench, "ha7"));
    probed(&bench, "kvm1", "silent");
    assert_non_null(start_of(&bench, "ha7"));
    assert_string_equal(bench_state(&bench, "kvm1"), "down");
    bench_free(&bench);
}

static void a_host_that_was_told_to_go_on_and_is_heard_is_asked(void **state)
{
    (void)state;
    struct bench bench = ended_after_a_fence(true);
    bench_tick(&bench, 120);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", NULL);
    assert_non_null(start_of(&bench, "ha7"));
    bench_free(&bench);
}

static void a_host_that_was_fenced_and_left_off_is_not_waited_for(void **state)
{
    (void)state;
    struct bench bench = ended_after_a_fence(false);
    assert_non_null(start_of(&bench, "ha7"));
    bench_free(&bench);
}

/* droverd has been restarted, and knows that the host went on. */
static void that_a_host_goes_on_is_remembered_with_the_proof(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = begin(1);
    bench_report(&bench, "kvm1", "web", NULL);
    memorize(&memory, &bench);
    bench_report(&bench, "kvm2", "other", "ha7", NULL);
    memorize(&memory, &bench);
    dies_and_is_fenced(&bench);
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);

    bench = reborn(&memory, now + 5);
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", NULL);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", "other", "ha7", NULL);
    bench_tick(&bench, 1);
    bench_lose(&bench, "kvm2", "keepalive");
    bench_tick(&bench, 61.5);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", "other", NULL);
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm3", NULL);
    assert_null(start_of(&bench, "ha7"));
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", NULL);
    assert_non_null(start_of(&bench, "ha7"));
    bench_free(&bench);
}

/* From kvm2, to a host that is about to die. */
static uint64_t moves_to_kvm1(struct bench *bench)
{
    bench_request(bench, "migrate", NULL, "other", "kvm1");
    assert_non_null(bench_effect(bench, EFFECT_MIGRATE, 0));
    uint64_t move = bench_effect(bench, EFFECT_MIGRATE, 0)->move;
    bench_progress(bench, move, 1);
    bench_report(bench, "kvm2", "other!", NULL);
    return move;
}

/* libvirt at its source goes on until it has noticed, and says so then: nobody needs to ask. */
static void a_move_to_a_dead_host_is_over_when_its_source_says_so(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    uint64_t move = moves_to_kvm1(&bench);
    dies_and_is_fenced(&bench);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 0);
        assert_int_equal(bench_count(&bench, EFFECT_WATCH), 0);
        bench_tick(&bench, 1);
        bench_report(&bench, "kvm2", "other!", NULL);
    }
    assert_string_equal(bench_migration_state(&bench, move), "running");
    bench_done(&bench, move, false, "no route to host");
    bench_report(&bench, "kvm2", "other", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    bench_free(&bench);
}

/* The VM has stayed, and its call is about to come back: until it has nothing new is begun. */
static void a_move_to_a_dead_host_that_has_stayed_waits_for_its_call(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    uint64_t move = moves_to_kvm1(&bench);
    dies(&bench);
    probed(&bench, "kvm1", "silent");
    uint64_t order = fence_order(&bench, "off");
    bench_lose(&bench, "kvm2", "eof");
    fenced(&bench, "kvm1", order, "off");
    probed(&bench, "kvm1", "silent");
    assert_string_equal(bench_state(&bench, "kvm1"), "down");
    bench_connect(&bench, "kvm2");
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm2", "other", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "running");
    bench_done(&bench, move, false, "no route to host");
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm2", "other", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    bench_free(&bench);
}

static void an_ha_vm_that_crashes_while_it_moves_comes_back(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_request(&bench, "migrate", NULL, "ha9", "kvm3");
    const struct effect *effect = bench_effect(&bench, EFFECT_MIGRATE, 0);
    assert_non_null(effect);
    uint64_t move = effect->move;
    bench_gone(&bench, "kvm1", "ha9", "crashed");
    struct event *event = bench_event(&bench, EVENT_MIGRATION_DONE, NULL);
    event->id = move;
    event_set(event, &event->text, "domain is not running");
    bench_take(&bench, event);
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm1", "ha9-", "ha5", "web", NULL);
    bench_report(&bench, "kvm3", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "failed");
    assert_non_null(start_of(&bench, "ha9"));
    bench_free(&bench);
}

/* The hook of a host asks whether this may happen to the VM there. */
static const struct effect *hook_asks(struct bench *bench, const char *host, const char *operation,
                                      const char *name)
{
    struct event *event = bench_event(bench, EVENT_HOOK_ASK, host);
    event->id = 99;
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.operation, operation);
    event_set(event, &event->hook.object, name);
    struct vm vm = bench_vm(name);
    event_add_vm(event, &vm);
    bench_take(bench, event);
    return bench_effect(bench, EFFECT_HOOK_ANSWER, 0);
}

static void nobody_else_starts_what_drover_is_about_to(void **state)
{
    (void)state;
    struct bench bench;
    begin_restart(&bench); /* ha5 waits for ha9 */
    const struct effect *answer = hook_asks(&bench, "kvm2", "start", "ha5");
    assert_false(answer->ok);
    assert_string_equal(answer->name, "vm.restarts");
    bench_free(&bench);
}

static void a_report_of_before_says_nothing_of_what_has_just_come(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t move = begin_restart(&bench);
    bench_tick(&bench, 5);
    bench_runs(&bench, "kvm3", "ha9");
    started(&bench, move, true);
    bench.now -= 2; /* it was begun to be read then, and has been overtaken */
    bench_report(&bench, "kvm3", NULL);
    bench.now += 2;
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9-", NULL);
    assert_string_equal(fleet_vm(engine_fleet(bench.engine), "ha9")->host, "kvm3");
    bench_free(&bench);
}

/* Its restart waits for proof; so does everybody else's start. A plain VM is its owner's business. */
static void nobody_starts_an_ha_vm_elsewhere_while_its_host_is_merely_silent(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_lose(&bench, "kvm1", "keepalive");
    const struct effect *answer = hook_asks(&bench, "kvm2", "start", "ha9");
    assert_false(answer->ok);
    assert_non_null(strstr(answer->text, "not known to be off"));
    assert_true(hook_asks(&bench, "kvm2", "start", "web")->ok);
    bench_free(&bench);
}

/* The same where that report lists it, as it was then. */
static void a_report_of_before_does_not_end_what_has_just_started(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_report(&bench, "kvm2", "other-", NULL);
    bench_tick(&bench, 10);
    bench_runs(&bench, "kvm2", "other");
    bench.now -= 2;
    bench_report(&bench, "kvm2", "other-", NULL);
    bench.now += 2;
    assert_int_equal(fleet_vm(engine_fleet(bench.engine), "other")->state, DROVER_VM_RUNNING);
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm2", "other-", NULL); /* begun after that: so it is */
    assert_int_equal(fleet_vm(engine_fleet(bench.engine), "other")->state, DROVER_VM_DOWN);
    bench_free(&bench);
}

static void a_report_of_before_does_not_cancel_the_restart_of_a_vm_that_crashed(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_request(&bench, "maintenance_on", "kvm2", NULL, NULL);
    bench_request(&bench, "maintenance_on", "kvm3", NULL, NULL);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    bench_gone(&bench, "kvm1", "ha9", "crashed"); /* and no host takes it now */
    bench.now -= 1;
    bench_report(&bench, "kvm1", "ha9", "ha5", "web", NULL);
    bench.now += 1;
    bench_request(&bench, "maintenance_off", "kvm3", NULL, NULL);
    for (int i = 0; i < 4 && !start_of(&bench, "ha9"); i++)
        bench_tick(&bench, 31);
    assert_non_null(start_of(&bench, "ha9"));
    bench_free(&bench);
}

/* Out of sight it counts as switched off, as that is what maintenance is for; but not if it lives. */
static void a_host_in_maintenance_that_speaks_may_have_it(void **state)
{
    (void)state;
    for (int speaks = 0; speaks <= 1; speaks++) {
        struct bench bench = begin(0);
        bench_request(&bench, "maintenance_on", "kvm3", NULL, NULL);
        assert_string_equal(bench_state(&bench, "kvm3"), "maintenance");
        bench_tick(&bench, 1);
        bench_lose(&bench, "kvm3", "keepalive");
        if (speaks)
            hook_asks(&bench, "kvm3", "release", "some");
        bench_lose(&bench, "kvm1", "keepalive");
        bench_tick(&bench, 90);
        bench_connect(&bench, "kvm1");
        bench_report(&bench, "kvm1", "ha9-", "ha5", "web", NULL);
        bench_tick(&bench, 1);
        bench_report(&bench, "kvm1", "ha9-", "ha5", "web", NULL);
        bench_report(&bench, "kvm2", "other", NULL);
        assert_int_equal(start_of(&bench, "ha9") != NULL, !speaks);
        bench_connect(&bench, "kvm3");
        bench_report(&bench, "kvm3", "ha9", NULL);
        assert_null(start_of(&bench, "ha9"));
        bench_free(&bench);
    }
}

/* kvm1 is proven off: kvm2 is asked whether it has ha9, and has it. */
static void is_found_on_kvm2(struct bench *bench)
{
    bench_tick(bench, 5);
    probed(bench, "kvm1", "silent");
    fenced(bench, "kvm1", fence_order(bench, "off"), "off");
    probed(bench, "kvm1", "silent");
    assert_string_equal(bench_state(bench, "kvm1"), "down");
    assert_null(start_of(bench, "ha9"));
    assert_string_equal(bench_effect(bench, EFFECT_REFRESH, 0)->host, "kvm2");
    bench_tick(bench, 1);
    bench_report(bench, "kvm2", "other", "ha9", NULL);
    assert_null(start_of(bench, "ha9"));
    assert_string_equal(fleet_vm(engine_fleet(bench->engine), "ha9")->host, "kvm2");
}

/* Its host was out of sight; virsh moved it away, and libvirt's event of that was lost. */
static void whom_the_hook_let_in_elsewhere_is_looked_for_there_first(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    assert_true(hook_asks(&bench, "kvm2", "migrate", "ha9")->ok);
    is_found_on_kvm2(&bench);
    bench_free(&bench);
}

/* It was on its way still when that host told what it has, and it came before its source was off. */
static void who_was_on_its_way_then_is_looked_for_again(void **state)
{
    (void)state;
    for (int seen = 0; seen <= 1; seen++) {
        struct bench bench = begin(1);
        assert_true(hook_asks(&bench, "kvm2", "migrate", "ha9")->ok);
        if (seen)
            bench_report(&bench, "kvm1", "ha9!", "ha5", "web", NULL);
        dies(&bench);
        bench_report(&bench, "kvm2", "other", NULL);
        is_found_on_kvm2(&bench);
        bench_free(&bench);
    }
}

static void whom_the_hook_let_in_elsewhere_and_is_not_there_comes_back(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    assert_true(hook_asks(&bench, "kvm2", "migrate", "ha9")->ok);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm1", "silent");
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm2", "other", NULL);
    assert_non_null(start_of(&bench, "ha9"));
    bench_free(&bench);
}

/* The clock was set back meanwhile: the VM's last move is not of a time to come. */
static void a_report_is_believed_after_the_clock_was_set_back(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = begin(1);
    bench_runs(&bench, "kvm2", "web"); /* somebody has moved it */
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);

    bench = reborn(&memory, now - 100);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", "other", "web", NULL);
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm2", "other", "web-", NULL);
    assert_int_equal(fleet_vm(engine_fleet(bench.engine), "web")->state, DROVER_VM_DOWN);
    bench_free(&bench);
}

/* What was remembered of the VM may be old: its host has to say it. */
static void an_arrival_of_before_is_not_believed_after_a_restart_of_droverd(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench;
    uint64_t move = begin_restart(&bench);
    memorize(&memory, &bench);
    bench_runs(&bench, "kvm3", "ha9"); /* the call itself has not returned */
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);

    bench = reborn(&memory, now + 5);
    assert_string_not_equal(bench_migration_state(&bench, move), "completed");
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", "ha9", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "completed");
    bench_free(&bench);
}

static void a_vm_that_rests_does_so_over_a_restart_of_droverd(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench;
    uint64_t move = begin_restart(&bench);
    memorize(&memory, &bench);
    bench_runs(&bench, "kvm3", "ha9");
    memorize(&memory, &bench);
    started(&bench, move, true);
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);

    bench = reborn(&memory, now + 5);
    assert_false(isnan(fleet_vm(engine_fleet(bench.engine), "ha9")->moved_at)); /* not seen yet */
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", "ha9", NULL);
    assert_false(isnan(fleet_vm(engine_fleet(bench.engine), "ha9")->moved_at));
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_under_way_is_not_ordered_anew),
        cmocka_unit_test(the_end_of_an_earlier_try_is_not_that_of_this_one),
        cmocka_unit_test(a_start_of_a_killed_droverd_may_still_go_on),
        cmocka_unit_test(no_definition_goes_before_the_live_one_is_heard),
        cmocka_unit_test(what_a_failed_try_has_defined_goes_too),
        cmocka_unit_test(who_is_cut_off_meanwhile_fences_no_further),
        cmocka_unit_test(a_queued_move_gives_way_to_the_restart),
        cmocka_unit_test(what_was_lost_is_remembered_whatever_it_is),
        cmocka_unit_test(what_ended_out_of_sight_comes_back_when_no_host_has_it),
        cmocka_unit_test(what_was_moved_out_of_sight_is_left_alone),
        cmocka_unit_test(a_host_that_was_told_to_go_on_and_is_not_heard_is_fenced_anew),
        cmocka_unit_test(a_host_that_was_told_to_go_on_and_is_heard_is_asked),
        cmocka_unit_test(a_host_that_was_fenced_and_left_off_is_not_waited_for),
        cmocka_unit_test(that_a_host_goes_on_is_remembered_with_the_proof),
        cmocka_unit_test(a_move_to_a_dead_host_is_over_when_its_source_says_so),
        cmocka_unit_test(a_move_to_a_dead_host_that_has_stayed_waits_for_its_call),
        cmocka_unit_test(an_ha_vm_that_crashes_while_it_moves_comes_back),
        cmocka_unit_test(nobody_else_starts_what_drover_is_about_to),
        cmocka_unit_test(a_report_of_before_says_nothing_of_what_has_just_come),
        cmocka_unit_test(nobody_starts_an_ha_vm_elsewhere_while_its_host_is_merely_silent),
        cmocka_unit_test(a_report_of_before_does_not_end_what_has_just_started),
        cmocka_unit_test(a_report_of_before_does_not_cancel_the_restart_of_a_vm_that_crashed),
        cmocka_unit_test(a_host_in_maintenance_that_speaks_may_have_it),
        cmocka_unit_test(whom_the_hook_let_in_elsewhere_is_looked_for_there_first),
        cmocka_unit_test(who_was_on_its_way_then_is_looked_for_again),
        cmocka_unit_test(whom_the_hook_let_in_elsewhere_and_is_not_there_comes_back),
        cmocka_unit_test(a_report_is_believed_after_the_clock_was_set_back),
        cmocka_unit_test(an_arrival_of_before_is_not_believed_after_a_restart_of_droverd),
        cmocka_unit_test(a_vm_that_rests_does_so_over_a_restart_of_droverd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
