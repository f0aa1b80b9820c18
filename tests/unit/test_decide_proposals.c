/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans out of what units propose: proposals that make no sense, those that filters refuse, whole
 * plans, and what becomes of them where the unit fails.
 */
#include "unit/plan_bench.h"

static void unusable_proposals_are_left_out(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    PROPOSE({STEP(VMS, only_b, 1), -1}, {STEP(DROVER_NONE, only_b, 1), -1},
            {STEP(WEB, beyond, 2), -1}, {STEP(WEB, nowhere, 1), -1},
            {STEP(ALIEN, only_b, 1), -1},
            {{.size = sizeof(struct drover_step), .vm = WEB, .hosts = only_b, .n_hosts = 1}, -1},
            {{.size = sizeof(struct drover_step), .kind = 99, .vm = WEB, .hosts = only_b,
              .n_hosts = 1}, -1});
    struct plan *plan = balance(&scene, UINT32_MAX);
    assert_int_equal(plan->moves.n, 0);
    assert_int_equal(plan->candidates.n, 0);
    assert_string_equal(plan->idle, "no host is out of bounds");
    plan_free(plan);
    end(&scene);
}

/* A host is switched only where drover may, in the state that fits, and empty. */
static void hosts_are_switched_where_that_is_allowed(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
#define SWITCH(kind_, host_)                                                                       \
    {.size = sizeof(struct drover_step), .kind = (kind_), .host = (host_), .reason = "because"}
    struct proposal old = {SWITCH(DROVER_STEP_MAINTENANCE, 2), -1};
    old.step.size = offsetof(struct drover_step, host); /* as a plugin of 1.0 would write it */
    PROPOSE({SWITCH(DROVER_STEP_MAINTENANCE, 0), -1}, /* a has VMs */
            {SWITCH(DROVER_STEP_MAINTENANCE, 1), -1}, /* one is on its way to b */
            {SWITCH(DROVER_STEP_MAINTENANCE, 2), 0},  /* c is managed and empty */
            {SWITCH(DROVER_STEP_ACTIVATE, 2), -1},    /* but it is up */
            {SWITCH(DROVER_STEP_POWER_OFF, 2), -1},
            {SWITCH(DROVER_STEP_POWER_ON, 2), -1},
            {SWITCH(DROVER_STEP_MAINTENANCE, 3), -1}, /* z is of another cluster */
            {SWITCH(DROVER_STEP_MAINTENANCE, 4), -1},
            {SWITCH(DROVER_STEP_ACTIVATE, 5), -1}, old);
    for (uint32_t i = 0; i < 3; i++)
        fleet_host(scene.fleet, (const char *[]){"a", "b", "c"}[i])->power_managed = true;
    ready(&scene);
    struct plan *plan = balance(&scene, 1);
    assert_int_equal(plan->powers.n, 1);
    const struct planned_power *power = plan->powers.item;
    assert_string_equal(power->host, "c");
    assert_string_equal(power->action, "maintenance");
    assert_string_equal(power->reason, "because");
    assert_string_equal(plan->idle, "");
    plan_free(plan);
    end(&scene);
}

static void a_host_of_people_is_not_switched(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    fleet_host(scene.fleet, "c")->power_managed = true;
    fleet_host(scene.fleet, "c")->state = DROVER_HOST_MAINTENANCE;
    ready(&scene);
    PROPOSE({SWITCH(DROVER_STEP_ACTIVATE, 2), -1}, {SWITCH(DROVER_STEP_POWER_OFF, 2), -1});
    plan_free(balance(&scene, 1));
    fleet_host(scene.fleet, "c")->power_by_policy = true;
    ready(&scene);
    const struct proposal by_policy[] = {{SWITCH(DROVER_STEP_ACTIVATE, 2), 0},
                                         {SWITCH(DROVER_STEP_POWER_OFF, 2), 0}};
    expect_proposals(by_policy, 2);
    struct plan *plan = balance(&scene, 1);
    assert_int_equal(plan->powers.n, 2);
    plan_free(plan);
    proposer_result = -1; /* what a unit proposed before it failed is not used */
    ready(&scene);
    plan = balance(&scene, 1);
    assert_int_equal(plan->powers.n, 0);
    plan_free(plan);
    end(&scene);
}

