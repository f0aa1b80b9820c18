/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies: reading with file:line:column, `extends`, and what is inherited. */
#include "unit/policy_files.h"

#include "codec/yaml.h"
#include "policy/policy_file.h"

static void refuse(const struct folder *folder, const char *text, const char *expected)
{
    struct policies *policies = policies_new();
    struct error error = ERROR_INIT;
    const char *path = folder_write(folder, "p.yaml", text);
    assert_int_equal(policies_read_file(policies, path, &error), -1);
    assert_int_equal(error.kind, ERROR_INPUT);
    size_t length = strlen(path);
    assert_memory_equal(error.text, path, length);
    assert_string_equal(error.text + length, expected);
    assert_int_equal(policies_count(policies), 0);
    policies_free(policies);
}

static void wrong_values_name_their_place(void **state)
{
    const struct folder *folder = *state;
    refuse(folder, "policy: a\nselector: best\n",
           ":2:11: selector: expected rank, normalized or raw, found \"best\"");
    refuse(folder, "policy: a\nweights:\n  cpu_even: 2\n  memory_even: heavy\n",
           ":4:3: weights: memory_even: expected a factor from 0 to 1000000, found \"heavy\"");
    refuse(folder, "policy: a\nweights: {cpu_even: -1}\n",
           ":2:11: weights: cpu_even: expected a factor from 0 to 1000000, found \"-1\"");
    refuse(folder, "policy: a\nmigration:\n  encryption: maybe\n",
           ":3:15: migration: encryption: expected yes or no, found \"maybe\"");
    refuse(folder, "policy: a\nmigration: {bandwidth: lots}\n",
           ":2:24: migration: bandwidth: expected auto, hypervisor_default or Mbps, "
           "found \"lots\"");
    refuse(folder, "policy: a\nmigration: {bandwidth: 0}\n",
           ":2:24: migration: bandwidth: expected auto, hypervisor_default or Mbps, found \"0\"");
    refuse(folder, "policy: a\non_error: {memory: ignore}\n",
           ":2:12: on_error: memory: expected deny, neutral or last_good, found \"ignore\"");
    refuse(folder, "policy: a\nfilters: [cpu, memory, cpu]\n",
           ":1:9: filters: cpu is there twice");
    refuse(folder, "summary: no name\n", ":1:1: \"policy\" is missing: the name of the policy");
}

/* The words of these are the codec's; that they come, and where, is ours. */
static void wrong_shapes_name_their_place(void **state)
{
    static const struct {
        const char *text, *place;
    } cases[] = {
        {"policy: a\nfilter: [cpu]\n", ":2:1: "},
        {"policy: a\nbalance: none\nbalance: none\n", ":3:1: "},
        {"policy: a\nfilters: cpu\n", ":2:10: "},
        {"policy: a\nweights: [cpu]\n", ":2:10: "},
        {"policy: a b\n", ":1:9: "},
        {"policy: a\nselector: {rank: 1}\n", ":2:11: "},
        {"- policy: a\n", ":1:1: "},
        {"policy: a\nparameters: {high_utilization: 80, high_utilization: 90}\n", ":2:36: "},
    };
    const struct folder *folder = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policies *policies = policies_new();
        struct error error = ERROR_INIT;
        const char *path = folder_write(folder, "p.yaml", cases[i].text);
        assert_int_equal(policies_read_file(policies, path, &error), -1);
        assert_memory_equal(error.text, path, strlen(path));
        assert_memory_equal(error.text + strlen(path), cases[i].place, strlen(cases[i].place));
        policies_free(policies);
    }
}

static void an_absent_file_is_an_error_an_absent_directory_is_none(void **state)
{
    const struct folder *folder = *state;
    struct policies *policies = policies_new();
    struct error error = ERROR_INIT;
    assert_int_equal(policies_read_dir(policies, folder_path(folder, "none"), &error), 0);
    assert_int_equal(policies_count(policies), 0);
    assert_int_equal(policies_read_file(policies, folder_path(folder, "none.yaml"), &error), -1);
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    policies_free(policies);
}

static const char base_text[] = "policy: base\n"
                                "summary: the base\n"
                                "filters: [cpu, memory]\n"
                                "weights: {cpu_even: 2, memory_even: 1}\n"
                                "selector: raw\n"
                                "balance: even_distribution\n"
                                "parameters: {high_utilization: 70%, cpu_overcommit_duration: 3m}\n"
                                "migration: {bandwidth: 1000, network: fast}\n"
                                "on_error: {memory: deny}\n";

