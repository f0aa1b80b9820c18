/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tests of plans share: a scene of a few hosts and VMs, and a balancer and a resilience unit
 * that propose what the test says, and check what they are answered.
 */
#ifndef TESTS_UNIT_PLAN_BENCH_H
#define TESTS_UNIT_PLAN_BENCH_H

#include "unit/decide_bench.h"

#include <math.h>

struct scene {
    struct fleet *fleet;
    struct columns *columns;
    struct bench_rules *rules;
};

static inline struct scene begin(void)
{
    struct scene scene = {.fleet = fleet_new(), .rules = bench_rules_new()};
    bench_put_cluster(scene.fleet, "default");
    bench_add_filter(scene.rules, &bench_room_unit, NULL);
    bench_add_weight(scene.rules, &bench_count_unit, NULL, 1);
    return scene;
}

static inline void ready(struct scene *scene)
{
    columns_free(scene->columns);
    scene->columns = columns_new(scene->fleet);
}

static inline void end(struct scene *scene)
{
    columns_free(scene->columns);
    fleet_free(scene->fleet);
    free(scene->rules);
}

static inline void put_host(struct scene *scene, const char *name, double memory_mib)
{
    struct host host = bench_host(name);
    host.memory_mib = memory_mib;
    fleet_put_host(scene->fleet, &host);
}

static inline void put_vm(struct scene *scene, const char *name, const char *host, double memory_mib)
{
    struct vm vm = bench_vm(name, host);
    vm.memory_mib = memory_mib;
    vm.vcpus = 2;
    vm.cpu_usage_pct = 25;
    fleet_put_vm(scene->fleet, &vm);
}

static inline struct vm *vm_of(struct scene *scene, const char *name)
{
    return fleet_vm(scene->fleet, name);
}

static inline uint32_t host_index(const struct scene *scene, const char *name)
{
    return columns_host(scene->columns, name);
}

/* -------------------------------------------------------------- proposals */

struct proposal {
    struct drover_step step;
    int expected;
};

static const struct proposal *to_propose;
static uint32_t n_to_propose;
static int proposer_result;

static inline int propose_all(struct drover_plan *plan)
{
    for (uint32_t i = 0; i < n_to_propose; i++)
        assert_int_equal(plan->propose(plan, &to_propose[i].step), to_propose[i].expected);
    return proposer_result;
}

static inline int proposer(void *self, const struct drover_fleet *fleet, uint32_t cluster,
                    struct drover_plan *plan)
{
    (void)self, (void)fleet, (void)cluster;
    return propose_all(plan);
}

static inline int rescuer(void *self, const struct drover_fleet *fleet,
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

static inline struct scene begin_proposals(void)
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

static inline void expect_proposals(const struct proposal *proposals, uint32_t n)
{
    to_propose = proposals;
    n_to_propose = n;
}

#define PROPOSE(...)                                                                               \
    const struct proposal proposals[] = {__VA_ARGS__};                                             \
    expect_proposals(proposals, sizeof proposals / sizeof *proposals)

static inline struct plan *balance(struct scene *scene, uint32_t budget)
{
    return plan_balance(scene->columns, &scene->rules->all, 0, budget, 1800);
}

static const uint32_t only_b[] = {1}, only_c[] = {2}, beyond[] = {1, 4}, nowhere[] = {DROVER_NONE},
                      foreign[] = {3}, a_and_b[] = {0, 1}, b_twice[] = {1, 1};

#endif
