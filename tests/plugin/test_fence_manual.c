/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fence `fence_manual`: says what is to be done, and never that it has been. */
#include "plugin/fence_bench.h"

static void it_tells_a_person(void **state)
{
    struct fence_bench *bench = fence_begin("fence_manual");
    (void)state;
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, 1), DROVER_FENCE_UNKNOWN);
    assert_string_equal(bench->fence.text,
                        "a person has to make sure that host kvm1 is off, and then say so: "
                        "drover evacuate kvm1 --confirm-host-is-off");
    bench_set(bench->unit, "instructions", "rack 3, outlet 7");
    assert_int_equal(fence_order(bench, DROVER_FENCE_OFF, 1), DROVER_FENCE_UNKNOWN);
    fence_says(bench, "is off (rack 3, outlet 7), and then");
    assert_int_equal(fence_order(bench, DROVER_FENCE_ON, 1), DROVER_FENCE_UNKNOWN);
    assert_string_equal(bench->fence.text,
                        "a person has to switch on host kvm1 (rack 3, outlet 7)");
    assert_int_equal(fence_order(bench, DROVER_FENCE_STATUS, 1), DROVER_FENCE_UNKNOWN);
    fence_end(bench);
}

static void long_and_strange_instructions_are_refused(void **state)
{
    struct fence_bench *bench = fence_begin("fence_manual");
    char error[256], words[256];
    (void)state;
    assert_string_equal(bench_open(bench->unit, error), "");
    bench_set(bench->unit, "instructions", "a\nb");
    assert_string_equal(bench_open(bench->unit, error),
                        "instructions: expected at most 200 bytes, on one line");
    memset(words, 'x', 201);
    words[201] = '\0';
    bench_set(bench->unit, "instructions", words);
    assert_string_equal(bench_open(bench->unit, error),
                        "instructions: expected at most 200 bytes, on one line");
    fence_end(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_a_person),
        cmocka_unit_test(long_and_strange_instructions_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fence fence_manual", tests, NULL, NULL);
}
