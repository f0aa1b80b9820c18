/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies bound to units: names, factors, parameters of every type, what is refused and where. */
#include "plug_helper.h"

struct sparse {
    double load_pct;
    double above;
    double after_s;
    bool twice;
    const char *by;
};

struct roomy {
    double spare_mib;
    int64_t most_vms;
    const char *avoid;
};

#define N(list) (sizeof(list) / sizeof *(list))

/* A policy with the weight good/sparse, the filter good/roomy and these parameters. */
static struct ruleset *bind_pairs(struct plug *plug, struct pair *pairs, uint32_t n,
                                  struct error *error)
{
    static const char *filters[] = {"good/roomy"};
    static struct pair weights[] = {{"good/sparse", "2.5", {3, 12}}};
    struct policy policy = {
        .name = "p",
        .file = "p.yaml",
        .filters = {filters, 1, true},
        .weights = {weights, 1, true},
        .parameters = {pairs, n, true},
    };
    return plug_bind(plug, &policy, error);
}

static void test_defaults(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    struct plug *plug = plug_with(fixture("good"), "good");
    struct ruleset *rules = bind_pairs(plug, NULL, 0, &error);
    assert_non_null(rules);
    const struct sparse *sparse = rules->weights[0].self;
    const struct roomy *roomy = rules->filters[0].self;
    assert_true(sparse->load_pct == 80 && sparse->above == 1.5 && sparse->after_s == 120);
    assert_false(sparse->twice);
    assert_string_equal(sparse->by, "vms");
    assert_true(roomy->spare_mib == 512 && roomy->most_vms == 3);
    assert_string_equal(roomy->avoid, "r9");
    assert_true(rules->weights[0].factor == 2.5);
    assert_int_equal(rules->filters[0].on_error, ON_ERROR_DENY);
    assert_int_equal(rules->weights[0].on_error, ON_ERROR_NEUTRAL);
    assert_int_equal(rules->selector, SELECTOR_RANK);
    assert_null(rules->balance.unit);
    assert_null(rules->resilience.unit);
    assert_null(rules->migrate.unit);
    assert_true(rules->parameters.high_utilization == 80);
    assert_true(rules->parameters.low_utilization == 20);
    assert_true(rules->parameters.cpu_overcommit_duration == 120);
    assert_true(rules->parameters.vcpu_consumption_percentage == 10);
    plug_unref(plug); /* the ruleset holds it */
    assert_string_equal(rules->filters[0].unit->name, "roomy");
    ruleset_free(rules);
}

static void test_every_type(void **state)
{
    (void)state;
    struct pair pairs[] = {
        {"load", "90%", {1, 1}}, {"above", "-2e1", {2, 1}}, {"after", "1h", {3, 1}},
        {"twice", "yes", {4, 1}}, {"by", "memory", {5, 1}}, {"spare", "2GiB", {6, 1}},
        {"most_vms", "7", {7, 1}}, {"avoid", "", {8, 1}}, {"high_utilization", "95%", {9, 1}},
        {"cpu_overcommit_duration", "5m", {10, 1}}, {"good/roomy.most_vms", "9", {11, 1}},
    };
    struct error error = ERROR_INIT;
    struct plug *plug = plug_with(fixture("good"), "good");
    struct ruleset *rules = bind_pairs(plug, pairs, N(pairs), &error);
    assert_string_equal(error.text, "");
    const struct sparse *sparse = rules->weights[0].self;
    const struct roomy *roomy = rules->filters[0].self;
    assert_true(sparse->load_pct == 90 && sparse->above == -20 && sparse->after_s == 3600);
    assert_true(sparse->twice);
    assert_string_equal(sparse->by, "memory");
    assert_true(roomy->spare_mib == 2048 && roomy->most_vms == 9);
    assert_string_equal(roomy->avoid, "");
    assert_true(rules->parameters.high_utilization == 95);
    assert_true(rules->parameters.cpu_overcommit_duration == 300);
    ruleset_free(rules);
    plug_unref(plug);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *expected;
    } cases[] = {
        {"most_vms", "many", "p.yaml:7:3: policy p: most_vms: expected a whole number from 0 to "
            "1000 "
                             "VMs, found \"many\""},
        {"most_vms", "3.5", "a whole number"},
        {"most_vms", "1001", "from 0 to 1000 VMs, found \"1001\""},
        {"load", "101%", "load: expected a percentage from 0 to 100%, found \"101%\""},
        {"load", "nan", "a percentage"},
        {"after", "0s", "a duration (90s, 2m, 1h), at least 1 s"},
        {"after", "soon", "a duration"},
        {"twice", "perhaps", "yes or no"},
        {"by", "name", "one of vms|memory, found \"name\""},
        {"by", "vms|memory", "one of vms|memory"},
        {"by", "", "one of vms|memory"},
        {"spare", "lots", "an amount of memory (512MiB, 4GiB) from 0 to 1048576 MiB"},
        {"above", "1e999", "a number"},
        {"mots_vms", "3", "no unit declares mots_vms; did you mean most_vms?"},
        {"zzzzzzzzzz", "3", "no unit declares zzzzzzzzzz"},
        {"good/roomy.load", "3", "no unit declares good/roomy.load"},
        {"roomy.most_vms", "3", "no unit declares roomy.most_vms"},
        {"high_utilization", "40", "high_utilization: expected a percentage from 50 to 99%"},
        {"low_utilization", "50", "a percentage from 0 to 49%"},
        {"cpu_overcommit_duration", "30s", "at least 60 s"},
        {"above", "81", "unit good/sparse: above (81) must not be above load (80)"},
    };
    struct plug *plug = plug_with(fixture("good"), "good");
    for (size_t i = 0; i < N(cases); i++) {
        struct error error = ERROR_INIT;
        struct pair pair = {cases[i].key, cases[i].value, {7, 3}};
        assert_null(bind_pairs(plug, &pair, 1, &error));
        if (!strstr(error.text, cases[i].expected))
            fail_msg("expected \"%s\" in \"%s\"", cases[i].expected, error.text);
        assert_int_equal(error.kind, ERROR_INPUT);
    }
    plug_unref(plug);
}

