/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units that fail: what stands in for their answer, what is told of it, and who is not called. */
#include "unit/decide_bench.h"

#include "model/answers.h"

#include <math.h>

struct scene {
    struct fleet *fleet;
    struct columns *columns;
    struct bench_rules *rules;
    struct told told;
};

/* kvm1 with the VM, kvm2 and kvm3 beside it. */
static struct scene begin(void)
{
    struct scene scene = {.fleet = fleet_new(), .rules = bench_rules_new()};
    bench_put_cluster(scene.fleet, "default");
    for (int i = 1; i <= 3; i++) {
        char name[] = "kvm0";
        name[3] = (char)('0' + i);
        struct host host = bench_host(name);
        fleet_put_host(scene.fleet, &host);
    }
    struct vm vm = bench_vm("web", "kvm1");
    fleet_put_vm(scene.fleet, &vm);
    scene.columns = columns_new(scene.fleet);
    return scene;
}

static void end(struct scene *scene)
{
    columns_free(scene->columns);
    fleet_free(scene->fleet);
    free(scene->rules);
}

static struct decision *ask(struct scene *scene)
{
    struct question question = {.vm = 0, .purpose = DROVER_TO_DRAIN};
    struct decision *decision = decide_explain(scene->columns, &scene->rules->set, &question);
    struct arena scratch = ARENA_INIT;
    uint32_t host = decide_host(scene->columns, &scene->rules->set, &question, &scratch);
    arena_free(&scratch);
    /* The fast way and the telling way never differ. */
    if (host == DROVER_NONE)
        assert_null(decision->chosen);
    else
        assert_string_equal(decision->chosen, scene->columns->hosts.name[host]);
    return decision;
}

static void a_failing_filter_denies_all_hosts(void **state)
{
    (void)state;
    struct scene scene = begin();
    scene.told = (struct told){.result = DROVER_FAILED, .words = "a table is missing"};
    bench_add_filter(scene.rules, &bench_told_filter_unit, &scene.told)->name = "site/told";
    struct decision *decision = ask(&scene);
    assert_null(decision->chosen);
    const struct host_verdict *verdict = bench_verdict(decision, "kvm2");
    assert_false(verdict->accepted);
    assert_string_equal(verdict->refused_by, "site/told");
    assert_string_equal(verdict->code, "told_filter.failed");
    assert_string_equal(verdict->reason,
                        "the filter site/told failed, and its policy then says deny");
    assert_int_equal(decision->failures.n, 1);
    const struct unit_failure *failure = bench_failure(&decision->failures, 0);
    assert_string_equal(failure->unit, "site/told");
    assert_string_equal(failure->error, "a table is missing");
    assert_string_equal(failure->treated, "deny");
    decision_free(decision);
    end(&scene);
}

static void a_failing_filter_is_left_out_under_neutral(void **state)
{
    (void)state;
    struct scene scene = begin();
    /* What it wrote before it failed does not count. */
    scene.told = (struct told){.result = DROVER_FAILED, .verdict = 1};
    bench_add_filter(scene.rules, &bench_told_filter_unit, &scene.told)->on_error =
        ON_ERROR_NEUTRAL;
    struct decision *decision = ask(&scene);
    assert_string_equal(decision->chosen, "kvm2");
    assert_string_equal(bench_failure(&decision->failures, 0)->error,
                        "it failed without saying why");
    assert_string_equal(bench_failure(&decision->failures, 0)->treated, "neutral");
    decision_free(decision);
    end(&scene);
}

static void an_overrun_is_said_to_be_one(void **state)
{
    (void)state;
    struct scene scene = begin();
    scene.told.result = DROVER_OVERRAN;
    bench_add_filter(scene.rules, &bench_told_filter_unit, &scene.told);
    struct decision *decision = ask(&scene);
    assert_string_equal(bench_failure(&decision->failures, 0)->error,
                        "it ran longer than it may");
    decision_free(decision);
    end(&scene);
}

static void last_good_verdicts_stand_in(void **state)
{
    (void)state;
    struct scene scene = begin();
    struct bound_unit *unit =
        bench_add_filter(scene.rules, &bench_told_filter_unit, &scene.told);
    unit->on_error = ON_ERROR_LAST_GOOD;
    unit->last_good = answers_new();

    scene.told.result = DROVER_FAILED; /* nothing good yet: as deny */
    struct decision *decision = ask(&scene);
    assert_null(decision->chosen);
    decision_free(decision);

    scene.told.result = 0;
    decision = ask(&scene);
    assert_string_equal(decision->chosen, "kvm2");
    assert_int_equal(decision->failures.n, 0);
    decision_free(decision);

    scene.told.result = DROVER_FAILED; /* accepted then, so accepted now */
    decision = ask(&scene);
    assert_string_equal(decision->chosen, "kvm2");
    assert_string_equal(bench_failure(&decision->failures, 0)->treated, "last_good");
    decision_free(decision);

    scene.told = (struct told){.verdict = 1};
    decision_free(ask(&scene));
    scene.told.result = DROVER_FAILED; /* refused then, so refused now */
    decision = ask(&scene);
    assert_null(decision->chosen);
    decision_free(decision);
    answers_free(unit->last_good);
    end(&scene);
}

static void an_open_breaker_keeps_a_filter_from_being_called(void **state)
{
    (void)state;
    struct scene scene = begin();
    struct bound_unit *unit =
        bench_add_filter(scene.rules, &bench_told_filter_unit, &scene.told);
    unit->open = true;
    struct decision *decision = ask(&scene);
    assert_null(decision->chosen);
    assert_int_equal(scene.told.calls, 0);
    assert_string_equal(bench_failure(&decision->failures, 0)->error,
                        "its circuit breaker is open: it failed too often");
    decision_free(decision);
    unit->open = false;
    decision = ask(&scene);
    assert_string_equal(decision->chosen, "kvm2");
    assert_int_equal(scene.told.calls, 2);
    decision_free(decision);
    end(&scene);
}

