/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* N+1: whether the VMs of a host would fit elsewhere if it died now, and when that is told. */
#include "engine_failure.h"

static struct texts unfit(const struct bench *bench, const char *host)
{
    uint32_t n;
    const struct host_status *status = engine_host_status(bench->engine, &n);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(status[i].name, host) == 0)
            return status[i].would_not_fit;
    return (struct texts){0};
}

/* The bench's hosts have room for 100 VMs of the bench; this fills all but a few places. */
static void fill(struct bench *bench, const char *host, double mib)
{
    struct event *event = bench_event(bench, EVENT_VM_CHANGED, host);
    char name[32];
    snprintf(name, sizeof name, "filler-%s", host);
    struct vm vm = bench_vm(name);
    vm.memory_mib = mib;
    event_add_vm(event, &vm);
    bench_take(bench, event);
}

#define LOOK_S 301.0 /* what was found is good for five minutes */

static void nothing_is_known_before_a_round(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    bench_start(&bench);
    bench_connect(&bench, "kvm1");
    bench_report(&bench, "kvm1", "ha9", NULL);
    assert_false(unfit(&bench, "kvm1").known);
    bench_tick(&bench, 61); /* the others are connecting: nothing is known of them */
    assert_false(unfit(&bench, "kvm1").known);
    bench_report(&bench, "kvm2", NULL);
    bench_report(&bench, "kvm3", NULL);
    bench_tick(&bench, 61);
    assert_true(unfit(&bench, "kvm1").known && unfit(&bench, "kvm1").n == 0);
    bench_free(&bench);
}

static void what_would_not_fit_is_told_at_the_second_look(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_tick(&bench, 61);
    assert_int_equal(unfit(&bench, "kvm1").n, 0);
    fill(&bench, "kvm2", 10000);
    fill(&bench, "kvm3", 9850); /* one place is left */
    bench_tick(&bench, LOOK_S);
    assert_int_equal(unfit(&bench, "kvm1").n, 1);
    assert_string_equal(unfit(&bench, "kvm1").item[0], "ha9"); /* the bench asks by name */
    assert_null(bench_notice(&bench, "n1.lost"));
    bench_tick(&bench, 61);
    const struct effect *lost = bench_notice(&bench, "n1.lost");
    assert_non_null(lost);
    assert_non_null(strstr(lost->text, "kvm1 (ha9)"));
    bench_tick(&bench, 61); /* once */
    assert_null(bench_notice(&bench, "n1.lost"));
    bench_gone(&bench, "kvm2", "filler-kvm2", "shutdown");
    bench_tick(&bench, LOOK_S);
    assert_null(bench_notice(&bench, "n1.regained"));
    bench_tick(&bench, 61);
    assert_non_null(bench_notice(&bench, "n1.regained"));
    bench_free(&bench);
}

static void what_comes_and_goes_is_not_told(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    fill(&bench, "kvm2", 10000);
    for (int i = 0; i < 4; i++) {
        fill(&bench, "kvm3", i % 2 ? 100 : 9950);
        bench_tick(&bench, i % 2 ? 61 : LOOK_S);
        assert_null(bench_notice(&bench, "n1.lost"));
        assert_null(bench_notice(&bench, "n1.regained"));
    }
    bench_free(&bench);
}

static void a_host_that_is_down_has_nothing_to_lose(void **state)
{
    (void)state;
    struct bench bench = begin(1);
    bench_tick(&bench, 61);
    assert_true(unfit(&bench, "kvm1").known);
    dies_and_is_fenced(&bench);
    bench_tick(&bench, 61);
    assert_false(unfit(&bench, "kvm1").known);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_a_round),
        cmocka_unit_test(what_would_not_fit_is_told_at_the_second_look),
        cmocka_unit_test(what_comes_and_goes_is_not_told),
        cmocka_unit_test(a_host_that_is_down_has_nothing_to_lose),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
