/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two decisions side by side: what differs on the hosts that were chosen, and what counts most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "model/difference.h"

static struct weighing light = {.unit = "cpu", .raw = 3, .rank = 2, .factor = 1};
static struct weighing heavy = {.unit = "cpu", .raw = 3, .rank = 2, .factor = 4};
static struct refusal full = {.unit = "memory", .code = "memory.short", .reason = "needs 2 MiB",
                              .remedy = ""};

static struct host_verdict accepted(const char *name, struct weighing *weight, double score)
{
    return (struct host_verdict){.name = name, .accepted = true, .weights = {weight, 1},
                                 .score = score, .place = 1};
}

static struct host_verdict refused(const char *name)
{
    return (struct host_verdict){.name = name, .refused_by = "memory", .refusals = {&full, 1}};
}

static struct decision decision_of(const char *chosen, struct host_verdict *hosts, uint32_t n)
{
    return (struct decision){.vm = "web", .chosen = chosen, .hosts = {hosts, n}};
}

static void the_same_has_no_differences(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct host_verdict hosts[] = {accepted("kvm1", &light, 2)};
    struct decision one = decision_of("kvm1", hosts, 1);
    assert_true(decisions_agree(&one, &one));
    assert_int_equal(decision_differences(&one, &one, &arena).n, 0);
    arena_free(&arena);
}

static void a_verdict_counts_more_than_scores(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct host_verdict before[] = {accepted("kvm1", &light, 2), accepted("kvm2", &light, 1)};
    struct host_verdict now[] = {refused("kvm1"), accepted("kvm2", &heavy, 4)};
    struct decision one = decision_of("kvm1", before, 2), other = decision_of("kvm2", now, 2);
    assert_false(decisions_agree(&one, &other));
    struct rows rows = decision_differences(&one, &other, &arena);
    const struct difference *counts = difference_that_counts(&rows);
    assert_string_equal(counts->what, "verdict");
    assert_string_equal(counts->host, "kvm1");
    assert_string_equal(counts->unit, "memory");
    assert_string_equal(counts->one, "not refused");
    assert_string_equal(counts->other, "refused: needs 2 MiB");
    arena_free(&arena);
}

static void weights_are_told_with_all_their_figures(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct host_verdict before[] = {accepted("kvm1", &light, 2)};
    struct host_verdict now[] = {accepted("kvm1", &heavy, 8)};
    struct decision one = decision_of("kvm1", before, 1), other = decision_of("kvm1", now, 1);
    assert_true(decisions_agree(&one, &other));
    struct rows rows = decision_differences(&one, &other, &arena);
    const struct difference *row = rows.item;
    assert_int_equal(rows.n, 2);
    assert_string_equal(row[0].what, "weight");
    assert_string_equal(row[0].one, "raw 3, rank 2, factor 1");
    assert_string_equal(row[0].other, "raw 3, rank 2, factor 4");
    assert_string_equal(row[1].one, "score 2, place 1");
    arena_free(&arena);
}

static void a_host_that_one_was_not_asked_about(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct host_verdict hosts[] = {accepted("kvm1", &light, 2)};
    struct decision one = decision_of("kvm1", hosts, 1), other = decision_of(NULL, NULL, 0);
    struct rows rows = decision_differences(&one, &other, &arena);
    assert_string_equal(difference_that_counts(&rows)->what, "candidate");
    assert_string_equal(difference_that_counts(&rows)->other, "not asked");
    arena_free(&arena);
}

static void a_failure_is_told(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct unit_failure failure = {.unit = "cpu", .error = "late", .treated = "neutral"};
    struct decision one = decision_of(NULL, NULL, 0), other = one;
    other.failures = (struct rows){&failure, 1};
    struct rows rows = decision_differences(&one, &other, &arena);
    assert_string_equal(difference_that_counts(&rows)->other, "failed: late (treated as neutral)");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_has_no_differences),
        cmocka_unit_test(a_verdict_counts_more_than_scores),
        cmocka_unit_test(weights_are_told_with_all_their_figures),
        cmocka_unit_test(a_host_that_one_was_not_asked_about),
        cmocka_unit_test(a_failure_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
