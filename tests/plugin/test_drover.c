/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* balance `drover`: who leaves, where they go, what pays, and when nothing is done. */
#include "plugin/bench.h"

static struct bench *begin(uint32_t hosts)
{
    static const char *const names[] = {"A", "B", "C", "D"};
    struct bench *bench = bench_new("balance_drover");
    for (uint32_t i = 0; i < hosts; i++) {
        struct host host = bench_host(names[i]);
        host.memory_mib = 10000;
        host.threads = 16;
        bench_put_host(bench, host);
    }
    return bench;
}

static void put(struct bench *bench, const char *name, const char *host, double memory_mib)
{
    struct vm vm = bench_vm(name, host);
    vm.memory_mib = memory_mib;
    bench_put_vm(bench, vm);
}

static struct vm *vm_of(struct bench *bench, const char *name)
{
    struct vm *vm = fleet_vm(bench->fleet, name);
    assert_non_null(vm);
    return vm;
}

static void expect(struct bench *bench, const char *text)
{
    struct bench_plan plan;
    bench_ready(bench);
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, text);
}

/* The beginning of why nothing is done. */
static void expect_idle(struct bench *bench, const char *text)
{
    struct bench_plan plan;
    bench_ready(bench);
    bench_balance(bench, &plan);
    if (strncmp(plan.text, "idle: ", 6) != 0 || strncmp(plan.text + 6, text, strlen(text)) != 0)
        fail_msg("expected idle: %s, found %s", text, plan.text);
}

static void put_fullest(struct bench *bench)
{
    put(bench, "db", "A", 4000);
    put(bench, "mail", "A", 1000);
    put(bench, "shop", "A", 2000);
    put(bench, "web", "A", 1900);
}

static void the_fewest_leave_and_the_cheapest_of_those(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    bench_check_tables(bench);
    put_fullest(bench); /* 89 %: 1,900 are to leave; mail is too small, the others cost more */
    struct bench_plan plan;
    bench_ready(bench);
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "web: B\n");
    assert_non_null(strstr(plan.reason, "memory.over: 89 % of the memory of A is spoken for, "
                                        "more than 70 %; gain "));
    vm_of(bench, "web")->dirty_mib_s = 80; /* costs more than a larger one that is quiet */
    vm_of(bench, "shop")->dirty_mib_s = 0;
    expect(bench, "shop: B\n");
    bench_free(bench);
}

static void at_the_bound_nobody_leaves(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    put(bench, "one", "A", 6000);
    put(bench, "two", "A", 1000);
    expect_idle(bench, "every host is within bounds: memory 70 %");
    put(bench, "three", "A", 1);
    expect(bench, "three: B\n");
    bench_free(bench);
}

static void a_destination_stays_within_bounds(void **state)
{
    (void)state;
    struct bench *bench = begin(3);
    put_fullest(bench);
    put(bench, "b", "B", 5101); /* has no room for 1,900 */
    put(bench, "c", "C", 5100);
    expect(bench, "web: C\n");
    put(bench, "c", "C", 5101);
    bench_set(bench, "spread", "1"); /* the mean is below 70 % */
    expect(bench, "mail: B\n"); /* no set that cures it has a place: what helps */
    bench_free(bench);
}

static void the_emptiest_host_that_filters_accept_is_taken(void **state)
{
    (void)state;
    struct bench *bench = begin(4);
    put_fullest(bench);
    put(bench, "b", "B", 200);
    put(bench, "c", "C", 100);
    put(bench, "d", "D", 300);
    struct bench_plan plan;
    bench_ready(bench);
    bench_plan_begin(bench, &plan);
    plan.refused = "C";
    assert_int_equal(bench->unit->balance(bench->self, &bench->columns->fleet, 0, &plan.plan), 0);
    assert_string_equal(plan.text, "web: B\n");
    expect(bench, "web: C\n");
    bench_free(bench);
}

static void vcpus_are_spread_once_they_are_more_than_cpus(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "v%d", i);
        put(bench, name, "A", 500);
        vm_of(bench, name)->vcpus = 4;
    }
    expect_idle(bench, "every host is within bounds"); /* 16 vCPUs on 16 CPUs */
    put(bench, "v4", "A", 400);
    vm_of(bench, "v4")->vcpus = 4;
    struct bench_plan plan;
    bench_ready(bench);
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "v4: B\n");
    assert_non_null(strstr(plan.reason, "vcpus.over: A has 1.25 vCPUs per CPU, more than 1.00"));
    bench_set(bench, "vcpu_floor", "2");
    expect_idle(bench, "every host is within bounds");
    bench_free(bench);
}

static void load_counts_once_it_was_high_for_long(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    put(bench, "busy", "A", 1000);
    put(bench, "calm", "A", 1000);
    vm_of(bench, "busy")->cpu_usage_pct = 100;
    vm_of(bench, "busy")->vcpus = 4;
    vm_of(bench, "calm")->cpu_usage_pct = 10;
    struct host *host = fleet_host(bench->fleet, "A");
    host->cpu_usage_pct = 90; /* 1,440 of 1,600; 320 are to leave */
    host->cpu_over_since = BENCH_NOW - 119;
    expect_idle(bench, "every host is within bounds");
    host->cpu_over_since = BENCH_NOW - 120;
    expect(bench, "busy: B\n");
    fleet_host(bench->fleet, "B")->cpu_usage_pct = 46; /* 736 and 400 are over 70 % of 1,600 */
    expect(bench, "calm: B\n");
    bench_free(bench);
}

