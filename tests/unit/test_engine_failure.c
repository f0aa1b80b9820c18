/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that die: nothing is started elsewhere before it is proven that the host is off; what is
 * started then, in which order, and what becomes of it when more goes wrong.
 */
#include "engine_failure.h"

static void a_dead_host_is_fenced_and_its_vms_come_back_in_order(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies_and_is_fenced(&bench);
    assert_int_equal(bench_count(&bench, EFFECT_START), 1); /* the important one first */
    const struct effect *first = start_of(&bench, "ha9");
    assert_non_null(first);
    assert_string_equal(first->host, "kvm3"); /* it has the fewest */
    uint64_t move = first->move;
    started(&bench, move, true);
    assert_int_equal(bench_count(&bench, EFFECT_START), 0); /* not before the host shows it */
    bench_runs(&bench, "kvm3", "ha9");
    assert_string_equal(bench_migration_state(&bench, move), "completed");
    assert_non_null(start_of(&bench, "ha5"));
    assert_null(start_of(&bench, "web")); /* the policy does not want it back */
    bench_free(&bench);
}

static void fencing_that_fails_starts_nothing(void **state)
{
    (void)state;
    static const char *const results[] = {"failed", "unknown", "on"};
    for (int i = 0; i < 3; i++) {
        struct bench bench = begin(1);
        dies(&bench);
        probed(&bench, "kvm1", "silent");
        fenced(&bench, "kvm1", fence_order(&bench, "off"), results[i]);
        assert_int_equal(bench_count(&bench, EFFECT_START), 0);
        assert_non_null(bench_notice(&bench, "host.not_fenced"));
        assert_string_equal(bench_state(&bench, "kvm1"), "non_responsive");
        bench_tick(&bench, 181); /* and again */
        assert_non_null(bench_effect(&bench, EFFECT_PROBE, 0));
        probed(&bench, "kvm1", "silent");
        assert_true(fence_order(&bench, "off") > 0);
        bench_free(&bench);
    }
}

static void a_late_answer_proves_nothing(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    probed(&bench, "kvm1", "silent");
    uint64_t order = fence_order(&bench, "off");
    bench_tick(&bench, 91); /* the device has not answered in time */
    assert_non_null(bench_notice(&bench, "host.not_fenced"));
    fenced(&bench, "kvm1", order, "off");
    probed(&bench, "kvm1", "silent");
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    assert_string_equal(bench_state(&bench, "kvm1"), "non_responsive");
    bench_free(&bench);
}

static void all_devices_of_a_level_must_say_off(void **state)
{
    (void)state;
    struct bench bench = begin(2);
    dies(&bench);
    probed(&bench, "kvm1", "silent");
    assert_true(bench_effect(&bench, EFFECT_FENCE, 0)->number == 0);
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    assert_true(bench_effect(&bench, EFFECT_FENCE, 0)->number == 1);
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "failed");
    assert_non_null(bench_notice(&bench, "host.not_fenced"));
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

static void a_device_that_lies_is_not_believed(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm1", "answers");
    assert_non_null(bench_notice(&bench, "host.not_fenced"));
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

static void libvirtd_alone_is_brought_back_softly(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench.soft = true;
    bench.n_fence = 2;
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_connect(&bench, "kvm2");
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm1", "ha9", NULL);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    bench_tick(&bench, 301);
    dies(&bench);
    probed(&bench, "kvm1", "answers");
    fenced(&bench, "kvm1", fence_order(&bench, "soft"), "on");
    assert_null(bench_effect(&bench, EFFECT_FENCE, 0));
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_tick(&bench, 3600);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE) + bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

static void a_controller_that_is_cut_off_touches_nothing(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_lose(&bench, "kvm1", "keepalive");
    bench_lose(&bench, "kvm2", "keepalive");
    bench_tick(&bench, 3600);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE) + bench_count(&bench, EFFECT_FENCE), 0);
    bench_connect(&bench, "kvm2"); /* now it is one alone */
    bench_report(&bench, "kvm2", "other", NULL);
    bench_tick(&bench, 1);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0); /* which may be heard next */
    bench_tick(&bench, 65);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 1);
    probed(&bench, "kvm1", "silent");
    assert_true(fence_order(&bench, "off") > 0);
    bench_free(&bench);
}