static const struct policy *resolve(struct policies *policies, const struct folder *folder,
                                    const char *text, const char *name)
{
    struct error error = ERROR_INIT;
    assert_int_equal(
        policies_read_file(policies, folder_write(folder, "base.yaml", base_text), &error), 0);
    assert_int_equal(
        policies_read_file(policies, folder_write(folder, "over.yaml", text), &error), 0);
    const struct policy *policy = policies_resolve(policies, name, &error);
    assert_string_equal(error.text, "");
    assert_non_null(policy);
    return policy;
}

static void what_is_not_said_is_inherited(void **state)
{
    struct policies *policies = policies_new();
    const struct policy *policy = resolve(policies, *state,
                                          "policy: over\nextends: base\n"
                                          "parameters: {high_utilization: 90%, low: 1}\n"
                                          "migration: {encryption: yes}\n",
                                          "over");
    assert_string_equal(policy->name, "over");
    assert_string_equal(policy->summary, "the base");
    assert_null(policy->extends);
    assert_int_equal(policy->filters.n, 2);
    assert_string_equal(policy->filters.item[1], "memory");
    assert_int_equal(policy->weights.n, 2);
    assert_string_equal(policy->selector, "raw");
    assert_string_equal(policy->balance, "even_distribution");
    assert_string_equal(policy->migration.bandwidth, "1000");
    assert_string_equal(policy->migration.network, "fast");
    assert_string_equal(policy->migration.encryption, "yes");
    /* Parameters key by key; the marks of inherited ones, which are of another file, are gone. */
    assert_int_equal(policy->parameters.n, 3);
    assert_string_equal(policy->parameters.item[0].key, "high_utilization");
    assert_string_equal(policy->parameters.item[0].value, "90%");
    assert_int_equal(policy->parameters.item[0].mark.line, 3);
    assert_string_equal(policy->parameters.item[1].value, "3m");
    assert_int_equal(policy->parameters.item[1].mark.line, 0);
    assert_string_equal(policy->parameters.item[2].key, "low");
    assert_int_equal(policy->on_error.n, 1);
    policies_free(policies);
}

static void an_empty_list_is_a_statement(void **state)
{
    struct policies *policies = policies_new();
    const struct policy *policy = resolve(policies, *state,
                                          "policy: over\nextends: base\n"
                                          "filters: []\nweights: {}\nbalance: none\n",
                                          "over");
    assert_true(policy->filters.known);
    assert_int_equal(policy->filters.n, 0);
    assert_true(policy->weights.known);
    assert_int_equal(policy->weights.n, 0);
    assert_string_equal(policy->balance, "none");
    policies_free(policies);
}

static void what_nobody_said_has_its_default(void **state)
{
    struct policies *policies = policies_new();
    const struct policy *policy = resolve(policies, *state, "policy: bare\n", "bare");
    assert_true(policy->filters.known && policy->weights.known && policy->parameters.known);
    assert_int_equal(policy->filters.n, 0);
    assert_string_equal(policy->selector, "rank");
    assert_string_equal(policy->balance, "none");
    assert_string_equal(policy->resilience, "migrate");
    assert_string_equal(policy->migration.policy, "minimal_downtime");
    assert_string_equal(policy->migration.bandwidth, "auto");
    assert_string_equal(policy->migration.encryption, "no");
    assert_string_equal(policy->migration.network, "");
    policies_free(policies);
}

static void extends_must_end(void **state)
{
    const struct folder *folder = *state;
    struct policies *policies = policies_new();
    struct error error = ERROR_INIT;
    const char *a = folder_write(folder, "a.yaml", "policy: a\nextends: b\n");
    assert_int_equal(policies_read_file(policies, a, &error), 0);
    const char *b = folder_write(folder, "b.yaml", "policy: b\nsummary: s\nextends: a\n");
    assert_int_equal(policies_read_file(policies, b, &error), 0);
    assert_null(policies_resolve(policies, "a", &error));
    char expected[256];
    snprintf(expected, sizeof expected,
             "%s/b.yaml:3:10: extends: goes round in a circle: a extends b extends a",
             folder->path);
    assert_string_equal(error.text, expected);

    const char *c = folder_write(folder, "c.yaml", "policy: c\nextends: c\n");
    error_clear(&error);
    assert_int_equal(policies_read_file(policies, c, &error), 0);
    assert_null(policies_resolve(policies, "c", &error));
    snprintf(expected, sizeof expected,
             "%s/c.yaml:2:10: extends: goes round in a circle: c extends c", folder->path);
    assert_string_equal(error.text, expected);
    policies_free(policies);
}

