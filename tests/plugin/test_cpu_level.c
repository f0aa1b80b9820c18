/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `cpu_level`: models, features, and guests that were given their host's own CPU. */
#include "plugin/bench.h"

static void put_host(struct bench *bench, const char *name, struct texts features)
{
    struct host host = bench_host(name);
    host.cpu_features = features;
    bench_put_host(bench, host);
}

/* Hosts with one, two, three features, and one of which nothing is known. */
static struct bench *begin(const char *on, const char *mode)
{
    struct bench *bench = bench_new("filter_cpu_level");
    put_host(bench, "one", BENCH_TEXTS("aes"));
    put_host(bench, "two", BENCH_TEXTS("aes", "avx2"));
    put_host(bench, "also-two", BENCH_TEXTS("avx2", "aes"));
    put_host(bench, "three", BENCH_TEXTS("aes", "avx2", "avx512f"));
    put_host(bench, "unknown", (struct texts){NULL, 0, false});
    struct vm vm = bench_vm("vm", on);
    vm.cpu_mode = field_choice(vm_cpu_modes, mode);
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect(struct bench *bench, const char *one, const char *two, const char *also_two,
                   const char *three)
{
    bench_ready(bench);
    bench_expect(bench, "vm", "one", one);
    bench_expect(bench, "vm", "two", two);
    bench_expect(bench, "vm", "also-two", also_two);
    bench_expect(bench, "vm", "three", three);
    bench_expect(bench, "vm", "unknown", "");
}

static void every_required_feature_must_be_there(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL, "custom");
    expect(bench, "", "", "", "");
    fleet_vm(bench->fleet, "vm")->cpu_features = BENCH_TEXTS("avx2");
    expect(bench, "cpu_level.feature", "", "", "");
    assert_string_equal(bench_why(bench, "vm", "one").subject, "avx2");
    fleet_vm(bench->fleet, "vm")->cpu_features = BENCH_TEXTS("nobody-has-it");
    expect(bench, "cpu_level.feature", "cpu_level.feature", "cpu_level.feature",
           "cpu_level.feature");
    fleet_vm(bench->fleet, "vm")->host = "two"; /* where it runs it stays */
    expect(bench, "cpu_level.feature", "", "cpu_level.feature", "cpu_level.feature");
    bench_free(bench);
}

static void a_named_model_must_be_usable(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL, "custom");
    fleet_vm(bench->fleet, "vm")->cpu_model = "Skylake";
    fleet_host(bench->fleet, "one")->cpu_models = BENCH_TEXTS("Nehalem", "Haswell");
    fleet_host(bench->fleet, "two")->cpu_models = BENCH_TEXTS("Nehalem", "Skylake");
    expect(bench, "cpu_level.model", "", "", "");
    assert_string_equal(bench_why(bench, "vm", "one").subject, "Skylake");
    fleet_vm(bench->fleet, "vm")->cpu_model = "Icelake";
    expect(bench, "cpu_level.model", "cpu_level.model", "", "");
    fleet_vm(bench->fleet, "vm")->host = "one"; /* it runs there all the same */
    expect(bench, "", "", "", "");
    fleet_vm(bench->fleet, "vm")->host = "three"; /* of which nothing is known */
    expect(bench, "cpu_level.model", "cpu_level.model", "", "");
    bench_free(bench);
}

static void passthrough_starts_anywhere(void **state)
{
    (void)state;
    struct bench *bench = begin(NULL, "host-passthrough");
    fleet_vm(bench->fleet, "vm")->cpu_features = BENCH_TEXTS("avx2");
    expect(bench, "", "", "", "");
    bench_free(bench);
}

static void passthrough_moves_to_the_same_cpu(void **state)
{
    (void)state;
    struct bench *bench = begin("two", "host-passthrough");
    expect(bench, "cpu_level.feature", "", "", "cpu_level.different");
    assert_string_equal(bench_why(bench, "vm", "one").subject, "avx2");
    assert_string_equal(bench_why(bench, "vm", "three").subject, "avx512f");
    fleet_host(bench->fleet, "two")->cpu_model = "Skylake";
    fleet_host(bench->fleet, "also-two")->cpu_model = "Cascadelake";
    expect(bench, "cpu_level.feature", "", "cpu_level.different", "cpu_level.different");
    assert_string_equal(bench_why(bench, "vm", "also-two").subject,
                        "Cascadelake there, Skylake here");
    bench_free(bench);
}

static void or_to_a_superset_where_the_policy_says_so(void **state)
{
    (void)state;
    struct bench *bench = begin("two", "maximum");
    bench_set(bench, "passthrough_cpu", "superset");
    expect(bench, "cpu_level.feature", "", "", "");
    bench_free(bench);
}

static void what_it_was_started_with_counts_where_it_is_known(void **state)
{
    (void)state;
    struct bench *bench = begin("three", "host-passthrough"); /* its host has more by now */
    fleet_vm(bench->fleet, "vm")->cpu_features = BENCH_TEXTS("aes", "avx2");
    expect(bench, "cpu_level.feature", "", "", "");
    fleet_vm(bench->fleet, "vm")->cpu_features = BENCH_TEXTS("aes");
    expect(bench, "", "cpu_level.different", "cpu_level.different", "");
    assert_string_equal(bench_why(bench, "vm", "two").subject, "it has more features");
    bench_set(bench, "passthrough_cpu", "superset");
    expect(bench, "", "", "", "");
    bench_free(bench);
}

BENCH_MAIN("filter cpu_level", cmocka_unit_test(every_required_feature_must_be_there),
           cmocka_unit_test(a_named_model_must_be_usable),
           cmocka_unit_test(passthrough_starts_anywhere),
           cmocka_unit_test(passthrough_moves_to_the_same_cpu),
           cmocka_unit_test(or_to_a_superset_where_the_policy_says_so),
           cmocka_unit_test(what_it_was_started_with_counts_where_it_is_known))
