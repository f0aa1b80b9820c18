/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `rack_limit` (Lua): so many VMs of a group in a rack, and one more. */
#include "plugin/lua_bench.h"

static struct pair in_rack_a = {.key = "rack", .value = "a"}, in_rack_b = {"rack", "b", {0, 0}};

static void put_host(struct bench *bench, const char *name, struct pair *label)
{
    struct host host = bench_host(name);
    host.labels = (struct pairs){label, label ? 1 : 0, true};
    bench_put_host(bench, host);
}

/* kvm1 and kvm2 in rack a, kvm3 in rack b, kvm4 in none; db1 and db2 in rack a, db3 to come. */
static struct lua_bench *begin(struct pair *parameters, uint32_t n)
{
    struct lua_bench *lua = lua_bench_new("rack_limit", DROVER_FILTER, parameters, n);
    struct bench *bench = &lua->bench;
    put_host(bench, "kvm1", &in_rack_a);
    put_host(bench, "kvm2", &in_rack_a);
    put_host(bench, "kvm3", &in_rack_b);
    put_host(bench, "kvm4", NULL);
    bench_put_vm(bench, bench_vm("db1", "kvm1"));
    bench_put_vm(bench, bench_vm("db2", "kvm2"));
    bench_put_vm(bench, bench_vm("db3", NULL));
    bench_put_vm(bench, bench_vm("web", "kvm1"));
    static const char *members[] = {"db1", "db2", "db3"};
    struct group group;
    field_defaults(group_fields, &group);
    group.name = "database";
    group.vms = (struct texts){members, 3, true};
    fleet_put_group(bench->fleet, &group);
    bench_ready(bench);
    return lua;
}

static void a_full_rack_is_refused_on_each_of_its_hosts(void **state)
{
    (void)state;
    struct lua_bench *lua = begin(NULL, 0);
    bench_check_tables(&lua->bench);
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm1"), "rack_limit.full");
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm2"), "rack_limit.full");
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm3"), "");
    struct drover_why why = bench_why(&lua->bench, "db3", "kvm1");
    assert_string_equal(why.text, "rack a has 2 VMs of group database already; 2 may be there");
    lua_bench_free(lua);
}

static void hosts_without_the_label_and_vms_without_a_group_are_free(void **state)
{
    (void)state;
    struct lua_bench *lua = begin(NULL, 0);
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm4"), "");
    assert_string_equal(bench_refusal(&lua->bench, "web", "kvm2"), "");
    lua_bench_free(lua);
}

static void the_vm_itself_is_not_counted(void **state)
{
    (void)state;
    struct lua_bench *lua = begin(NULL, 0);
    assert_string_equal(bench_refusal(&lua->bench, "db1", "kvm2"), "");
    lua_bench_free(lua);
}

static void a_vm_counts_where_it_is_going(void **state)
{
    (void)state;
    struct lua_bench *lua = begin(NULL, 0);
    fleet_vm(lua->bench.fleet, "db2")->to = "kvm3";
    bench_ready(&lua->bench);
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm1"), "");
    lua_bench_free(lua);
}

static void the_limit_is_a_parameter(void **state)
{
    (void)state;
    struct pair three = {.key = "limit", .value = "3"}, one = {.key = "limit", .value = "1"};
    struct lua_bench *lua = begin(&three, 1);
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm1"), "");
    lua_bench_free(lua);
    lua = begin(&one, 1);
    assert_string_equal(bench_refusal(&lua->bench, "db1", "kvm2"), "rack_limit.full");
    lua_bench_free(lua);
}

static void it_may_look_at_one_group_only(void **state)
{
    (void)state;
    struct pair other = {.key = "rack_limit.group", .value = "other"};
    struct pair this = {.key = "rack_limit.group", .value = "database"};
    struct lua_bench *lua = begin(&other, 1);
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm1"), "");
    lua_bench_free(lua);
    lua = begin(&this, 1);
    assert_string_equal(bench_refusal(&lua->bench, "db3", "kvm1"), "rack_limit.full");
    lua_bench_free(lua);
}

BENCH_MAIN("filter rack_limit", cmocka_unit_test(a_full_rack_is_refused_on_each_of_its_hosts),
           cmocka_unit_test(hosts_without_the_label_and_vms_without_a_group_are_free),
           cmocka_unit_test(the_vm_itself_is_not_counted),
           cmocka_unit_test(a_vm_counts_where_it_is_going),
           cmocka_unit_test(the_limit_is_a_parameter),
           cmocka_unit_test(it_may_look_at_one_group_only))