static void a_failing_weight_has_no_say(void **state)
{
    (void)state;
    static const struct told failures[] = {
        {.result = DROVER_FAILED}, {.result = DROVER_OVERRAN}, {.result = 7}, {.weight = NAN},
    };
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct scene scene = begin();
        scene.told = failures[i];
        bench_add_weight(scene.rules, &bench_told_weight_unit, &scene.told, 100);
        bench_add_weight(scene.rules, &bench_count_unit, NULL, 1);
        struct decision *decision = ask(&scene);
        assert_string_equal(decision->chosen, "kvm2");
        assert_int_equal(decision->failures.n, 1);
        const struct host_verdict *verdict = bench_verdict(decision, "kvm3");
        assert_int_equal(verdict->weights.n, 1);
        assert_string_equal(((const struct weighing *)verdict->weights.item)->unit, "count");
        decision_free(decision);
        end(&scene);
    }
}

static void last_good_weights_stand_in_for_all_hosts_or_none(void **state)
{
    (void)state;
    struct scene scene = begin();
    struct bound_unit *unit =
        bench_add_weight(scene.rules, &bench_told_weight_unit, &scene.told, 1);
    unit->on_error = ON_ERROR_LAST_GOOD;
    unit->last_good = answers_new();
    answers_put(unit->last_good, "web", "kvm2", 9);
    scene.told.result = DROVER_FAILED;
    struct decision *decision = ask(&scene); /* of kvm3 nothing is known */
    assert_int_equal(bench_verdict(decision, "kvm2")->weights.n, 0);
    assert_string_equal(decision->chosen, "kvm2");
    decision_free(decision);
    answers_put(unit->last_good, "web", "kvm3", 4);
    decision = ask(&scene);
    assert_int_equal(bench_verdict(decision, "kvm2")->weights.n, 1);
    assert_string_equal(decision->chosen, "kvm3");
    decision_free(decision);
    answers_free(unit->last_good);
    end(&scene);
}

/* A verdict beyond the unit's table of reasons is a refusal all the same. */
static void a_verdict_without_a_reason_refuses(void **state)
{
    (void)state;
    struct scene scene = begin();
    scene.told.verdict = 200;
    bench_add_filter(scene.rules, &bench_told_filter_unit, &scene.told);
    struct decision *decision = ask(&scene);
    assert_null(decision->chosen);
    assert_string_equal(bench_verdict(decision, "kvm3")->reason, "refused without a reason");
    assert_string_equal(bench_verdict(decision, "kvm3")->code, "refused");
    assert_int_equal(decision->failures.n, 0);
    decision_free(decision);
    end(&scene);
}

static int boundless_why(void *self, const struct drover_ask *asked, uint32_t host, uint8_t verdict,
                         struct drover_why *why)
{
    (void)self, (void)asked, (void)host, (void)verdict;
    memset(why->text, 'x', sizeof why->text); /* no NUL */
    memset(why->subject, 'y', sizeof why->subject);
    return 0;
}

static void a_reason_without_an_end_is_cut(void **state)
{
    (void)state;
    struct scene scene = begin();
    struct drover_unit unit = bench_told_filter_unit;
    unit.why = boundless_why;
    scene.told.verdict = 1;
    bench_add_filter(scene.rules, &unit, &scene.told);
    struct decision *decision = ask(&scene);
    assert_int_equal(strlen(bench_verdict(decision, "kvm2")->reason),
                     sizeof((struct drover_why *)0)->text - 1);
    decision_free(decision);
    end(&scene);
}

static void refusals_carry_figures_and_remedy(void **state)
{
    (void)state;
    struct scene scene = begin();
    struct vm vm = bench_vm("web", "kvm1");
    vm.memory_mib = 20000;
    fleet_put_vm(scene.fleet, &vm);
    columns_free(scene.columns);
    scene.columns = columns_new(scene.fleet);
    bench_add_filter(scene.rules, &bench_room_unit, NULL);
    scene.told.verdict = 1;
    bench_add_filter(scene.rules, &bench_told_filter_unit, &scene.told);
    struct decision *decision = ask(&scene);
    const struct host_verdict *verdict = bench_verdict(decision, "kvm2");
    assert_int_equal(verdict->refusals.n, 2);
    const struct refusal *refusal = verdict->refusals.item;
    assert_string_equal(refusal->code, "room.short");
    assert_string_equal(refusal->reason, "needs 20,000 MiB, has 16,384; 3,616 short");
    assert_string_equal(refusal->remedy, "with 3,616 MiB more");
    assert_string_equal(verdict->refused_by, "room");
    decision_free(decision);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_filter_denies_all_hosts),
        cmocka_unit_test(a_failing_filter_is_left_out_under_neutral),
        cmocka_unit_test(an_overrun_is_said_to_be_one),
        cmocka_unit_test(last_good_verdicts_stand_in),
        cmocka_unit_test(an_open_breaker_keeps_a_filter_from_being_called),
        cmocka_unit_test(a_failing_weight_has_no_say),
        cmocka_unit_test(last_good_weights_stand_in_for_all_hosts_or_none),
        cmocka_unit_test(a_verdict_without_a_reason_refuses),
        cmocka_unit_test(a_reason_without_an_end_is_cut),
        cmocka_unit_test(refusals_carry_figures_and_remedy),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