/* It began with one host, and more follow before anything was switched off. */
static void cut_off_in_the_middle_it_goes_no_further(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    bench_lose(&bench, "kvm2", "keepalive");
    probed(&bench, "kvm1", "silent");
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_tick(&bench, 3600);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE) + bench_count(&bench, EFFECT_FENCE), 0);
    bench_free(&bench);
}

static void nothing_is_fenced_soon_after_the_start(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    bench.n_fence = 1;
    bench_start(&bench);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", NULL);
    bench_tick(&bench, 200);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0);
    assert_true(engine_next_wake(bench.engine) <= 1300);
    bench_tick(&bench, 101);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 1);
    bench_free(&bench);
}

static void a_host_that_comes_back_before_it_is_fenced_keeps_its_vms(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    probed(&bench, "kvm1", "silent");
    uint64_t order = fence_order(&bench, "off");
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", "ha5", "web", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "fencing"); /* it may still be switched off */
    fenced(&bench, "kvm1", order, "off");
    bench_tick(&bench, 100);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

static void what_the_host_still_runs_is_not_started_elsewhere(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies_and_is_fenced(&bench);
    uint64_t move = start_of(&bench, "ha9")->move;
    bench_connect(&bench, "kvm1"); /* fenced, and yet: with ha5 running, started by somebody */
    bench_report(&bench, "kvm1", "ha5", "ha9-", "web-", NULL);
    bench_runs(&bench, "kvm3", "ha9");
    started(&bench, move, true);
    assert_null(start_of(&bench, "ha5"));
    bench_tick(&bench, 700);
    assert_null(start_of(&bench, "ha5"));
    bench_free(&bench);
}

static void a_definition_left_on_the_dead_host_goes_before_it_is_up(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies_and_is_fenced(&bench);
    uint64_t move = start_of(&bench, "ha9")->move;
    started(&bench, move, true);
    bench_runs(&bench, "kvm3", "ha9");
    uint64_t second = start_of(&bench, "ha5")->move;
    started(&bench, second, true);
    bench_runs(&bench, "kvm2", "ha5");
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9-", "web-", "ha5-", NULL);
    assert_int_equal(bench_count(&bench, EFFECT_UNDEFINE), 2); /* web is not drover's business */
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting");
    bench_gone(&bench, "kvm1", "ha9", "undefined");
    bench_gone(&bench, "kvm1", "ha5", "undefined");
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

static void a_start_that_fails_is_tried_elsewhere_and_for_ever(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies_and_is_fenced(&bench);
    uint64_t move = start_of(&bench, "ha9")->move;
    started(&bench, move, false);
    assert_string_equal(bench_migration_state(&bench, move), "preparing"); /* kvm3 must say so */
    bench_tick(&bench, 1);
    bench_report(&bench, "kvm3", NULL);
    assert_string_equal(bench_migration_state(&bench, move), "queued");
    bench_tick(&bench, 31);
    assert_non_null(start_of(&bench, "ha9"));
    assert_string_equal(start_of(&bench, "ha9")->host, "kvm2");
    started(&bench, move, false);
    for (int i = 0; i < 40; i++) {
        bench_tick(&bench, 31);
        if (start_of(&bench, "ha9"))
            started(&bench, move, false);
        bench_tick(&bench, 1);
        bench_report(&bench, "kvm2", "other", NULL);
        bench_report(&bench, "kvm3", NULL);
    }
    assert_false(migration_ended(bench_migration(&bench, move)));
    assert_true(bench_migration(&bench, move)->attempt > 10);
    assert_true(bench_migration(&bench, move)->not_before <= bench.now + 1800);
    bench_free(&bench);
}

static void lower_priorities_wait_but_not_for_ever(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies_and_is_fenced(&bench);
    assert_non_null(start_of(&bench, "ha9"));
    bench_tick(&bench, 300);
    assert_null(start_of(&bench, "ha5"));
    bench_tick(&bench, 301);
    assert_non_null(start_of(&bench, "ha5"));
    bench_free(&bench);
}

static void a_second_host_that_dies_during_the_restart_must_be_proven_dead_too(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies_and_is_fenced(&bench);
    uint64_t move = start_of(&bench, "ha9")->move;
    bench_lose(&bench, "kvm3", "keepalive"); /* where it was to start: did it? */
    started(&bench, move, false);
    bench_tick(&bench, 62);
    assert_null(start_of(&bench, "ha9"));
    probed(&bench, "kvm3", "silent");
    fenced(&bench, "kvm3", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm3", "silent");
    bench_tick(&bench, 31);
    assert_non_null(start_of(&bench, "ha9"));
    assert_string_equal(start_of(&bench, "ha9")->host, "kvm2");
    bench_free(&bench);
}

static void an_ha_vm_that_crashes_comes_back(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_gone(&bench, "kvm1", "ha9", "crashed");
    assert_non_null(start_of(&bench, "ha9"));
    bench_gone(&bench, "kvm1", "web", "crashed");
    assert_null(start_of(&bench, "web"));
    bench_gone(&bench, "kvm1", "ha5", "shutdown"); /* its owner wanted so */
    assert_null(start_of(&bench, "ha5"));
    bench_tick(&bench, 3600);
    assert_null(start_of(&bench, "ha5"));
    bench_free(&bench);
}

static void a_person_may_vouch_for_a_host_that_is_off(void **state)
{
    (void)state;
    struct bench bench = begin(0);
    bench_request(&bench, "evacuate", "kvm1", NULL, NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED); /* it answers */
    bench_lose(&bench, "kvm1", "keepalive");
    bench_tick(&bench, 62);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0); /* without a device there is no point */
    bench_request(&bench, "evacuate", "kvm1", NULL, NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED); /* no proof */
    struct event *event = bench_event(&bench, EVENT_OPERATOR_REQUEST, "kvm1");
    static struct pair confirm = {"confirm", "yes", {0, 0}};
    event->id = 1;
    event_set(event, &event->name, "evacuate");
    event_set(event, &event->who, "ann");
    event->arguments = (struct pairs){.item = &confirm, .n = 1, .known = true};
    bench_take(&bench, event);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NONE);
    assert_string_equal(bench_state(&bench, "kvm1"), "down");
    assert_non_null(start_of(&bench, "ha9"));
    assert_non_null(strstr(start_of(&bench, "ha9")->text, "ann"));
    bench_free(&bench);
}

static void droverd_killed_between_fence_and_restart_goes_on(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = bench_new(3);
    bench.n_fence = 1;
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", "web", NULL);
    memorize(&memory, &bench);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    bench_tick(&bench, 301);
    dies(&bench);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm1", "silent");
    /* Only the proof got to the disk: it died before it had ordered anything. */
    for (uint32_t i = 0; i < bench.effects.n; i++)
        if (bench.effects.item[i].kind == EFFECT_REMEMBER &&
            strncmp(bench.effects.item[i].name, "move/", 5) == 0)
            bench.effects.item[i].kind = EFFECT_NOTICE;
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);

    bench = reborn(&memory, now + 5);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", NULL);
    bench_connect(&bench, "kvm3");
    bench_report(&bench, "kvm3", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "down");
    bench_tick(&bench, 31);
    assert_non_null(start_of(&bench, "ha9"));
    bench_free(&bench);
}

