/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter `labels`: terms over the labels of hosts. */
#include "plugin/bench.h"

static struct bench *begin(const char *wanted)
{
    struct bench *bench = bench_new("filter_labels");
    struct pair labels[] = {{"rack", "a1", {0, 0}}, {"gen", "3", {0, 0}}, {"zone", "b", {0, 0}},
                            {"ssd", "yes", {0, 0}}, {"old", "no", {0, 0}}};
    struct host host = bench_host("a");
    host.labels = (struct pairs){labels, 5, true};
    bench_put_host(bench, host);
    struct vm vm = bench_vm("vm", NULL);
    vm.labels = BENCH_LABEL("require", wanted);
    bench_put_vm(bench, vm);
    bench_ready(bench);
    bench_check_tables(bench);
    return bench;
}

static void expect_all(const char *const *terms, const char *code)
{
    for (; *terms; terms++) {
        struct bench *bench = begin(*terms);
        const char *found = bench_refusal(bench, "vm", "a");
        if (strcmp(found, code) != 0)
            fail_msg("\"%s\": expected \"%s\", found \"%s\"", *terms, code, found);
        bench_free(bench);
    }
}

static void terms_that_hold(void **state)
{
    static const char *const terms[] = {
        "rack=a1", " rack = a1 ", "rack!=a2", "gen>=3", "gen>2", "gen<4", "gen<=3", "gen=3.0",
        "gen>=2.5", "zone in a, b", "zone in b", "zone not in a,c", "ssd", "!old", "!missing",
        "missing!=x", "missing not in a, b", "rack=a1; gen>=3; ssd", "", " ; ;", "rack=a1;", NULL,
    };
    (void)state;
    expect_all(terms, "");
}

static void terms_that_do_not(void **state)
{
    static const char *const terms[] = {
        "rack=a2", "rack=a", "rack!=a1", "gen>=4", "gen>3", "gen<3", "gen<=2", "rack>=1", "gen>x",
        "zone in a, c", "zone not in a, b", "old", "!ssd", "missing", "missing=x", "missing>=0",
        "missing<1", "missing in a", "rack=a1; gen>=4", "gen in 3.0", NULL,
    };
    (void)state;
    expect_all(terms, "labels.unmet");
}

static void terms_that_cannot_be_read(void **state)
{
    static const char *const terms[] = {
        "rack=", "=a1", "rack in ", "a b", "!", "rack==", "rack!", ">=3", "!a=b",
        "rack=a1; =", NULL,
    };
    (void)state;
    /* "rack==" asks for the value "=", which is a value like others. */
    for (const char *const *t = terms; *t; t++) {
        struct bench *bench = begin(*t);
        const char *code = strcmp(*t, "rack==") == 0 ? "labels.unmet" : "labels.unreadable";
        const char *found = bench_refusal(bench, "vm", "a");
        if (strcmp(found, code) != 0)
            fail_msg("\"%s\": expected \"%s\", found \"%s\"", *t, code, found);
        bench_free(bench);
    }
}

static void the_term_in_the_way_is_told(void **state)
{
    (void)state;
    struct bench *bench = begin("ssd; gen >= 4 ; rack=b");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "gen >= 4");
    bench_free(bench);
    bench = begin("ssd; not a term");
    assert_string_equal(bench_why(bench, "vm", "a").subject, "not a term");
    bench_free(bench);
}

static void a_policy_may_want_something_of_all(void **state)
{
    (void)state;
    char error[256];
    struct bench *bench = begin("ssd");
    bench_set(bench, "require_labels", "rack=a2");
    assert_string_equal(bench_open(bench, error), "");
    bench_expect(bench, "vm", "a", "labels.unmet");
    bench_set(bench, "require_labels", "rack=a1");
    bench_expect(bench, "vm", "a", "");
    fleet_vm(bench->fleet, "vm")->labels = (struct pairs){0};
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_set(bench, "require_labels", "rack=a1; a b");
    assert_non_null(strstr(bench_open(bench, error), "found \"a b\""));
    bench_free(bench);
}

static void keys_that_begin_with_require_count(void **state)
{
    (void)state;
    struct pair labels[] = {{"require", "ssd", {0, 0}}, {"require.rack", "rack=b", {0, 0}},
                            {"required", "no such thing", {0, 0}}};
    struct bench *bench = begin("");
    fleet_vm(bench->fleet, "vm")->labels = (struct pairs){labels, 3, true};
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "labels.unmet");
    labels[1].value = "rack=a1";
    bench_ready(bench);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
}

static void there_may_not_be_too_many(void **state)
{
    (void)state;
    char terms[64 * 4 + 1] = "";
    for (int i = 0; i < 63; i++)
        memcpy(terms + (size_t)i * 4, "ssd;", 5);
    struct bench *bench = begin(terms);
    bench_expect(bench, "vm", "a", "");
    bench_free(bench);
    memcpy(terms + (size_t)63 * 4, "ssd;", 5);
    bench = begin(terms);
    bench_expect(bench, "vm", "a", "labels.unreadable");
    bench_free(bench);
    char *long_one = calloc(1, 5000);
    memset(long_one, 'x', 4096);
    bench = begin(long_one);
    bench_expect(bench, "vm", "a", "labels.unreadable");
    assert_true(strlen(bench_why(bench, "vm", "a").subject) < 256);
    bench_free(bench);
    free(long_one);
}

BENCH_MAIN("filter labels", cmocka_unit_test(terms_that_hold), cmocka_unit_test(terms_that_do_not),
           cmocka_unit_test(terms_that_cannot_be_read),
           cmocka_unit_test(the_term_in_the_way_is_told),
           cmocka_unit_test(a_policy_may_want_something_of_all),
           cmocka_unit_test(keys_that_begin_with_require_count),
           cmocka_unit_test(there_may_not_be_too_many))
