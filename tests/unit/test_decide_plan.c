/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans: what a drain promises, and what becomes of proposals that make no sense. */
#include "unit/decide_bench.h"

#include <math.h>

struct scene {
    struct fleet *fleet;
    struct columns *columns;
    struct bench_rules *rules;
};

static struct scene begin(void)
{
    struct scene scene = {.fleet = fleet_new(), .rules = bench_rules_new()};
    bench_put_cluster(scene.fleet, "default");
    bench_add_filter(scene.rules, &bench_room_unit, NULL);
    bench_add_weight(scene.rules, &bench_count_unit, NULL, 1);
    return scene;
}

static void ready(struct scene *scene)
{
    columns_free(scene->columns);
    scene->columns = columns_new(scene->fleet);
}

static void end(struct scene *scene)
{
    columns_free(scene->columns);
    fleet_free(scene->fleet);
    free(scene->rules);
}

static void put_host(struct scene *scene, const char *name, double memory_mib)
{
    struct host host = bench_host(name);
    host.memory_mib = memory_mib;
    fleet_put_host(scene->fleet, &host);
}

static void put_vm(struct scene *scene, const char *name, const char *host, double memory_mib)
{
    struct vm vm = bench_vm(name, host);
    vm.memory_mib = memory_mib;
    vm.vcpus = 2;
    vm.cpu_usage_pct = 25;
    fleet_put_vm(scene->fleet, &vm);
}

static struct vm *vm_of(struct scene *scene, const char *name)
{
    return fleet_vm(scene->fleet, name);
}

static uint32_t host_index(const struct scene *scene, const char *name)
{
    return columns_host(scene->columns, name);
}

static struct plan *drain(struct scene *scene, const char *host)
{
    return plan_drain(scene->columns, &scene->rules->all, host_index(scene, host));
}

/* ------------------------------------------------------------------ drain */

static void a_drain_promises_what_it_places(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 16384);
    put_host(&scene, "b", 16384);
    put_host(&scene, "c", 16384);
    for (int i = 0; i < 4; i++) {
        char name[] = "vm0";
        name[2] = (char)('0' + i);
        put_vm(&scene, name, "a", 2048);
    }
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 4);
    assert_string_equal(plan->idle, "");
    for (uint32_t i = 0; i < 4; i++) { /* by the count of VMs: b, c, b, c */
        assert_string_equal(bench_move(plan, i)->to, i % 2 ? "c" : "b");
        assert_string_equal(bench_move(plan, i)->from, "a");
        assert_string_equal(bench_move(plan, i)->reason, "host a is to be emptied");
    }
    for (const char *name = "b"; name; name = *name == 'b' ? "c" : NULL) {
        uint32_t h = host_index(&scene, name);
        assert_float_equal(scene.columns->hosts.memory_pending_mib[h], 4096, 0);
        assert_float_equal(scene.columns->hosts.memory_schedulable_mib[h], 16384 - 4096, 0);
        assert_float_equal(scene.columns->hosts.cpu_pending[h], 100, 0);
        assert_float_equal(scene.columns->hosts.vcpus[h], 4, 0);
        assert_float_equal(scene.columns->hosts.largest_vcpus[h], 2, 0);
        assert_int_equal(scene.columns->hosts.vm_pending[h], 2);
    }
    plan_free(plan);
    end(&scene);
}

static void a_drain_leaves_by_priority_then_name(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 65536);
    put_host(&scene, "b", 65536);
    static const struct {
        const char *name;
        double priority;
    } vms[] = {{"m", 1}, {"k", 50}, {"z", 99.5}, {"c", 50}, {"a", 0}, {"y", 100}};
    for (size_t i = 0; i < sizeof vms / sizeof *vms; i++) {
        put_vm(&scene, vms[i].name, "a", 1024);
        vm_of(&scene, vms[i].name)->priority = vms[i].priority;
    }
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    static const char *const order[] = {"y", "z", "c", "k", "m", "a"};
    assert_int_equal(plan->moves.n, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_string_equal(bench_move(plan, i)->vm, order[i]);
    plan_free(plan);
    end(&scene);
}

