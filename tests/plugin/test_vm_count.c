/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* balance `vm_count`: from the fullest to clearly emptier hosts, at each of its bounds. */
#include "plugin/bench.h"

/* Hosts A, B and C with so many VMs, named a0, a1 and so on; a higher number is busier. */
static struct bench *begin(uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t counts[] = {a, b, c};
    struct bench *bench = bench_new("balance_vm_count");
    bench_set(bench, "high_vm_count", "3");
    bench_set(bench, "migration_threshold", "2");
    for (uint32_t h = 0; h < 3; h++) {
        char host_name[] = {(char)('A' + h), '\0'};
        struct host host = bench_host(host_name);
        bench_put_host(bench, host);
        for (uint32_t v = 0; v < counts[h]; v++) {
            char name[] = {(char)('a' + h), (char)('0' + v), '\0'};
            struct vm vm = bench_vm(name, host_name);
            vm.cpu_usage_pct = v;
            bench_put_vm(bench, vm);
        }
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

static void vms_leave_the_fullest(void **state)
{
    (void)state;
    struct bench *bench = begin(4, 1, 3);
    bench_check_tables(bench);
    struct bench_plan plan;
    bench_balance(bench, &plan);
    assert_string_equal(plan.text, "a0: B A\na1: B A\na2: B A\na3: B A\n");
    assert_string_equal(plan.reason, "vm_count.over: A counts 4 VMs, 2 or more above others");
    bench_free(bench);
}

static void all_that_are_as_full_hand_over(void **state)
{
    (void)state;
    struct bench *bench = begin(3, 1, 3);
    expect(bench, "a0: B A\na1: B A\na2: B A\nc0: B C\nc1: B C\nc2: B C\n");
    bench_free(bench);
}

static void few_vms_stay(void **state)
{
    (void)state;
    struct bench *bench = begin(2, 0, 0);
    expect(bench, "idle: no host counts 3 VMs; the most is 2\n");
    bench_set(bench, "high_vm_count", "2");
    expect(bench, "a0: B C A\na1: B C A\n");
    bench_free(bench);
}

static void a_small_difference_does_not_matter(void **state)
{
    (void)state;
    struct bench *bench = begin(3, 2, 2);
    expect(bench, "idle: no host counts 2 VMs fewer than the 3 of the fullest\n");
    bench_free(bench);
}

static void the_spm_counts_as_more(void **state)
{
    (void)state;
    struct bench *bench = begin(4, 0, 0);
    const char *roles[] = {"spm"};
    fleet_host(bench->fleet, "B")->roles = (struct texts){.item = roles, .n = 1, .known = true};
    bench_ready(bench);
    /* B counts 5 and is the fullest, but has no VM to hand over. */
    expect(bench, "idle: no VM of the fullest hosts fits another without overloading it\n");
    bench_set(bench, "spm_vm_grace", "3");
    expect(bench, "a0: C A\na1: C A\na2: C A\na3: C A\n");
    bench_free(bench);
}

static void a_destination_must_have_room(void **state)
{
    (void)state;
    struct bench *bench = begin(3, 0, 0);
    fleet_host(bench->fleet, "B")->cpu_usage_pct = 81; /* over 80 with any VM */
    bench_ready(bench);
    expect(bench, "a0: C A\na1: C A\na2: C A\n");
    bench_set(bench, "max_free_memory_for_over_utilized", "15GiB"); /* 16 less 1 are not more */
    expect(bench, "idle: no VM of the fullest hosts fits another without overloading it\n");
    bench_free(bench);
}

static void hosts_with_a_move_under_way_take_no_part(void **state)
{
    (void)state;
    struct bench *bench = begin(3, 0, 0);
    columns_promise(bench->columns, bench_find_vm(bench, "a0"), 1);
    expect(bench, "idle: fewer than two hosts are up with no VM leaving or coming\n");
    bench_free(bench);
}

BENCH_MAIN("balance vm_count", cmocka_unit_test(vms_leave_the_fullest),
           cmocka_unit_test(all_that_are_as_full_hand_over), cmocka_unit_test(few_vms_stay),
           cmocka_unit_test(a_small_difference_does_not_matter),
           cmocka_unit_test(the_spm_counts_as_more),
           cmocka_unit_test(a_destination_must_have_room),
           cmocka_unit_test(hosts_with_a_move_under_way_take_no_part))