static void policy_fails(struct plug *plug, const struct policy *policy, const char *expected)
{
    struct error error = ERROR_INIT;
    assert_null(plug_bind(plug, policy, &error));
    if (!strstr(error.text, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, error.text);
}

static void test_names_and_factors(void **state)
{
    (void)state;
    struct plug *plug = plug_with(fixture("good"), "");
    const char *filters[] = {"romy", "roomy"};
    const char *twice[] = {"roomy", "roomy"};
    struct pair weight = {"sparse", "1", {4, 5}};
    struct policy policy = {.name = "p", .file = "p.yaml"};
    policy.filters = (struct texts){filters, 1, true};
    policy_fails(plug, &policy, "p.yaml: policy p: there is no filter unit romy; did you mean "
        "roomy?");
    filters[0] = "sparse";
    policy_fails(plug, &policy, "sparse is a weight unit; a filter unit was expected");
    policy.filters = (struct texts){twice, 2, true};
    policy_fails(plug, &policy, "filters: roomy stands there twice");
    policy.filters.n = 1;
    policy.weights = (struct pairs){&weight, 1, true};
    weight.value = "-1";
    policy_fails(plug, &policy, "p.yaml:4:5: policy p: weights: sparse: a factor of 0 or more");
    weight.value = "inf";
    policy_fails(plug, &policy, "a factor of 0 or more");
    weight.value = "0";
    policy.selector = "best";
    policy_fails(plug, &policy, "rank, normalized or raw was expected, found \"best\"");
    policy.selector = "raw";
    policy.balance = "even";
    policy_fails(plug, &policy, "there is no balance unit even");
    policy.balance = "none";
    policy.resilience = "do_not_migrate";
    struct pair on_error = {"sparse", "deny", {9, 1}};
    policy.on_error = (struct pairs){&on_error, 1, true};
    struct error error = ERROR_INIT;
    struct ruleset *rules = plug_bind(plug, &policy, &error);
    assert_non_null(rules);
    assert_int_equal(rules->selector, SELECTOR_RAW);
    assert_int_equal(rules->weights[0].on_error, ON_ERROR_DENY);
    assert_int_equal(rules->filters[0].on_error, ON_ERROR_DENY);
    ruleset_free(rules);
    on_error.value = "ignore";
    policy_fails(plug, &policy, "p.yaml:9:1: policy p: on_error: sparse: deny, neutral or "
        "last_good");
    on_error = (struct pair){"dense", "deny", {9, 1}};
    policy_fails(plug, &policy, "on_error: this policy has no unit dense");
    plug_unref(plug);
}

static void test_mandatory_first(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    struct plug *plug = plug_new(PLUG_TRUST_ANY);
    assert_int_equal(plug_load_file(plug, fixture("older"), "", true, &error), 0);
    assert_int_equal(plug_load_file(plug, fixture("good"), "", true, &error), 0);
    const char *filters[] = {"older", "roomy"};
    struct policy policy = {.name = "p", .filters = {filters, 2, true}};
    struct ruleset *rules = plug_bind(plug, &policy, &error);
    assert_int_equal(rules->n_filters, 2);
    assert_string_equal(rules->filters[0].name, "roomy");
    assert_true(rules->filters[0].mandatory);
    assert_false(rules->filters[1].mandatory);
    ruleset_free(rules);
    policy.filters.n = 0;
    rules = plug_bind(plug, &policy, &error);
    assert_int_equal(rules->n_filters, 1);
    assert_string_equal(rules->filters[0].name, "roomy");
    ruleset_free(rules);
    plug_unref(plug);
}

static void test_hash(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    struct plug *plug = plug_with(fixture("good"), "good");
    struct pair pair = {"most_vms", "7", {7, 3}};
    struct ruleset *a = bind_pairs(plug, &pair, 1, &error), *b = bind_pairs(plug, &pair, 1, &error);
    pair.value = "8";
    struct ruleset *c = bind_pairs(plug, &pair, 1, &error);
    assert_int_equal(strlen(a->hash), 64);
    assert_string_equal(a->hash, b->hash);
    assert_string_not_equal(a->hash, c->hash);
    ruleset_free(a);
    ruleset_free(b);
    ruleset_free(c);
    plug_unref(plug);
}

/* Each key that a policy has for migrations reaches its rules, and makes them other ones. */
static void test_migration(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    struct plug *plug = plug_with(fixture("good"), "good");
    struct ruleset *plain = bind_pairs(plug, NULL, 0, &error);
    for (const struct field *field = policy_migration_fields; field->key; field++) {
        const char *word = strcmp(field->key, "policy") == 0 ? "none" : "2";
        struct policy policy = {.name = "p", .file = "p.yaml"};
        *(const char **)((char *)&policy.migration + field->offset) = word;
        struct ruleset *rules = plug_bind(plug, &policy, &error);
        assert_non_null(rules);
        assert_string_equal(*(const char **)((char *)&rules->migration + field->offset), word);
        assert_string_not_equal(rules->hash, plain->hash);
        ruleset_free(rules);
    }
    ruleset_free(plain);
    plug_unref(plug);
}

/* The same table in Lua: one parameter of each type, as the unit sees them. */
static void test_lua_parameters(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    struct plug *plug = plug_with(write_file("parameters.lua",
        "return {abi = 1, kind = 'filter', name = 'all_types', summary = 's',\n"
        "parameters = {n = {type = 'integer', default = 2, min = 1, help = 'h', unit = 'VMs'},\n"
        "x = {type = 'number', default = 0.5, max = 10}, p = {type = 'percent', default = '80%'},\n"
        "d = {type = 'duration', default = '2m'}, m = {type = 'memory', default = '1GiB'},\n"
        "b = {type = 'boolean', default = true}, t = {type = 'text'},\n"
        "c = {type = 'choice', choices = {'up', 'down'}, default = 'up'}},\n"
        "open = function(self) if self.n == 13 then return false, 'thirteen brings bad luck' end\n"
        "if self.n == 14 then error('broken') end end,\n"
        "filter = function(self, ask, host)\n"
        "local s = {} for k, v in pairs(self) do s[#s + 1] = k .. '=' .. tostring(v) end\n"
        "return false, 'all.types', table.concat(s, ' ') end}"), "site");
    const char *filters[] = {"site/all_types"};
    struct pair pairs[] = {{"n", "5", {2, 2}}, {"site/all_types.t", "a text", {3, 3}}};
    struct policy policy = {.name = "p", .filters = {filters, 1, true}, .parameters = {pairs, 2,
        true}};
    struct ruleset *rules = plug_bind(plug, &policy, &error);
    assert_string_equal(error.text, "");
    struct fleet *fleet = small_fleet();
    struct columns *columns = columns_new(fleet);
    struct drover_ask ask = {.size = sizeof ask, .fleet = &columns->fleet,
                             .purpose = DROVER_TO_START};
    struct bound_unit *u = &rules->filters[0];
    uint32_t host = 0;
    uint8_t verdict;
    struct drover_why why = {.size = sizeof why};
    assert_int_equal(u->unit->filter(u->self, &ask, &host, 1, &verdict), 0);
    assert_int_equal(u->unit->why(u->self, &ask, 0, verdict, &why), 0);
    assert_string_equal(why.text, "b=true c=up d=120.0 m=1024.0 n=5 p=80.0 t=a text x=0.5");
    assert_string_equal(u->unit->parameters[0].key, "b");
    assert_string_equal(u->unit->parameters[4].unit, "VMs");
    columns_free(columns);
    fleet_free(fleet);
    ruleset_free(rules);
    pairs[0].value = "0";
    policy_fails(plug, &policy, "line 2, column 2: policy p: n: expected a whole number, at least "
        "1 VMs");
    pairs[0].value = "13";
    policy_fails(plug, &policy, "unit site/all_types: thirteen brings bad luck");
    pairs[0].value = "14";
    policy_fails(plug, &policy, "parameters.lua:8: broken");
    pairs[0] = (struct pair){"x", "10.5", {2, 2}};
    policy_fails(plug, &policy, "a number, at most 10, found \"10.5\"");
    plug_unref(plug);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),          cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_what_is_refused),   cmocka_unit_test(test_names_and_factors),
        cmocka_unit_test(test_mandatory_first),   cmocka_unit_test(test_hash),
        cmocka_unit_test(test_migration),
        cmocka_unit_test(test_lua_parameters),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
