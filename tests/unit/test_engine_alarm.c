/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts that announce trouble: their VMs leave by live moves, and nothing comes meanwhile. */
#include "engine_failure.h"

static void file(struct bench *bench, const char *host, const char *reason)
{
    struct event *event = bench_event(bench, EVENT_HOST_ALARM, host);
    event->ok = reason;
    event_set(event, &event->name, "file");
    event_set(event, &event->text, reason ? reason : "");
    bench_take(bench, event);
}

static void asked(struct bench *bench, const char *verb, const char *reason)
{
    struct event *event = bench_event(bench, EVENT_OPERATOR_REQUEST, "kvm1");
    struct pair *argument = arena_new(&event->arena, sizeof *argument);
    event->id = 4711;
    event_set(event, &event->name, verb);
    event_set(event, &event->who, "ann");
    if (reason) {
        *argument = (struct pair){.key = "reason", .value = reason};
        event->arguments = (struct pairs){.item = argument, .n = 1, .known = true};
    }
    bench_take(bench, event);
}

static const char *reason_of(const struct bench *bench, const char *host)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(bench->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(status[i].name, host) == 0)
            return status[i].state_reason;
    return "";
}

static void an_alarm_moves_vms_live(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    file(&bench, "kvm1", "2 uncorrected memory errors");
    assert_string_equal(bench_state(&bench, "kvm1"), "non_operational");
    assert_string_equal(reason_of(&bench, "kvm1"), "2 uncorrected memory errors");
    assert_non_null(strstr(bench_notice(&bench, "host.alarm")->text, "2 uncorrected"));
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 2); /* as many as may leave at a time */
    assert_int_equal(bench_count(&bench, EFFECT_START), 0);
    assert_int_equal(bench_count(&bench, EFFECT_FENCE), 0);
    bench_free(&bench);
}

/* The third one waited for its turn. */
static void what_has_not_begun_by_its_end_stays(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    file(&bench, "kvm1", "hot");
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 2);
    file(&bench, "kvm1", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    const struct effect *ended = bench_effect(&bench, EFFECT_MIGRATION, 0);
    assert_int_equal(ended->migration->state, MIGRATION_CANCELLED);
    assert_string_equal(ended->migration->error, "its host is well again");
    bench_runs(&bench, "kvm2", "ha9"); /* one has arrived, and there would be room for the next */
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_tick(&bench, 120);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_free(&bench);
}

static void it_is_told_once_and_ends(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    file(&bench, "kvm2", "hot");
    file(&bench, "kvm2", "hot");
    assert_null(bench_notice(&bench, "host.alarm"));
    file(&bench, "kvm2", "hotter");
    assert_non_null(bench_notice(&bench, "host.alarm"));
    file(&bench, "kvm2", NULL);
    assert_non_null(bench_notice(&bench, "host.alarm"));
    assert_string_equal(bench_state(&bench, "kvm2"), "up");
    file(&bench, "kvm2", NULL);
    assert_null(bench_notice(&bench, "host.alarm"));
    file(&bench, "elsewhere", "hot");
    assert_non_null(bench_notice(&bench, "host.unknown"));
    bench_free(&bench);
}

static void each_source_ends_its_own(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    file(&bench, "kvm1", "hot");
    asked(&bench, "alarm_on", "on battery");
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_NONE);
    asked(&bench, "alarm_off", NULL);
    assert_int_equal(bench_effect(&bench, EFFECT_ANSWER, 0)->status, ERROR_REFUSED);
    assert_non_null(strstr(bench_effect(&bench, EFFECT_ANSWER, 0)->text, "hot"));
    assert_string_equal(bench_state(&bench, "kvm1"), "non_operational");
    file(&bench, "kvm1", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

static void what_was_asked_for_outlives_droverd(void **state)
{
    (void)state;
    struct memory memory = {.n = 0};
    struct bench bench = begin(1);
    asked(&bench, "alarm_on", "on battery");
    memorize(&memory, &bench);
    double now = bench.now;
    bench_free(&bench);
    bench = reborn(&memory, now);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", NULL);
    assert_string_equal(bench_state(&bench, "kvm1"), "non_operational");
    assert_string_equal(reason_of(&bench, "kvm1"), "on battery (ann)");
    asked(&bench, "alarm_off", NULL);
    bool forgotten = false;
    for (uint32_t i = 0; i < bench_count(&bench, EFFECT_FORGET); i++)
        forgotten |= strcmp(bench_effect(&bench, EFFECT_FORGET, i)->name, "alarm/kvm1") == 0;
    assert_true(forgotten);
    assert_string_equal(bench_state(&bench, "kvm1"), "up");
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_moves_vms_live),
        cmocka_unit_test(what_has_not_begun_by_its_end_stays),
        cmocka_unit_test(it_is_told_once_and_ends),
        cmocka_unit_test(each_source_ends_its_own),
        cmocka_unit_test(what_was_asked_for_outlives_droverd),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
