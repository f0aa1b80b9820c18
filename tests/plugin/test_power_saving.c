/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* balance `power_saving`: RHV's own cases, each of its rules at its bound, and hosts switched. */
#include "plugin/bench.h"

struct given {
    const char *name;
    double committed_mib, usage_pct, over_s;
};

static void put_host(struct bench *bench, const struct given *given)
{
    struct host host = bench_host(given->name);
    host.threads = 1;
    host.memory_mib = 1024;
    host.memory_committed_mib = given->committed_mib;
    host.cpu_usage_pct = given->usage_pct;
    host.cpu_over_since = isnan(given->over_s) ? NAN : BENCH_NOW - given->over_s;
    bench_put_host(bench, host);
}

static void put_vm(struct bench *bench, const char *name, const char *host, bool may_move)
{
    struct vm vm = bench_vm(name, host);
    vm.memory_mib = 128;
    vm.cpu_usage_pct = 25;
    vm.migratable = may_move ? DROVER_MIGRATABLE_YES : DROVER_MIGRATABLE_NO;
    bench_put_vm(bench, vm);
}

/* RHV's PowerSavingBalancePolicyUnitTest: two VMs on each, of which one may move. */
static struct bench *rhv(struct given a, struct given b, struct given c)
{
    const struct given *given[] = {&a, &b, &c};
    static const char *const vms[] = {"VM1", "VM2", "VM3"}, *const others[] = {"o1", "o2", "o3"};
    struct bench *bench = bench_new("balance_power_saving");
    bench_set(bench, "cpu_overcommit_duration", "5m");
    bench_set(bench, "vcpu_consumption_percentage", "20");
    for (int i = 0; i < 3; i++) {
        put_host(bench, given[i]);
        put_vm(bench, vms[i], given[i]->name, true);
        put_vm(bench, others[i], given[i]->name, false);
    }
    bench_ready(bench);
    return bench;
}

static void expect(struct bench *bench, const char *text)
{
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, text);
}

static void rhv_cpu_load(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 50, 90, 305}, (struct given){"B", 0, 25, NAN},
                              (struct given){"C", 0, 10, NAN});
    char error[256];
    bench_check_tables(bench);
    assert_string_equal(bench_open(bench, error), "");
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "VM1: B C A\nVM3: B C\n");
    assert_string_equal(plan.reason, "cpu.over: CPU load of A has been high for 305 s; it is 90 %");
    bench_set(bench, "min_free_memory_for_under_utilized", "768");
    bench_set(bench, "max_free_memory_for_over_utilized", "128");
    expect(bench, "VM1: B C A\nVM3: B C\nVM1: B C A\nVM2: C B\nVM3: B C\n");
    bench_free(bench);
}

static void rhv_memory_load(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 600, 50, NAN}, (struct given){"B", 200, 50, NAN},
                              (struct given){"C", 100, 50, NAN});
    bench_set(bench, "min_free_memory_for_under_utilized", "900");
    bench_set(bench, "max_free_memory_for_over_utilized", "512");
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "VM1: B C A\nVM3: B C\n");
    assert_string_equal(plan.reason,
                        "memory.over: A has 424 MiB of memory to hand out, less than 512");
    bench_set(bench, "min_free_memory_for_under_utilized", "924"); /* 924 are not more */
    expect(bench, "VM1: B C A\n");
    bench_set(bench, "max_free_memory_for_over_utilized", "424"); /* nor are 424 less */
    expect(bench, "idle: no host is overloaded, has less than 20 % of CPU load, or has too little "
                  "or too much memory left\n");
    bench_free(bench);
}

static void all_between_the_bounds(void **state)
{
    (void)state;
    static const char quiet[] = "idle: no host is overloaded, has less than 20 % of CPU load, or "
                                "has too little or too much memory left\n";
    struct bench *bench = rhv((struct given){"A", 520, 50, NAN}, (struct given){"B", 312, 25, NAN},
                              (struct given){"C", 0, 20, NAN});
    expect(bench, quiet); /* 20 are not below 20 */
    fleet_host(bench->fleet, "C")->cpu_usage_pct = 19;
    bench_ready(bench);
    expect(bench, "VM3: A B C\n");
    fleet_host(bench->fleet, "C")->cpu_over_since = BENCH_NOW - 299; /* idle, but not for long */
    bench_ready(bench);
    expect(bench, quiet);
    fleet_host(bench->fleet, "C")->cpu_over_since = BENCH_NOW - 300;
    bench_ready(bench);
    expect(bench, "VM3: A B C\n");
    bench_free(bench);
}

static void the_busiest_and_then_the_idlest_come_first(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 0, 10, 400}, (struct given){"B", 0, 5, 400},
                              (struct given){"C", 0, 50, NAN});
    expect(bench, "VM2: A C B\nVM1: B C A\n");
    fleet_host(bench->fleet, "A")->cpu_usage_pct = 81;
    fleet_host(bench->fleet, "B")->cpu_usage_pct = 85;
    bench_ready(bench);
    expect(bench, "VM2: C B\nVM1: C A\n");
    bench_free(bench);
}

/* A load between 60 (here) and high_utilization is an overload as soon as it has a time. */
static void hosts_are_relieved_from_below_high_utilization_on(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 0, 60, 300}, (struct given){"B", 0, 40, NAN},
                              (struct given){"C", 0, 50, NAN});
    expect(bench, "VM1: B C A\n");
    fleet_host(bench->fleet, "A")->cpu_usage_pct = 59;
    bench_ready(bench);
    expect(bench, "idle: no host is overloaded, has less than 20 % of CPU load, or has too little "
                  "or too much memory left\n");
    bench_free(bench);
}