static void extends_must_be_known(void **state)
{
    const struct folder *folder = *state;
    struct policies *policies = policies_new();
    struct error error = ERROR_INIT;
    const char *a = folder_write(folder, "a.yaml", "policy: a\nextends: bbb\n");
    assert_int_equal(policies_read_file(policies, a, &error), 0);
    assert_null(policies_resolve(policies, "a", &error));
    char expected[256];
    snprintf(expected, sizeof expected,
             "%s:2:10: extends: there is no policy \"bbb\"; there are: a", a);
    assert_string_equal(error.text, expected);
    error_clear(&error);
    assert_null(policies_resolve(policies, "x", &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    assert_string_equal(error.text, "there is no policy \"x\"; there are: a");
    policies_free(policies);
}

static void a_later_policy_replaces_an_earlier_one(void **state)
{
    const struct folder *folder = *state;
    struct policies *policies = policies_new();
    struct error error = ERROR_INIT;
    folder_make(folder, "d");
    folder_write(folder, "d/2.yaml", "policy: b\nsummary: second\n");
    folder_write(folder, "d/1.yaml", "policy: b\nsummary: first\n");
    folder_write(folder, "d/3.yaml", "policy: a\n");
    folder_write(folder, "d/.hidden.yaml", "wrong");
    folder_write(folder, "d/4.yaml~", "wrong");
    assert_int_equal(policies_read_dir(policies, folder_path(folder, "d"), &error), 0);
    assert_int_equal(policies_count(policies), 2);
    assert_string_equal(policies_get(policies, 0)->name, "a");
    assert_string_equal(policies_get(policies, 1)->summary, "second");
    policies_free(policies);
}

static void a_policy_may_be_inline(void **state)
{
    (void)state;
    struct policies *policies = policies_new();
    struct error error = ERROR_INIT;
    struct arena arena = ARENA_INIT;
    struct policy policy = {0};
    static const char text[] = "extends: gone\nselector: raw\n";
    struct yaml_document document = {"fleet.yaml", policy_fields, &policy, NULL, NULL, 0};
    assert_int_equal(yaml_read(&document, text, sizeof text - 1, &arena, &error), 0);
    assert_null(policies_resolve_inline(policies, &policy, &error));
    assert_string_equal(error.text, "policy inline: extends: there is no policy \"gone\"; "
                                    "there are: none");
    error_clear(&error);
    policy.extends = NULL;
    const struct policy *resolved = policies_resolve_inline(policies, &policy, &error);
    assert_non_null(resolved);
    arena_free(&arena); /* the resolved policy lives on */
    assert_string_equal(resolved->name, "inline");
    assert_string_equal(resolved->selector, "raw");
    policies_free(policies);
}

static void a_written_policy_reads_back(void **state)
{
    const struct folder *folder = *state;
    struct policies *policies = policies_new();
    const struct policy *policy = resolve(policies, folder,
                                          "policy: over\nextends: base\nfilters: []\n"
                                          "summary: \"tab\\t, \\\"quotes\\\" and: colons # \"\n"
                                          "parameters: {cpu.empty: \"\"}\n",
                                          "over");
    char *text = policy_write(policy);
    struct arena arena = ARENA_INIT;
    struct policy again = {0};
    struct error error = ERROR_INIT;
    struct yaml_document document = {"written", policy_fields, &again, NULL, NULL, 0};
    assert_int_equal(yaml_read(&document, text, strlen(text), &arena, &error), 0);
    assert_string_equal(again.summary, "tab\t, \"quotes\" and: colons # ");
    /* An empty network is not written, and reads as not said. */
    again.migration.network = policy->migration.network;
    assert_true(field_equal(policy_fields, policy, &again));
    free(text);
    arena_free(&arena);
    policies_free(policies);
}

static void the_shipped_policies_resolve(void **state)
{
    (void)state;
    const char *source = getenv("DROVER_SRC");
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s/policies", source ? source : ".");
    struct policies *policies = policies_new();
    struct error error = ERROR_INIT;
    assert_int_equal(policies_read_dir(policies, dir, &error), 0);
    assert_true(policies_count(policies) >= 2);
    for (uint32_t i = 0; i < policies_count(policies); i++)
        assert_non_null(policies_resolve(policies, policies_get(policies, i)->name, &error));
    const struct policy *even = policies_resolve(policies, "evenly_distributed", &error);
    assert_string_equal(even->balance, "even_distribution");
    assert_string_equal(even->weights.item[0].key, "cpu_even");
    assert_string_equal(even->weights.item[0].value, "2");
    policies_free(policies);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_begin, folder_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_values_name_their_place),
        TEST(wrong_shapes_name_their_place),
        TEST(an_absent_file_is_an_error_an_absent_directory_is_none),
        TEST(what_is_not_said_is_inherited),
        TEST(an_empty_list_is_a_statement),
        TEST(what_nobody_said_has_its_default),
        TEST(extends_must_end),
        TEST(extends_must_be_known),
        TEST(a_later_policy_replaces_an_earlier_one),
        TEST(a_policy_may_be_inline),
        TEST(a_written_policy_reads_back),
        TEST(the_shipped_policies_resolve),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("policy files", tests, NULL, NULL);
}