static void usable_proposals_are_checked_again(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    PROPOSE({STEP(BIG, only_b, 1), 0},     /* b has no room for it */
            {STEP(WEB, only_c, 1), 0},     /* nor c for this one */
            {STEP(WEB, foreign, 1), 0},    /* of another cluster */
            {STEP(DOWN, only_b, 1), 0}, {STEP(HELD, only_b, 1), 0}, {STEP(MANUAL, only_b, 1), 0},
            {STEP(MOVING, only_b, 1), 0}, {STEP(PAUSED, only_b, 1), 0},
            {STEP(TIRED, only_b, 1), 0});
    struct plan *plan = balance(&scene, UINT32_MAX);
    assert_int_equal(plan->moves.n, 0);
    assert_int_equal(plan->candidates.n, 9);
    assert_string_equal(plan->idle,
                        "no proposed move passes filters and weights, or its VM rests");
    plan_free(plan);
    end(&scene);
}

static void good_proposals_become_moves_once_and_up_to_the_budget(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    PROPOSE({STEP(TIRED, only_b, 1), 0}, {STEP(WEB, b_twice, 2), 0}, {STEP(WEB, only_b, 1), 0},
            {STEP(RESTED, NULL, 0), 0});
    struct plan *plan = balance(&scene, UINT32_MAX);
    assert_int_equal(plan->moves.n, 2);
    assert_string_equal(bench_move(plan, 0)->vm, "web");
    assert_string_equal(bench_move(plan, 0)->to, "b");
    assert_string_equal(bench_move(plan, 0)->reason, "because");
    assert_string_equal(bench_move(plan, 1)->vm, "rested");
    assert_string_equal(plan->idle, "");
    plan_free(plan);

    ready(&scene);
    plan = balance(&scene, 1);
    assert_int_equal(plan->moves.n, 1);
    assert_int_equal(plan->candidates.n, 4);
    plan_free(plan);
    ready(&scene);
    plan = balance(&scene, 0);
    assert_int_equal(plan->moves.n, 0);
    assert_int_equal(plan->candidates.n, 4);
    plan_free(plan);
    end(&scene);
}

static void the_source_may_win(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    struct told like_all = {.weight = 1};
    scene.rules->set.n_weights = 0;
    bench_add_weight(scene.rules, &bench_told_weight_unit, &like_all, 1);
    PROPOSE({STEP(WEB, a_and_b, 2), 0}); /* a tie: a is first by name, and web is there */
    struct plan *plan = balance(&scene, 1);
    assert_int_equal(plan->moves.n, 0);
    plan_free(plan);
    end(&scene);
}

static void a_failing_balancer_moves_nothing(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    PROPOSE({STEP(WEB, only_b, 1), 0});
    proposer_result = DROVER_FAILED;
    struct plan *plan = balance(&scene, 1);
    assert_int_equal(plan->moves.n + plan->candidates.n, 0);
    assert_string_equal(plan->idle, "proposer failed");
    assert_int_equal(plan->failures.n, 1);
    plan_free(plan);
    scene.rules->set.balance.open = true;
    expect_proposals(NULL, 0);
    plan = balance(&scene, 1);
    assert_string_equal(bench_failure(&plan->failures, 0)->error,
                        "its circuit breaker is open: it failed too often");
    plan_free(plan);
    end(&scene);
}

static void a_filter_that_fails_while_balancing_is_told(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    struct told told = {.result = DROVER_OVERRAN};
    bench_add_filter(scene.rules, &bench_told_filter_unit, &told);
    PROPOSE({STEP(WEB, only_b, 1), 0}, {STEP(RESTED, only_b, 1), 0});
    struct plan *plan = balance(&scene, 5);
    assert_int_equal(plan->moves.n, 0);
    assert_int_equal(plan->failures.n, 1);
    assert_int_equal(bench_failure(&plan->failures, 0)->times, 2);
    assert_string_equal(bench_failure(&plan->failures, 0)->unit, "told_filter");
    plan_free(plan);
    end(&scene);
}

/* ------------------------------------------------------------ whole plans */

static int whole_proposer(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                          struct drover_plan *plan)
{
    (void)self, (void)fleet, (void)cluster;
    plan->whole = 1;
    return propose_all(plan);
}

static const struct drover_unit whole_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_BALANCE, .name = "whole",
    .balance = whole_proposer,
};

static struct scene begin_whole(void)
{
    struct scene scene = begin_proposals();
    scene.rules->set.balance = (struct bound_unit){.unit = &whole_unit, .name = "whole"};
    return scene;
}