static void what_was_remembered_of_a_vm_gives_way_to_what_a_host_says(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", NULL);
    memorize(&memory, &bench);
    bench_free(&bench);
    bench = reborn(&memory, 2000);
    bench_connect(&bench, "kvm2");
    bench_report(&bench, "kvm2", "ha9", NULL); /* somebody moved it meanwhile */
    assert_null(bench_notice(&bench, "vm.moved"));
    assert_int_equal(bench_count(&bench, EFFECT_REFRESH), 0);
    assert_string_equal(fleet_vm(engine_fleet(bench.engine), "ha9")->host, "kvm2");
    bench_free(&bench);
}

/* ------------------------------------------------------------------ hosts that say it themselves */

static const char *why(const struct bench *bench, const char *host)
{
    uint32_t n;
    const struct host_status *all = engine_host_status(bench->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(all[i].name, host) == 0)
            return all[i].state_reason;
    return "";
}

/* What it writes would be lost if it were switched off, or on. */
static void a_host_that_writes_a_dump_is_left_to_it(void **state)
{
    (void)state;
    static const char *const seen[] = {"silent", "refuses", "unknown"};
    for (int i = 0; i < 3; i++) {
        struct bench bench = begin_with(2, true);
        bench_lose(&bench, "kvm1", "keepalive");
        uint64_t order = fence_order(&bench, "listen"); /* at once */
        assert_string_equal(bench_state(&bench, "kvm1"), "connecting");
        bench_tick(&bench, 20);
        fenced(&bench, "kvm1", order, "off");
        assert_int_equal(bench_count(&bench, EFFECT_START), 0);
        probed(&bench, "kvm1", seen[i]);
        assert_string_equal(bench_state(&bench, "kvm1"), "down");
        assert_string_equal(why(&bench, "kvm1"), "heard to run no guests any more, by device0");
        assert_non_null(start_of(&bench, "ha9"));
        assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
        bench_tick(&bench, 3600);
        assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
        assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0);
        bench_free(&bench);
    }
}