static void a_drain_tells_who_stays_and_why(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 65536);
    put_host(&scene, "b", 4096);
    put_host(&scene, "c", 4096);
    put_vm(&scene, "big", "a", 8192);
    put_vm(&scene, "down", "a", 1024);
    vm_of(&scene, "down")->state = DROVER_VM_DOWN;
    put_vm(&scene, "leaving", "a", 1024);
    vm_of(&scene, "leaving")->to = "b";
    put_vm(&scene, "pinned", "a", 1024);
    vm_of(&scene, "pinned")->migratable = DROVER_MIGRATABLE_NO;
    put_vm(&scene, "small", "a", 1024);
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 1);
    assert_string_equal(bench_move(plan, 0)->vm, "small");
    assert_string_equal(bench_move(plan, 0)->to, "c"); /* one is on its way to b already */
    assert_int_equal(plan->unplaced.n, 2);
    assert_string_equal(bench_unplaced(plan, 0)->vm, "big");
    assert_string_equal(bench_unplaced(plan, 0)->code, "room.short");
    assert_string_equal(bench_unplaced(plan, 0)->reason,
                        "none of 2 hosts takes it; room refuses it on b: needs 8,192 MiB, has "
                        "3,072; 5,120 short");
    assert_int_equal(bench_unplaced(plan, 0)->hosts.n, 2);
    assert_string_equal(bench_unplaced(plan, 1)->vm, "pinned");
    assert_string_equal(bench_unplaced(plan, 1)->code, "pinned");
    plan_free(plan);
    end(&scene);
}

static void a_drain_of_nothing_says_so(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 4096);
    ready(&scene);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n + plan->unplaced.n, 0);
    assert_string_equal(plan->idle, "host a has no VM to move");
    plan_free(plan);
    end(&scene);
}

static void without_a_policy_nothing_is_placed(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 4096);
    put_host(&scene, "b", 4096);
    put_vm(&scene, "web", "a", 1024);
    ready(&scene);
    scene.rules->by_cluster[0] = NULL;
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 0);
    assert_string_equal(bench_unplaced(plan, 0)->code, "policy.none");
    plan_free(plan);
    struct error error = ERROR_INIT;
    assert_null(explain_vm(scene.columns, &scene.rules->all, 0, DROVER_NONE, &error));
    assert_int_equal(error.kind, ERROR_FAILED);
    assert_string_equal(error.text, "VM web: its cluster has no policy that could be loaded");
    end(&scene);
}

static void the_same_failure_is_told_once_and_counted(void **state)
{
    (void)state;
    struct scene scene = begin();
    put_host(&scene, "a", 65536);
    put_host(&scene, "b", 65536);
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "vm%02d", i);
        put_vm(&scene, name, "a", 1024);
    }
    ready(&scene);
    struct told told = {.every = 2, .words = "odd ones only"};
    bench_add_filter(scene.rules, &bench_told_filter_unit, &told);
    struct plan *plan = drain(&scene, "a");
    assert_int_equal(plan->moves.n, 10);
    assert_int_equal(plan->unplaced.n, 10);
    assert_int_equal(plan->failures.n, 1);
    assert_int_equal(bench_failure(&plan->failures, 0)->times, 10);
    assert_string_equal(bench_failure(&plan->failures, 0)->error, "odd ones only");
    plan_free(plan);
    end(&scene);
}

/* -------------------------------------------------------------- proposals */

struct proposal {
    struct drover_step step;
    int expected;
};

static const struct proposal *to_propose;
static uint32_t n_to_propose;
static int proposer_result;

static int propose_all(struct drover_plan *plan)
{
    for (uint32_t i = 0; i < n_to_propose; i++)
        assert_int_equal(plan->propose(plan, &to_propose[i].step), to_propose[i].expected);
    return proposer_result;
}

static int proposer(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                    struct drover_plan *plan)
{
    (void)self, (void)fleet, (void)cluster;
    return propose_all(plan);
}

static int rescuer(void *self, const struct drover_fleet *fleet,
                   const struct drover_trouble *trouble, struct drover_plan *plan)
{
    (void)self, (void)fleet, (void)trouble;
    return propose_all(plan);
}

static const struct drover_unit proposer_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_BALANCE, .name = "proposer",
    .balance = proposer,
};
static const struct drover_unit rescuer_unit = {
    .size = sizeof(struct drover_unit), .kind = DROVER_RESILIENCE, .name = "rescuer",
    .resilience = rescuer,
};

#define STEP(vm_, hosts_, n_)                                                                      \
    {.size = sizeof(struct drover_step), .kind = DROVER_STEP_MOVE, .vm = (vm_),                    \
     .hosts = (hosts_), .n_hosts = (n_), .reason = "because"}

/*
 * Hosts by index: a 0, b 1, c 2 (small), z 3 (of another cluster). All VMs are on a, but alien,
 * which is on z; what is the matter with each stands in its name. big fits a alone.
 */