/* Of all hosts: what moves change, as columns made anew of the same fleet have it. */
static void assert_untouched(const struct scene *scene)
{
    struct columns *fresh = columns_new(scene->fleet);
    const struct drover_hosts *now = &scene->columns->hosts, *before = &fresh->hosts;
    for (uint32_t h = 0; h < before->n; h++) {
        assert_int_equal(now->vm_count[h], before->vm_count[h]);
        assert_int_equal(now->vm_pending[h], before->vm_pending[h]);
        assert_float_equal(now->vcpus[h], before->vcpus[h], 0);
        assert_float_equal(now->memory_committed_mib[h], before->memory_committed_mib[h], 0);
        assert_float_equal(now->memory_schedulable_mib[h], before->memory_schedulable_mib[h], 0);
        assert_int_equal(now->vms.start[h + 1], before->vms.start[h + 1]);
    }
    for (uint32_t v = 0; v < fresh->vms.n; v++) {
        double moved_s = scene->columns->vms.moved_s[v];
        assert_int_equal(scene->columns->vms.host[v], fresh->vms.host[v]);
        assert_int_equal(scene->columns->vms.to[v], fresh->vms.to[v]);
        assert_int_equal(now->vms.item[v], before->vms.item[v]);
        assert_true(isnan(moved_s) ? isnan(fresh->vms.moved_s[v])
                                   : !(moved_s < fresh->vms.moved_s[v] ||
                                       moved_s > fresh->vms.moved_s[v]));
    }
    columns_free(fresh);
}

static void a_whole_plan_moves_as_it_proposes(void **state)
{
    (void)state;
    struct scene scene = begin_whole();
    PROPOSE({STEP(WEB, only_b, 1), 0}, {STEP(WEB, only_b, 1), DROVER_NOT_TAKEN}, /* once */
            {STEP(TIRED, only_b, 1), DROVER_NOT_TAKEN}, {STEP(HELD, only_b, 1), DROVER_NOT_TAKEN},
            {STEP(VMS, only_b, 1), -1}, {STEP(RESTED, only_b, 1), 0},
            {STEP(MANUAL, only_b, 1), DROVER_NOT_TAKEN});
    struct plan *plan = balance(&scene, UINT32_MAX);
    assert_int_equal(plan->moves.n, 2);
    assert_string_equal(bench_move(plan, 0)->vm, "web");
    assert_string_equal(bench_move(plan, 1)->vm, "rested");
    assert_int_equal(plan->unplaced.n + plan->failures.n, 0);
    assert_int_equal(scene.columns->vms.host[WEB], 1);
    assert_float_equal(scene.columns->vms.moved_s[WEB], 0, 0);
    plan_free(plan);
    ready(&scene);
    const struct proposal beyond_budget[] = {{STEP(WEB, only_b, 1), 0},
                                             {STEP(RESTED, only_b, 1), DROVER_NOT_TAKEN}};
    expect_proposals(beyond_budget, 2);
    plan = balance(&scene, 1);
    assert_int_equal(plan->moves.n, 1);
    plan_free(plan);
    end(&scene);
}

static void a_whole_plan_of_a_unit_that_fails_is_taken_back(void **state)
{
    (void)state;
    struct scene scene = begin_whole();
    PROPOSE({STEP(WEB, only_b, 1), 0}, {STEP(BIG, only_b, 1), DROVER_NOT_TAKEN},
            {STEP(RESTED, only_b, 1), 0});
    proposer_result = DROVER_FAILED;
    struct plan *plan = balance(&scene, UINT32_MAX);
    assert_int_equal(plan->moves.n, 0);
    assert_int_equal(plan->unplaced.n, 0);
    assert_int_equal(plan->candidates.n, 0);
    assert_string_equal(plan->idle, "whole failed");
    assert_string_equal(bench_failure(&plan->failures, plan->failures.n - 1)->unit, "whole");
    assert_string_equal(bench_failure(&plan->failures, plan->failures.n - 1)->error,
                        "it failed without saying why");
    assert_untouched(&scene);
    plan_free(plan);
    end(&scene);
}

static void a_step_of_a_whole_plan_that_filters_refuse_is_told_and_counted(void **state)
{
    (void)state;
    struct scene scene = begin_whole();
    PROPOSE({STEP(BIG, only_b, 1), DROVER_NOT_TAKEN},  /* b has no room for it */
            {STEP(WEB, only_c, 1), DROVER_NOT_TAKEN},  /* nor c for this one */
            {STEP(RESTED, only_b, 1), 0});
    struct plan *plan = balance(&scene, UINT32_MAX);
    assert_int_equal(plan->moves.n, 1);
    assert_string_equal(bench_move(plan, 0)->vm, "rested");
    assert_int_equal(plan->unplaced.n, 2);
    assert_string_equal(bench_unplaced(plan, 0)->vm, "big");
    assert_string_equal(bench_unplaced(plan, 1)->vm, "web");
    assert_int_equal(plan->failures.n, 1);
    assert_string_equal(bench_failure(&plan->failures, 0)->unit, "whole");
    assert_int_equal(bench_failure(&plan->failures, 0)->times, 2);
    assert_string_equal(bench_failure(&plan->failures, 0)->error,
                        "it proposed moves that filters of its own policy refuse; they are left "
                        "out");
    plan_free(plan);
    end(&scene);
}