/* That nothing is heard is the rule: the other devices have their turn, and nobody is alarmed. */
static void a_host_of_which_no_word_is_heard_is_fenced(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench bench = begin_with(2, true);
        bench_lose(&bench, "kvm1", "keepalive");
        uint64_t order = fence_order(&bench, "listen");
        if (i == 0) {
            fenced(&bench, "kvm1", order, "failed");
            assert_null(bench_notice(&bench, "host.not_fenced"));
            assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0); /* not again */
            bench_tick(&bench, 61.5);
        } else {
            bench_tick(&bench, 61.5);
            assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0); /* it is still listened */
            assert_string_equal(bench_state(&bench, "kvm1"), "non_responsive");
            bench_tick(&bench, 30); /* the device has not come back */
        }
        assert_int_equal(bench_count(&bench, EFFECT_PROBE), 1);
        probed(&bench, "kvm1", "silent");
        const struct effect *off = bench_effect(&bench, EFFECT_FENCE, 0);
        assert_string_equal(off->name, "off");
        assert_true(off->number == 1);
        fenced(&bench, "kvm1", off->id, "failed");
        assert_non_null(bench_notice(&bench, "host.not_fenced"));
        bench_tick(&bench, 181); /* all of it again */
        assert_true(fence_order(&bench, "listen") > 0);
        bench_free(&bench);
    }
}

/* A service of it takes connections: whoever sent that message, the host lives. */
static void a_word_that_is_contradicted_is_no_proof(void **state)
{
    (void)state;
    struct bench bench = begin_with(2, true);
    bench_lose(&bench, "kvm1", "keepalive");
    fenced(&bench, "kvm1", fence_order(&bench, "listen"), "off");
    probed(&bench, "kvm1", "answers");
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting");
    bench_tick(&bench, 61.5);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm1", "refuses"); /* after a device that switches, that is life */
    assert_non_null(bench_notice(&bench, "host.not_fenced"));
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

/* It came back while it was listened to, and it said nothing of the kind before. */
static void a_word_of_an_earlier_loss_is_no_proof(void **state)
{
    (void)state;
    struct bench bench = begin_with(2, true);
    bench_lose(&bench, "kvm1", "keepalive");
    uint64_t order = fence_order(&bench, "listen");
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", "ha5", "web", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_lose(&bench, "kvm1", "keepalive");
    assert_true(fence_order(&bench, "listen") != order);
    fenced(&bench, "kvm1", order, "off");
    assert_int_equal(bench_count(&bench, EFFECT_PROBE) + bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);
}

/* ------------------------------------------------------------------ hosts that speak by their hook */

/* A guest has ended there: libvirt's daemon works, and is not reached. */
static void hook_speaks(struct bench *bench, const char *host)
{
    struct event *event = bench_event(bench, EVENT_HOOK_ASK, host);
    event->id = 99;
    event_set(event, &event->hook.driver, "qemu");
    event_set(event, &event->hook.operation, "release");
    event_set(event, &event->hook.object, "some");
    bench_take(bench, event);
}

static void a_host_that_speaks_has_its_grace_anew(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_lose(&bench, "kvm1", "keepalive");
    bench_tick(&bench, 50);
    hook_speaks(&bench, "kvm1");
    assert_non_null(bench_notice(&bench, "host.spoke"));
    bench_tick(&bench, 50);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 0);
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting");
    hook_speaks(&bench, "kvm1");
    assert_null(bench_notice(&bench, "host.spoke")); /* once */
    bench_tick(&bench, 61.5);
    assert_int_equal(bench_count(&bench, EFFECT_PROBE), 1);
    hook_speaks(&bench, "kvm1"); /* while it is probed */
    assert_string_equal(bench_state(&bench, "kvm1"), "connecting");
    probed(&bench, "kvm1", "silent");
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_tick(&bench, 61.5);
    probed(&bench, "kvm1", "silent");
    assert_true(fence_order(&bench, "off") > 0); /* it has not spoken since */
    bench_free(&bench);
}

