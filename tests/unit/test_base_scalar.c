/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scalars as people write them, as tables of cases: what is taken, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/scalar.h"

#define UNTOUCHED (-12345.5)

struct good {
    const char *text;
    double value;
};

/* None of the kinds of numbers takes these. */
static const char *const never[] = {
    "", " ", "x", "-", "+", ".", "%", "1x", "1 2", " 1", "nan", "NaN", "inf", "-inf", "infinity",
    "0x10", "0x1p3", "1e999", "-1e999", "1,000", "--1", "+-1", "1..2", "1e", "one", "\xff", "1\n",
    "1%%", "s", "MiB", "1 KB", "1mib", "1S",
};

static void check(bool (*parse)(const char *, double *), const struct good *good, size_t n_good,
                  const char *const *bad, size_t n_bad)
{
    for (size_t i = 0; i < n_good; i++) {
        double value = UNTOUCHED;
        if (!parse(good[i].text, &value))
            fail_msg("\"%s\" was refused", good[i].text);
        assert_float_equal(value, good[i].value, 1e-9);
    }
    for (size_t i = 0; i < n_bad; i++) {
        double value = UNTOUCHED;
        if (parse(bad[i], &value))
            fail_msg("\"%s\" was taken as %g", bad[i], value);
        assert_float_equal(value, UNTOUCHED, 0);
    }
}

#define CHECK(parse, good, bad)                                                                    \
    do {                                                                                           \
        check(parse, good, sizeof(good) / sizeof *(good), bad, sizeof(bad) / sizeof *(bad));       \
        check(parse, NULL, 0, never, sizeof never / sizeof *never);                                \
    } while (0)

static void numbers(void **state)
{
    (void)state;
    static const struct good good[] = {{"0", 0}, {"1", 1}, {"-2.5", -2.5}, {"+3", 3}, {"1e3", 1000},
                                       {".5", 0.5}, {"-.5", -0.5}, {"1.", 1}, {"007", 7},
                                       {"1E-2", 0.01}};
    static const char *const bad[] = {"1%", "1s", "1MiB"};
    CHECK(scalar_number, good, bad);
}

static void percents(void **state)
{
    (void)state;
    static const struct good good[] = {{"80", 80}, {"80%", 80}, {"80 %", 80}, {"0%", 0},
                                       {"12.5%", 12.5}, {"-5%", -5}, {"150%", 150}};
    static const char *const bad[] = {"80s", "%80", "80 percent"};
    CHECK(scalar_percent, good, bad);
}

static void durations(void **state)
{
    (void)state;
    static const struct good good[] = {{"90", 90}, {"90s", 90}, {"500ms", 0.5}, {"2m", 120},
                                       {"2min", 120}, {"1h", 3600}, {"1d", 86400}, {"1.5h", 5400},
                                       {"0", 0}, {"2 m", 120}};
    static const char *const bad[] = {"-1", "-1s", "1w", "1M", "1H", "2m30s", "1%", "1MiB"};
    CHECK(scalar_duration_s, good, bad);
}

static void memory(void **state)
{
    (void)state;
    static const struct good good[] = {{"512", 512}, {"512MiB", 512}, {"4GiB", 4096},
                                       {"1TiB", 1048576}, {"1024KiB", 1}, {"0", 0},
                                       {"1.5 GiB", 1536}};
    static const char *const bad[] = {"-1", "4GB", "4G", "4gib", "1s", "1%"};
    CHECK(scalar_memory_mib, good, bad);
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0}, {"-0", 0}, {"42", 42}, {"-42", -42}, {"010", 10},
                {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "x", "--1", "9223372036854775808",
        "-9223372036854775809", "1,000",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t value = -1;
        assert_true(scalar_integer(good[i].text, &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = 77;
        if (scalar_integer(bad[i], &value))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_true(value == 77);
    }
}

static void booleans(void **state)
{
    (void)state;
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"},
                      *const neither[] = {"", "Yes", "TRUE", "1", "0", "y", "n", "yes ", "null"};
    for (size_t i = 0; i < 3; i++) {
        bool value = false;
        assert_true(scalar_boolean(yes[i], &value) && value);
        assert_true(scalar_boolean(no[i], &value) && !value);
    }
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++) {
        bool value = true;
        assert_false(scalar_boolean(neither[i], &value));
        assert_true(value);
    }
}

static void nothing(void **state)
{
    (void)state;
    assert_true(scalar_null("") && scalar_null("~") && scalar_null("null"));
    assert_false(scalar_null("0") || scalar_null("none") || scalar_null(" "));
    assert_false(scalar_null("Null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),  cmocka_unit_test(percents), cmocka_unit_test(durations),
        cmocka_unit_test(memory),   cmocka_unit_test(integers), cmocka_unit_test(booleans),
        cmocka_unit_test(nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