enum { ALIEN, BIG, DOWN, HELD, MANUAL, MOVING, PAUSED, RESTED, TIRED, WEB, VMS };

static struct scene begin_proposals(void)
{
    struct scene scene = begin();
    bench_put_cluster(scene.fleet, "other");
    put_host(&scene, "a", 65536);
    put_host(&scene, "b", 16384);
    put_host(&scene, "c", 512);
    put_host(&scene, "z", 65536);
    fleet_host(scene.fleet, "z")->cluster = "other";
    static const char *const names[VMS] = {"alien",  "big",    "down",   "held",  "manual",
                                           "moving", "paused", "rested", "tired", "web"};
    scene.fleet->now = 1000000;
    for (uint32_t v = 0; v < VMS; v++)
        put_vm(&scene, names[v], v == ALIEN ? "z" : "a", v == BIG ? 32768 : 1024);
    vm_of(&scene, "down")->state = DROVER_VM_DOWN;
    vm_of(&scene, "held")->migratable = DROVER_MIGRATABLE_NO;
    vm_of(&scene, "manual")->migratable = DROVER_MIGRATABLE_MANUAL;
    vm_of(&scene, "moving")->to = "b";
    vm_of(&scene, "paused")->state = DROVER_VM_PAUSED;
    vm_of(&scene, "rested")->moved_at = 1000000 - 1800;
    vm_of(&scene, "tired")->moved_at = 1000000 - 1799;
    ready(&scene);
    for (uint32_t v = 0; v < VMS; v++)
        assert_string_equal(scene.columns->vms.name[v], names[v]);
    scene.rules->set.balance = (struct bound_unit){.unit = &proposer_unit, .name = "proposer"};
    scene.rules->set.resilience = (struct bound_unit){.unit = &rescuer_unit, .name = "rescuer"};
    proposer_result = 0;
    return scene;
}

static void expect_proposals(const struct proposal *proposals, uint32_t n)
{
    to_propose = proposals;
    n_to_propose = n;
}

#define PROPOSE(...)                                                                               \
    const struct proposal proposals[] = {__VA_ARGS__};                                             \
    expect_proposals(proposals, sizeof proposals / sizeof *proposals)

static struct plan *balance(struct scene *scene, uint32_t budget)
{
    return plan_balance(scene->columns, &scene->rules->all, 0, budget, 1800);
}

static const uint32_t only_b[] = {1}, only_c[] = {2}, beyond[] = {1, 4}, nowhere[] = {DROVER_NONE},
                      foreign[] = {3}, a_and_b[] = {0, 1}, b_twice[] = {1, 1};

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

static void the_band_of_load_includes_its_bounds(void **state)
{
    (void)state;
    struct ruleset rules = {.parameters = {.high_utilization = 80, .low_utilization = 20}};
    static const struct {
        double usage;
        bool out;
    } cases[] = {{0, true}, {20, true}, {20.01, false}, {50, false}, {79, false},
                 {79.01, true}, {80, true}, {100, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(load_is_out_of_band(&rules, cases[i].usage), cases[i].out);
    assert_false(load_is_out_of_band(&rules, NAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_promises_what_it_places),
        cmocka_unit_test(a_drain_leaves_by_priority_then_name),
        cmocka_unit_test(a_drain_tells_who_stays_and_why),
        cmocka_unit_test(a_drain_of_nothing_says_so),
        cmocka_unit_test(without_a_policy_nothing_is_placed),
        cmocka_unit_test(the_same_failure_is_told_once_and_counted),
        cmocka_unit_test(unusable_proposals_are_left_out),
        cmocka_unit_test(hosts_are_switched_where_that_is_allowed),
        cmocka_unit_test(a_host_of_people_is_not_switched),
        cmocka_unit_test(usable_proposals_are_checked_again),
        cmocka_unit_test(good_proposals_become_moves_once_and_up_to_the_budget),
        cmocka_unit_test(the_source_may_win),
        cmocka_unit_test(a_failing_balancer_moves_nothing),
        cmocka_unit_test(a_filter_that_fails_while_balancing_is_told),
        cmocka_unit_test(a_balancer_may_ask_what_is_allowed),
        cmocka_unit_test(no_balancer_and_no_such_cluster),
        cmocka_unit_test(trouble_moves_what_may_move_and_tells_the_rest),
        cmocka_unit_test(trouble_without_a_unit_or_with_one_that_fails),
        cmocka_unit_test(the_band_of_load_includes_its_bounds),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
