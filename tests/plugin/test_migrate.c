/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resilience `migrate`: who leaves a host that has become non-operational, in which order. */
#include "plugin/bench.h"

static struct bench *begin(void)
{
    struct bench *bench = bench_new("resilience_migrate");
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

BENCH_MAIN("resilience migrate", cmocka_unit_test(its_running_vms_leave_the_most_important_first),
           cmocka_unit_test(vms_that_may_not_be_moved_unasked_stay),
           cmocka_unit_test(without_another_host_there_is_nothing_to_do),
           cmocka_unit_test(troubles_that_it_does_not_know_are_not_its_business))
