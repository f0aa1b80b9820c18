/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reasons as sentences: figures as people read them, templates filled, hostile subjects kept. */
#include "unit/decide_bench.h"

#include "decide/sentence.h"

#include <math.h>

static void numbers_as_people_read_them(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0, "0"}, {-0.0, "0"}, {1, "1"}, {10, "10"}, {100, "100"}, {999, "999"},
        {1000, "1,000"}, {8192, "8,192"}, {123456, "123,456"}, {1000000, "1,000,000"},
        {1234567.891, "1,234,567.89"}, {0.25, "0.25"}, {0.5, "0.5"}, {2.10, "2.1"},
        {99.999, "100"}, {999.999, "1,000"}, {0.001, "0"}, {-0.001, "0"}, {-1, "-1"},
        {-1234.5, "-1,234.5"}, {1e14, "100,000,000,000,000"}, {1e15, "1e+15"}, {-1e20, "-1e+20"},
        {NAN, "an unknown amount"}, {INFINITY, "inf"}, {-INFINITY, "-inf"},
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(sentence_number(&arena, cases[i].number), cases[i].text);
    arena_free(&arena);
}

static void templates_are_filled(void **state)
{
    (void)state;
    struct drover_why why = {.size = sizeof why, .need = 8192, .have = 4096.5,
                             .subject = "lan"};
    static const struct {
        const char *text, *filled;
    } cases[] = {
        {"needs {need} MiB, has {have} MiB; {short} MiB short",
         "needs 8,192 MiB, has 4,096.5 MiB; 4,095.5 MiB short"},
        {"lacks {subject}", "lacks lan"},
        {"{subject}{subject}", "lanlan"},
        {"nothing to fill", "nothing to fill"},
        {"", ""},
        {"{other} {need", "{other} {need"},
        {"{} {{need}} }{", "{} {8,192} }{"},
        {"{Need} {needs} {nee}", "{Need} {needs} {nee}"},
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(sentence_fill(&arena, cases[i].text, &why), cases[i].filled);
    arena_free(&arena);
}

/* A subject comes from outside: what looks like a template in it is not filled again. */
static void a_subject_is_not_a_template(void **state)
{
    (void)state;
    struct drover_why why = {.size = sizeof why, .need = 1, .have = 2, .subject = "{need}%s{x"};
    struct arena arena = ARENA_INIT;
    assert_string_equal(sentence_fill(&arena, "lacks {subject}!", &why), "lacks {need}%s{x!");
    arena_free(&arena);
}

static void unknown_figures_are_said_to_be_unknown(void **state)
{
    (void)state;
    struct drover_why why = {.size = sizeof why, .need = 5, .have = NAN};
    struct arena arena = ARENA_INIT;
    assert_string_equal(sentence_fill(&arena, "{need}, {have}, {short}", &why),
                        "5, an unknown amount, an unknown amount");
    arena_free(&arena);
}

static void a_long_template_is_kept_whole(void **state)
{
    (void)state;
    struct drover_why why = {.size = sizeof why, .need = 1};
    char text[4001], expected[4001];
    for (size_t i = 0; i < 500; i++)
        memcpy(text + i * 8, "{need}..", 8);
    text[4000] = '\0';
    for (size_t i = 0; i < 500; i++)
        memcpy(expected + i * 3, "1..", 3);
    expected[1500] = '\0';
    struct arena arena = ARENA_INIT;
    assert_string_equal(sentence_fill(&arena, text, &why), expected);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_as_people_read_them),
        cmocka_unit_test(templates_are_filled),
        cmocka_unit_test(a_subject_is_not_a_template),
        cmocka_unit_test(unknown_figures_are_said_to_be_unknown),
        cmocka_unit_test(a_long_template_is_kept_whole),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