static void who_may_not_move_stays(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    put_fullest(bench);
    vm_of(bench, "web")->migratable = DROVER_MIGRATABLE_MANUAL;
    expect(bench, "shop: B\n");
    vm_of(bench, "shop")->state = DROVER_VM_PAUSED;
    expect(bench, "db: B\n");
    vm_of(bench, "db")->migratable = DROVER_MIGRATABLE_NO;
    vm_of(bench, "mail")->migratable = DROVER_MIGRATABLE_NO;
    expect_idle(bench, "1 out of bounds, but no VM that may move there fits");
    bench_free(bench);
}

static void what_moved_rests_and_what_came_lately_is_waited_for(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    put_fullest(bench);
    vm_of(bench, "web")->moved_at = BENCH_NOW - 119;
    expect_idle(bench, "1 out of bounds, but a VM came within 120 s, or is moving");
    vm_of(bench, "web")->moved_at = BENCH_NOW - 600;
    struct bench_plan plan;
    bench_ready(bench);
    bench_plan_begin(bench, &plan);
    plan.plan.cooldown_s = 601;
    assert_int_equal(bench->unit->balance(bench->self, &bench->columns->fleet, 0, &plan.plan), 0);
    assert_string_equal(plan.text, "shop: B\n");
    bench_free(bench);
}

static void a_move_must_pay(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    put(bench, "huge", "A", 6900);
    put(bench, "tiny", "A", 101);
    expect(bench, "tiny: B\n"); /* 0.01 % beyond the bound, but it costs next to nothing */
    bench_set(bench, "horizon", "1m");
    expect_idle(bench, "nothing is worth its cost: at best 0.0 VM-s are gained for 0.6 VM-s");
    bench_free(bench);
}

static void soft_rules_are_not_broken_more_than_now(void **state)
{
    (void)state;
    struct bench *bench = begin(3);
    put_fullest(bench);
    put(bench, "twin", "B", 100);
    put(bench, "c", "C", 200);
    struct group group;
    field_defaults(group_fields, &group);
    group.name = "apart";
    group.vms = (struct texts){.item = (const char *[]){"twin", "web"}, .n = 2, .known = true};
    group.vm_rule = DROVER_RULE_NEGATIVE;
    fleet_put_group(bench->fleet, &group);
    expect(bench, "web: C\n");
    group.vms = (struct texts){.item = (const char *[]){"mail", "web"}, .n = 2, .known = true};
    group.vm_rule = DROVER_RULE_POSITIVE;
    fleet_put_group(bench->fleet, &group);
    expect(bench, "shop: B\n");
    bench_free(bench);
}

static void odd_data_takes_no_part(void **state)
{
    (void)state;
    struct bench *bench = begin(4);
    put_fullest(bench);
    fleet_host(bench->fleet, "B")->memory_mib = 0;
    fleet_host(bench->fleet, "C")->memory_committed_mib = INFINITY;
    put(bench, "odd", "A", NAN);
    fleet_host(bench->fleet, "A")->memory_committed_mib = 8900;
    expect(bench, "web: D\n");
    fleet_host(bench->fleet, "D")->state = DROVER_HOST_MAINTENANCE;
    expect_idle(bench, "fewer than two hosts are up");
    bench_free(bench);
}

static void the_targets_of_load_must_be_apart(void **state)
{
    (void)state;
    struct bench *bench = begin(2);
    char error[256];
    bench_set(bench, "load_target", "79");
    assert_string_equal(bench_open(bench, error), "");
    bench_set(bench, "load_target", "80");
    assert_string_equal(bench_open(bench, error),
                        "load_target (80 %) must be less than high_utilization (80 %): VMs would "
                        "go back and forth");
    bench_free(bench);
}

BENCH_MAIN("balance drover", cmocka_unit_test(the_fewest_leave_and_the_cheapest_of_those),
           cmocka_unit_test(at_the_bound_nobody_leaves),
           cmocka_unit_test(a_destination_stays_within_bounds),
           cmocka_unit_test(the_emptiest_host_that_filters_accept_is_taken),
           cmocka_unit_test(vcpus_are_spread_once_they_are_more_than_cpus),
           cmocka_unit_test(load_counts_once_it_was_high_for_long),
           cmocka_unit_test(who_may_not_move_stays),
           cmocka_unit_test(what_moved_rests_and_what_came_lately_is_waited_for),
           cmocka_unit_test(a_move_must_pay),
           cmocka_unit_test(soft_rules_are_not_broken_more_than_now),
           cmocka_unit_test(odd_data_takes_no_part),
           cmocka_unit_test(the_targets_of_load_must_be_apart))
