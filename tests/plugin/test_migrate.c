/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resilience: who leaves a host in trouble, who is started when it has died, in which order. */
#include "plugin/bench.h"

enum { MIGRATE, MIGRATE_HA_ONLY, DO_NOT_MIGRATE };

static struct bench *begin_of(uint32_t unit)
{
    struct bench *bench = bench_new_of("resilience_migrate", unit);
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        struct host host = bench_host(names[i]);
        host.state = i == 0 ? DROVER_HOST_NON_OPERATIONAL
                            : i == 3 ? DROVER_HOST_MAINTENANCE : DROVER_HOST_UP;
        bench_put_host(bench, host);
    }
    static const struct {
        const char *name, *host;
        double priority;
    } vms[] = {{"low", "a", 1}, {"high", "a", 90}, {"also", "a", 1}, {"elsewhere", "b", 100}};
    for (int i = 0; i < 4; i++) {
        struct vm vm = bench_vm(vms[i].name, vms[i].host);
        vm.priority = vms[i].priority;
        bench_put_vm(bench, vm);
    }
    bench_ready(bench);
    return bench;
}

static struct bench *begin(void)
{
    return begin_of(MIGRATE);
}

static void expect(struct bench *bench, uint32_t kind, const char *text)
{
    struct bench_plan plan;
    bench_ready(bench);
    bench_plan_begin(bench, &plan);
    struct drover_trouble trouble = {.size = sizeof trouble, .kind = kind, .host = 0};
    assert_int_equal(bench->unit->resilience(bench->self, &bench->columns->fleet, &trouble,
                                             &plan.plan),
                     0);
    assert_string_equal(plan.text, text);
}

static void its_running_vms_leave_the_most_important_first(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench_check_tables(bench);
    expect(bench, DROVER_TROUBLE_NON_OPERATIONAL, "high: b c\nalso: b c\nlow: b c\n");
    bench_free(bench);
}

static void vms_that_may_not_be_moved_unasked_stay(void **state)
{
    (void)state;
    struct bench *bench = begin();
    fleet_vm(bench->fleet, "high")->migratable = DROVER_MIGRATABLE_MANUAL;
    fleet_vm(bench->fleet, "also")->migratable = DROVER_MIGRATABLE_NO;
    expect(bench, DROVER_TROUBLE_NON_OPERATIONAL, "low: b c\n");
    fleet_vm(bench->fleet, "low")->to = "c"; /* is leaving already */
    expect(bench, DROVER_TROUBLE_NON_OPERATIONAL,
           "idle: no running VM on the host may be moved without being asked for\n");
    bench_free(bench);
}

static void without_another_host_there_is_nothing_to_do(void **state)
{
    (void)state;
    struct bench *bench = begin();
    fleet_host(bench->fleet, "b")->state = DROVER_HOST_DOWN;
    fleet_host(bench->fleet, "c")->state = DROVER_HOST_CONNECTING;
    expect(bench, DROVER_TROUBLE_NON_OPERATIONAL, "idle: no other host of the cluster is up\n");
    bench_free(bench);
}

static void troubles_that_it_does_not_know_are_not_its_business(void **state)
{
    (void)state;
    struct bench *bench = begin();
    expect(bench, DROVER_TROUBLE_NON_OPERATIONAL + 77, "");
    bench_free(bench);
}

/* The host died: what ran there is down and lost; what was off before is not. */
static void lose(struct bench *bench)
{
    static const char *const lost[] = {"low", "high"};
    for (size_t i = 0; i < 2; i++) {
        struct vm *vm = fleet_vm(bench->fleet, lost[i]);
        vm->state = DROVER_VM_DOWN;
        vm->lost = true;
    }
    fleet_vm(bench->fleet, "also")->state = DROVER_VM_DOWN;
    fleet_host(bench->fleet, "a")->state = DROVER_HOST_DOWN;
}

static void what_was_lost_with_a_dead_host_is_started(void **state)
{
    (void)state;
    struct bench *bench = begin();
    lose(bench);
    expect(bench, DROVER_TROUBLE_DEAD, "high: b c\nlow: b c\n");
    fleet_host(bench->fleet, "b")->state = DROVER_HOST_DOWN;
    fleet_host(bench->fleet, "c")->state = DROVER_HOST_CONNECTING;
    expect(bench, DROVER_TROUBLE_DEAD, "high:\nlow:\n"); /* the core waits for a host */
    bench_free(bench);
}

static void ha_only_takes_the_others_for_gone(void **state)
{
    (void)state;
    struct bench *bench = begin_of(MIGRATE_HA_ONLY);
    bench_check_tables(bench);
    fleet_vm(bench->fleet, "low")->ha = true;
    expect(bench, DROVER_TROUBLE_NON_OPERATIONAL, "low: b c\n");
    expect(bench, DROVER_TROUBLE_ANNOUNCED, "low: b c\n");
    lose(bench);
    expect(bench, DROVER_TROUBLE_DEAD, "low: b c\n");
    fleet_vm(bench->fleet, "low")->ha = false;
    expect(bench, DROVER_TROUBLE_DEAD,
           "idle: no VM that the policy restarts was lost with the host\n");
    bench_free(bench);
}

static void do_not_migrate_leaves_everything(void **state)
{
    (void)state;
    static const char idle[] =
        "idle: the policy leaves the VMs of a host in trouble where they are\n";
    struct bench *bench = begin_of(DO_NOT_MIGRATE);
    bench_check_tables(bench);
    expect(bench, DROVER_TROUBLE_NON_OPERATIONAL, idle);
    lose(bench);
    expect(bench, DROVER_TROUBLE_DEAD, idle);
    bench_free(bench);
}

BENCH_MAIN("resilience migrate", cmocka_unit_test(its_running_vms_leave_the_most_important_first),
           cmocka_unit_test(vms_that_may_not_be_moved_unasked_stay),
           cmocka_unit_test(without_another_host_there_is_nothing_to_do),
           cmocka_unit_test(troubles_that_it_does_not_know_are_not_its_business),
           cmocka_unit_test(what_was_lost_with_a_dead_host_is_started),
           cmocka_unit_test(ha_only_takes_the_others_for_gone),
           cmocka_unit_test(do_not_migrate_leaves_everything))