static void libvirtd_of_a_host_that_spoke_is_brought_back_first(void **state)
{
    (void)state;
    struct bench bench = begin(2);
    bench.soft = true;
    bench_configure(&bench);
    bench_lose(&bench, "kvm1", "keepalive");
    hook_speaks(&bench, "kvm1");
    bench_tick(&bench, 61.5);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "soft"), "failed");
    assert_true(fence_order(&bench, "off") > 0);
    bench_free(&bench);
}

/* After its device has said off, and also after that was believed. */
static void a_host_that_speaks_is_not_off(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    dies(&bench);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    hook_speaks(&bench, "kvm1");
    assert_non_null(bench_notice(&bench, "host.not_fenced"));
    probed(&bench, "kvm1", "silent");
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    bench_free(&bench);

    bench = begin(1);
    dies_and_is_fenced(&bench);
    started(&bench, start_of(&bench, "ha9")->move, true);
    hook_speaks(&bench, "kvm1");
    assert_non_null(bench_notice(&bench, "host.proof_ends"));
    bench_runs(&bench, "kvm3", "ha9");
    assert_int_equal(bench_count(&bench, EFFECT_START), 0); /* ha5 waits for proof anew */
    bench_tick(&bench, 61.5);
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    probed(&bench, "kvm1", "silent");
    fenced(&bench, "kvm1", fence_order(&bench, "off"), "off");
    probed(&bench, "kvm1", "silent");
    assert_non_null(start_of(&bench, "ha5"));
    bench_free(&bench);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_host_is_fenced_and_its_vms_come_back_in_order),
        cmocka_unit_test(fencing_that_fails_starts_nothing),
        cmocka_unit_test(a_late_answer_proves_nothing),
        cmocka_unit_test(all_devices_of_a_level_must_say_off),
        cmocka_unit_test(a_device_that_lies_is_not_believed),
        cmocka_unit_test(libvirtd_alone_is_brought_back_softly),
        cmocka_unit_test(a_controller_that_is_cut_off_touches_nothing),
        cmocka_unit_test(cut_off_in_the_middle_it_goes_no_further),
        cmocka_unit_test(nothing_is_fenced_soon_after_the_start),
        cmocka_unit_test(a_host_that_comes_back_before_it_is_fenced_keeps_its_vms),
        cmocka_unit_test(what_the_host_still_runs_is_not_started_elsewhere),
        cmocka_unit_test(a_definition_left_on_the_dead_host_goes_before_it_is_up),
        cmocka_unit_test(a_start_that_fails_is_tried_elsewhere_and_for_ever),
        cmocka_unit_test(lower_priorities_wait_but_not_for_ever),
        cmocka_unit_test(a_second_host_that_dies_during_the_restart_must_be_proven_dead_too),
        cmocka_unit_test(an_ha_vm_that_crashes_comes_back),
        cmocka_unit_test(a_person_may_vouch_for_a_host_that_is_off),
        cmocka_unit_test(droverd_killed_between_fence_and_restart_goes_on),
        cmocka_unit_test(a_host_that_writes_a_dump_is_left_to_it),
        cmocka_unit_test(a_host_of_which_no_word_is_heard_is_fenced),
        cmocka_unit_test(a_word_that_is_contradicted_is_no_proof),
        cmocka_unit_test(a_word_of_an_earlier_loss_is_no_proof),
        cmocka_unit_test(a_host_that_speaks_has_its_grace_anew),
        cmocka_unit_test(libvirtd_of_a_host_that_spoke_is_brought_back_first),
        cmocka_unit_test(a_host_that_speaks_is_not_off),
        cmocka_unit_test(what_was_remembered_of_a_vm_gives_way_to_what_a_host_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