/* ------------------------------------------------------------------ switching */

/* Hosts e.. are up and empty, r.. rest in maintenance, d.. are off: all by policy. */
static struct bench *park(const char *names)
{
    struct bench *bench = bench_new("balance_power_saving");
    bench_set(bench, "enable_automatic_host_power_management", "yes");
    char name[16][12];
    uint32_t n = (uint32_t)strlen(names);
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "%c%u", names[i], i);
        struct host host = bench_host(name[i]);
        host.power_managed = true;
        host.power_by_policy = names[i] != 'e';
        host.state = names[i] == 'e'   ? DROVER_HOST_UP
                     : names[i] == 'r' ? DROVER_HOST_MAINTENANCE
                                       : DROVER_HOST_DOWN;
        bench_put_host(bench, host);
    }
    bench_ready(bench);
    return bench;
}

static void expect_switch(const char *names, const char *reserve, const char *text)
{
    struct bench *bench = park(names);
    bench_set(bench, "hosts_in_reserve", reserve);
    struct bench_plan plan;
    bench_balance(bench, &plan);
    if (strncmp(plan.text, text, strlen(text)) != 0)
        fail_msg("%s, %s in reserve: %s", names, reserve, plan.text);
    bench_free(bench);
}

static void one_step_towards_the_reserve(void **state)
{
    (void)state;
    expect_switch("ee", "1", "maintenance e0\n");
    expect_switch("eer", "1", "maintenance e0\n"); /* one always rests */
    expect_switch("eerr", "1", "power_off r2\n");
    expect_switch("er", "1", "power_off r1\n"); /* the number is right */
    expect_switch("erd", "2", "activate r1\n");
    expect_switch("ed", "2", "power_on d1\n");
    expect_switch("e", "1", "idle: ");
    expect_switch("e", "2", "idle: "); /* there is none left */
    expect_switch("ed", "1", "idle: ");
}

static void hosts_that_are_not_drovers_to_switch_are_left_alone(void **state)
{
    (void)state;
    struct bench *bench = park("eer");
    const char *roles[] = {"spm"};
    fleet_host(bench->fleet, "e0")->power_managed = false;
    bench_ready(bench);
    expect(bench, "maintenance e1\n");
    fleet_host(bench->fleet, "e1")->roles = (struct texts){.item = roles, .n = 1, .known = true};
    bench_ready(bench);
    expect(bench, "idle: no host is overloaded, has less than 20 % of CPU load, or has too little "
                  "or too much memory left\n");
    bench_set(bench, "hosts_in_reserve", "3");
    expect(bench, "activate r2\n");
    fleet_host(bench->fleet, "r2")->power_by_policy = false; /* a person put it there */
    bench_ready(bench);
    expect(bench, "idle: no host is overloaded, has less than 20 % of CPU load, or has too little "
                  "or too much memory left\n");
    bench_set(bench, "enable_automatic_host_power_management", "no");
    bench_set(bench, "hosts_in_reserve", "0");
    fleet_host(bench->fleet, "e0")->power_managed = true;
    bench_ready(bench);
    expect(bench, "idle: no host is overloaded, has less than 20 % of CPU load, or has too little "
                  "or too much memory left\n");
    bench_free(bench);
}

static void a_host_that_a_vm_is_coming_to_is_not_empty(void **state)
{
    (void)state;
    struct bench *bench = park("eee");
    struct vm vm = bench_vm("vm", "e1");
    vm.migratable = DROVER_MIGRATABLE_NO;
    bench_put_vm(bench, vm);
    bench_ready(bench);
    expect(bench, "maintenance e0\n");
    columns_promise(bench->columns, bench_find_vm(bench, "vm"), 0);
    expect(bench, "maintenance e2\n");
    bench_free(bench);
}

/* Two hosts are overloaded, so that neither takes a VM of the other; a third is off. */
static void an_overload_that_no_host_takes_wakes_one(void **state)
{
    (void)state;
    struct bench *bench = rhv((struct given){"A", 0, 90, 400}, (struct given){"B", 0, 90, 400},
                              (struct given){"C", 0, 0, NAN});
    bench_set(bench, "enable_automatic_host_power_management", "yes");
    struct host *off = fleet_host(bench->fleet, "C");
    off->state = DROVER_HOST_DOWN;
    off->power_managed = off->power_by_policy = true;
    fleet_remove_vm(bench->fleet, "VM3");
    fleet_remove_vm(bench->fleet, "o3");
    bench_ready(bench);
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "power_on C\n");
    fleet_host(bench->fleet, "B")->cpu_usage_pct = 25; /* takes some */
    bench_ready(bench);
    bench_balance(bench, &plan);
    assert_null(strstr(plan.text, "power_on"));
    bench_free(bench);
}

BENCH_MAIN("balance power_saving", cmocka_unit_test(rhv_cpu_load), cmocka_unit_test(rhv_memory_load),
           cmocka_unit_test(all_between_the_bounds),
           cmocka_unit_test(the_busiest_and_then_the_idlest_come_first),
           cmocka_unit_test(hosts_are_relieved_from_below_high_utilization_on),
           cmocka_unit_test(an_overload_that_no_host_takes_wakes_one),
           cmocka_unit_test(one_step_towards_the_reserve),
           cmocka_unit_test(hosts_that_are_not_drovers_to_switch_are_left_alone),
           cmocka_unit_test(a_host_that_a_vm_is_coming_to_is_not_empty))
