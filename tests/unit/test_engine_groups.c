/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stories of affinity groups: what goes together, what is mended by a round, and what is told. */
#include "unit/engine_bench.h"

#include <dlfcn.h>
#include <limits.h>

static const struct drover_unit *load(const char *name)
{
    char path[PATH_MAX];
    const char *build = getenv("DROVER_BUILD");
    snprintf(path, sizeof path, "%s/plugins/%s.so", build ? build : "build", name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    drover_plugin_function *get = NULL;
    *(void **)&get = dlsym(library, "drover_plugin");
    assert_non_null(get);
    /* cppcheck-suppress resourceLeak ; kept for as long as the test runs */
    return get()->units[0];
}

static const char *const a_and_b[] = {"a", "b"};

static struct group group_of(const char *name, int rule)
{
    struct group group;
    field_defaults(group_fields, &group);
    group.name = name;
    group.vms = (struct texts){.item = (const char **)a_and_b, .n = 2, .known = true};
    group.vm_rule = rule;
    group.vm_enforcing = true;
    return group;
}

/* Three hosts, one move at a time, with these groups; kvm1 has a, b and c. */
static struct bench hosts_with(struct group *groups, uint32_t n)
{
    struct bench bench = bench_new(3);
    struct bound_unit *filters = calloc(2, sizeof *filters);
    assert_non_null(filters);
    filters[0] = bench.rules->filters[0];
    filters[1] = (struct bound_unit){.unit = load("filter_vm_affinity"), .name = "vm_affinity"};
    free(bench.rules->filters);
    bench.rules->filters = filters;
    bench.rules->n_filters = 2;
    bench.limits.outgoing_per_host = 1;
    bench.groups = (struct rows){.item = groups, .n = n};
    bench_start(&bench);
    for (uint32_t i = 1; i <= 3; i++)
        bench_connect(&bench, i == 1 ? "kvm1" : i == 2 ? "kvm2" : "kvm3");
    bench_report(&bench, "kvm1", "a", "b", "c", NULL);
    bench_report(&bench, "kvm2", "x", NULL);
    bench_report(&bench, "kvm3", "y", "z", NULL);
    return bench;
}

static const char *goes_to(const struct bench *bench, const char *vm)
{
    const struct vm *record = fleet_vm(engine_fleet(bench->engine), vm);
    return record && record->to ? record->to : "";
}

/* What was ordered in the last step, carried out. Returns where it went. */
static const char *carry_out(struct bench *bench, const char *vm)
{
    static char to[16];
    const struct effect *order = bench_effect(bench, EFFECT_MIGRATE, 0);
    assert_non_null(order);
    assert_string_equal(order->vm, vm);
    uint64_t id = order->move;
    snprintf(to, sizeof to, "%s", order->to);
    bench->now += 1;
    bench_runs(bench, to, vm);
    bench_done(bench, id, true, "");
    return to;
}

/* b would rather go where a is not; but a place was kept for it beside a. */
static void a_group_leaves_for_one_host(void **state)
{
    (void)state;
    struct group group = group_of("pair", DROVER_RULE_POSITIVE);
    struct bench bench = hosts_with(&group, 1);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    assert_string_equal(goes_to(&bench, "b"), goes_to(&bench, "a"));
    assert_string_equal(goes_to(&bench, "c"), "");
    char first[16];
    snprintf(first, sizeof first, "%s", carry_out(&bench, "a"));
    assert_string_equal(carry_out(&bench, "b"), first);
    carry_out(&bench, "c");
    assert_string_equal(bench_state(&bench, "kvm1"), "maintenance");
    bench_free(&bench);
}

/* The first fails, and with it goes the place that was kept for the other. */
static void a_group_that_fails_goes_elsewhere_together(void **state)
{
    (void)state;
    struct group group = group_of("pair", DROVER_RULE_POSITIVE);
    struct bench bench = hosts_with(&group, 1);
    bench_request(&bench, "maintenance_on", "kvm1", NULL, NULL);
    char first[16];
    snprintf(first, sizeof first, "%s", goes_to(&bench, "a"));
    bench_done(&bench, bench_effect(&bench, EFFECT_MIGRATE, 0)->move, false, "no route");
    bench.now += 1;
    bench_report(&bench, "kvm1", "a", "b", "c", NULL);
    bench_report(&bench, "kvm2", "x", NULL);
    bench_report(&bench, "kvm3", "y", "z", NULL);
    bench_tick(&bench, bench.limits.retry_s + 1);
    assert_string_not_equal(goes_to(&bench, "a"), "");
    assert_string_not_equal(goes_to(&bench, "a"), first);
    assert_string_equal(goes_to(&bench, "b"), goes_to(&bench, "a"));
    bench_free(&bench);
}

static void a_round_mends_one_rule_and_balances_nothing(void **state)
{
    (void)state;
    struct group group = group_of("apart", DROVER_RULE_NEGATIVE);
    struct bench bench = hosts_with(&group, 1);
    bench_sample(&bench, "kvm1", 95);
    bench_tick(&bench, bench.limits.round_s + 1);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 1);
    const struct effect *told = bench_effect(&bench, EFFECT_MIGRATION, 0);
    assert_int_equal(told->migration->purpose, DROVER_TO_ENFORCE);
    assert_string_equal(told->migration->reason, "group apart must stay apart");
    assert_string_equal(carry_out(&bench, "a"), "kvm2");
    bench_tick(&bench, bench.limits.round_s + 1);
    for (uint32_t i = 0; i < bench_count(&bench, EFFECT_MIGRATION); i++)
        assert_int_not_equal(bench_effect(&bench, EFFECT_MIGRATION, i)->migration->purpose,
                             DROVER_TO_ENFORCE);
    bench_free(&bench);
}

static void without_a_budget_nothing_is_mended(void **state)
{
    (void)state;
    struct group group = group_of("apart", DROVER_RULE_NEGATIVE);
    struct bench bench = hosts_with(&group, 1);
    bench.limits.enforce_moves_per_round = 0;
    bench_configure(&bench);
    bench_tick(&bench, bench.limits.round_s + 1);
    assert_int_equal(bench_count(&bench, EFFECT_MIGRATE), 0);
    bench_free(&bench);
}

static uint32_t count_told(const struct bench *bench, const char *code)
{
    uint32_t n = 0;
    const struct effect *effect;
    for (uint32_t i = 0; (effect = bench_effect(bench, EFFECT_NOTICE, i)); i++)
        n += strcmp(effect->name, code) == 0;
    return n;
}

static void contradictory_groups_are_told_once(void **state)
{
    (void)state;
    struct group groups[] = {group_of("one", DROVER_RULE_POSITIVE),
                             group_of("two", DROVER_RULE_NEGATIVE)};
    struct bench bench = hosts_with(groups, 2);
    bench_tick(&bench, bench.limits.round_s + 1);
    assert_int_equal(count_told(&bench, "group.vms_contradict"), 1);
    bench_tick(&bench, bench.limits.round_s + 1);
    assert_int_equal(count_told(&bench, "group.vms_contradict"), 0);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_leaves_for_one_host),
        cmocka_unit_test(a_group_that_fails_goes_elsewhere_together),
        cmocka_unit_test(a_round_mends_one_rule_and_balances_nothing),
        cmocka_unit_test(without_a_budget_nothing_is_mended),
        cmocka_unit_test(contradictory_groups_are_told_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
