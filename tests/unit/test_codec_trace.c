/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces: both forms say the same, and what is wrong is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "codec/trace_file.h"

static struct fleet *fleet_of_two(void)
{
    struct fleet *fleet = fleet_new();
    static const char *const names[] = {"web1", "db1"};
    for (int i = 0; i < 2; i++) {
        struct vm vm;
        field_defaults(vm_fields, &vm);
        vm.name = names[i];
        fleet_put_vm(fleet, &vm);
    }
    return fleet;
}

static struct trace *read_text(const char *text, struct error *error)
{
    struct fleet *fleet = fleet_of_two();
    struct trace *trace = trace_file_read("t", text, strlen(text), fleet, error);
    fleet_free(fleet);
    return trace;
}

static void is_sample(const struct trace_sample *sample, const char *vm, double at_s, double cpu,
                      double dirty)
{
    assert_string_equal(sample->vm, vm);
    assert_true(fabs(sample->at_s - at_s) < 1e-9);
    assert_true(fabs(sample->cpu_pct - cpu) < 1e-9);
    if (isnan(dirty))
        assert_true(isnan(sample->dirty_mib_s));
    else
        assert_true(fabs(sample->dirty_mib_s - dirty) < 1e-9);
}

static void both_forms_say_the_same(void **state)
{
    static const char *const texts[] = {
        "# from the monitoring\r\ntime,vm,cpu_pct,dirty_mib_s\r\n\r\n"
        "2m,web1,80%,5.5\r\n0, db1 , 3,\r\n1.5,web1,20,0",
        "trace: 1\nsamples:\n  - {time: 2m, vm: web1, cpu_pct: 80, dirty_mib_s: 5.5}\n"
        "  - {time: 0, vm: db1, cpu_pct: 3}\n"
        "  - {vm: web1, time: 1.5, cpu_pct: 20, dirty_mib_s: 0}\n",
    };
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct error error = ERROR_INIT;
        struct trace *trace = read_text(texts[i], &error);
        assert_string_equal(error.text, "");
        assert_non_null(trace);
        assert_int_equal(trace->n, 3);
        is_sample(&trace->samples[0], "db1", 0, 3, NAN);
        is_sample(&trace->samples[1], "web1", 1.5, 20, 0);
        is_sample(&trace->samples[2], "web1", 120, 80, 5.5);
        trace_free(trace);
    }
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"time,vm,cpu\n", "t:1:1: expected the columns time,vm,cpu_pct,dirty_mib_s"},
        {"time,vm,cpu_pct\n0,web1,5\n\n1,nobody,5\n", "t:4:1: VM nobody: there is none"},
        {"time,vm,cpu_pct\n-1,web1,5\n", "t:2:1: time: expected a time after the beginning"},
        {"time,vm,cpu_pct\nsoon,web1,5\n", "t:2:1: time: expected a time after the beginning"},
        {"time,vm,cpu_pct\n0,web1,101\n", "t:2:1: cpu_pct: expected a share"},
        {"time,vm,cpu_pct,dirty_mib_s\n0,web1,1,-3\n", "t:2:1: dirty_mib_s: expected MiB"},
        {"time,vm,cpu_pct\n0,web1\n", "found 2"},
        {"time,vm,cpu_pct\n0,web1,1,2,3\n", "found 5"},
        {"time,vm,cpu_pct\n0,web1,1\n0,web1,2\n", "t:3:1: there is a sample of this VM for this "
                                                  "time already, at line 2"},
        {"trace: 1\nsamples:\n  - {time: 0, vm: web1}\n", "t:3:5: samples: \"cpu_pct\" is missing"},
        {"trace: 2\n", "t:1:"},
        {"", "t: there is nothing in it"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = ERROR_INIT;
        assert_null(read_text(cases[i].text, &error));
        assert_int_equal(error.kind, ERROR_INPUT);
        if (!strstr(error.text, cases[i].message))
            fail_msg("expected \"%s\" in \"%s\"", cases[i].message, error.text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_say_the_same),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