static int asker(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                 struct drover_plan *plan)
{
    (void)self, (void)fleet, (void)cluster;
    assert_true(plan->allows(plan, WEB, 1));
    assert_false(plan->allows(plan, WEB, 2));
    assert_false(plan->allows(plan, BIG, 1));
    assert_false(plan->allows(plan, VMS, 1));
    assert_false(plan->allows(plan, DROVER_NONE, 1));
    assert_false(plan->allows(plan, WEB, 4));
    assert_false(plan->allows(plan, WEB, DROVER_NONE));
    assert_false(plan->allows(plan, ALIEN, 3));
    plan->idle(plan, "only asked");
    return 0;
}

static void a_balancer_may_ask_what_is_allowed(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    struct drover_unit unit = proposer_unit;
    unit.balance = asker;
    scene.rules->set.balance.unit = &unit;
    struct plan *plan = balance(&scene, 1);
    assert_string_equal(plan->idle, "only asked");
    plan_free(plan);
    end(&scene);
}

static void no_balancer_and_no_such_cluster(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    scene.rules->set.balance.unit = NULL;
    struct plan *plan = balance(&scene, 1);
    assert_string_equal(plan->idle, "the policy has no balancer");
    plan_free(plan);
    plan = plan_balance(scene.columns, &scene.rules->all, 7, 1, 0);
    assert_int_equal(plan->moves.n, 0);
    plan_free(plan);
    end(&scene);
}

static void trouble_moves_what_may_move_and_tells_the_rest(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    PROPOSE({STEP(BIG, NULL, 0), 0}, {STEP(WEB, NULL, 0), 0}, {STEP(WEB, NULL, 0), 0},
            {STEP(DOWN, NULL, 0), -1}, {STEP(HELD, NULL, 0), 0}, {STEP(MANUAL, NULL, 0), 0},
            {STEP(MOVING, NULL, 0), 0}, {STEP(PAUSED, NULL, 0), 0}, {STEP(ALIEN, NULL, 0), -1});
    struct plan *plan = plan_trouble(scene.columns, &scene.rules->all,
                                     DROVER_TROUBLE_NON_OPERATIONAL, 0);
    assert_int_equal(plan->moves.n, 2);
    assert_string_equal(bench_move(plan, 0)->vm, "web");
    assert_string_equal(bench_move(plan, 1)->vm, "paused");
    assert_int_equal(plan->unplaced.n, 1);
    assert_string_equal(bench_unplaced(plan, 0)->vm, "big");
    plan_free(plan);
    end(&scene);
}

static void trouble_without_a_unit_or_with_one_that_fails(void **state)
{
    (void)state;
    struct scene scene = begin_proposals();
    PROPOSE({STEP(WEB, NULL, 0), 0});
    proposer_result = DROVER_OVERRAN;
    struct plan *plan = plan_trouble(scene.columns, &scene.rules->all,
                                     DROVER_TROUBLE_NON_OPERATIONAL, 0);
    assert_int_equal(plan->moves.n, 0);
    assert_string_equal(plan->idle, "rescuer failed");
    plan_free(plan);
    scene.rules->set.resilience.unit = NULL;
    plan = plan_trouble(scene.columns, &scene.rules->all, DROVER_TROUBLE_NON_OPERATIONAL, 0);
    assert_string_equal(plan->idle, "the policy does not move VMs off a host in trouble");
    plan_free(plan);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unusable_proposals_are_left_out),
        cmocka_unit_test(hosts_are_switched_where_that_is_allowed),
        cmocka_unit_test(a_host_of_people_is_not_switched),
        cmocka_unit_test(usable_proposals_are_checked_again),
        cmocka_unit_test(good_proposals_become_moves_once_and_up_to_the_budget),
        cmocka_unit_test(the_source_may_win),
        cmocka_unit_test(a_failing_balancer_moves_nothing),
        cmocka_unit_test(a_filter_that_fails_while_balancing_is_told),
        cmocka_unit_test(a_whole_plan_moves_as_it_proposes),
        cmocka_unit_test(a_whole_plan_of_a_unit_that_fails_is_taken_back),
        cmocka_unit_test(a_step_of_a_whole_plan_that_filters_refuse_is_told_and_counted),
        cmocka_unit_test(a_balancer_may_ask_what_is_allowed),
        cmocka_unit_test(no_balancer_and_no_such_cluster),
        cmocka_unit_test(trouble_moves_what_may_move_and_tells_the_rest),
        cmocka_unit_test(trouble_without_a_unit_or_with_one_that_fails),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
