/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table against a plain array, through thousands of random operations; collisions, removal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/table.h"

static uint64_t chance_state;

/* splitmix64: 0 .. n - 1; of nothing: 0 */
static uint32_t chance_below(uint32_t n)
{
    uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n > 0 ? (uint32_t)((z ^ (z >> 31)) % n) : 0;
}

#define KEYS 600

static char keys[KEYS][12];
static uint32_t values[KEYS]; /* TABLE_NONE: not in */

static void begin(uint64_t seed)
{
    chance_state = seed;
    for (uint32_t i = 0; i < KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "key%u", i);
        values[i] = TABLE_NONE;
    }
}

static void compare(const struct table *table)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        assert_int_equal(table_get(table, keys[i]), values[i]);
        n += values[i] != TABLE_NONE;
    }
    assert_int_equal(table->n, n);
}

static void an_empty_table_has_nothing(void **state)
{
    (void)state;
    struct table table = TABLE_INIT;
    assert_int_equal(table_get(&table, "a"), TABLE_NONE);
    assert_int_equal(table_remove(&table, "a"), TABLE_NONE);
    table_free(&table);
    table_put(&table, "", 7); /* the empty text is a key like any other */
    assert_int_equal(table_get(&table, ""), 7);
    table_free(&table);
    assert_int_equal(table_get(&table, ""), TABLE_NONE);
    table_free(&table);
}

static void keys_are_compared_by_text_not_by_place(void **state)
{
    (void)state;
    struct table table = TABLE_INIT;
    char one[] = "kvm1", other[] = "kvm1";
    table_put(&table, one, 1);
    table_put(&table, other, 2);
    assert_int_equal(table.n, 1);
    assert_int_equal(table_get(&table, "kvm1"), 2);
    one[0] = 'x'; /* the table holds the newer text: the older may go */
    assert_int_equal(table_get(&table, "kvm1"), 2);
    table_free(&table);
}

static void random_operations_agree_with_an_array(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        begin(seed);
        struct table table = TABLE_INIT;
        uint32_t bias = 1 + (uint32_t)seed % 4; /* grows, or hovers */
        for (int step = 0; step < 20000; step++) {
            uint32_t i = chance_below(KEYS);
            if (chance_below(5) < bias) {
                values[i] = chance_below(1000000);
                table_put(&table, keys[i], values[i]);
            } else {
                assert_int_equal(table_remove(&table, keys[i]), values[i]);
                values[i] = TABLE_NONE;
            }
            if (step % 1000 == 0)
                compare(&table);
        }
        compare(&table);
        for (uint32_t i = 0; i < KEYS; i++) {
            assert_int_equal(table_remove(&table, keys[i]), values[i]);
            values[i] = TABLE_NONE;
        }
        compare(&table);
        table_free(&table);
    }
}

static uint32_t fnv1a(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/*
 * Keys that all want the same of 16 places, and the last ones, so that the run goes round the end:
 * removing any of them must not lose another.
 */
static void a_run_that_wraps_around_survives_removals(void **state)
{
    (void)state;
    for (uint32_t home = 13; home < 16; home++) {
        char run[10][12];
        uint32_t n = 0;
        for (uint32_t i = 0; n < 10; i++) {
            snprintf(run[n], sizeof run[n], "x%u", i);
            n += fnv1a(run[n]) % 16 == home;
        }
        for (uint32_t first = 0; first < 10; first++)
            for (uint32_t second = 0; second < 10; second++) {
                struct table table = TABLE_INIT;
                for (uint32_t i = 0; i < 10; i++)
                    table_put(&table, run[i], i);
                assert_int_equal(table.capacity, 16);
                assert_int_equal(table_remove(&table, run[first]), first);
                assert_int_equal(table_remove(&table, run[second]),
                                 first == second ? TABLE_NONE : second);
                for (uint32_t i = 0; i < 10; i++)
                    assert_int_equal(table_get(&table, run[i]),
                                     i == first || i == second ? TABLE_NONE : i);
                table_free(&table);
            }
    }
}

/* A table that is filled and emptied for years must not grow. */
static void coming_and_going_does_not_make_it_grow(void **state)
{
    (void)state;
    begin(1);
    struct table table = TABLE_INIT;
    for (int step = 0; step < 100000; step++) {
        table_put(&table, keys[step % KEYS], 1);
        if (step >= 8)
            assert_int_equal(table_remove(&table, keys[(step - 8) % KEYS]), 1);
    }
    assert_int_equal(table.n, 8);
    assert_true(table.capacity <= 32);
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_nothing),
        cmocka_unit_test(keys_are_compared_by_text_not_by_place),
        cmocka_unit_test(random_operations_agree_with_an_array),
        cmocka_unit_test(a_run_that_wraps_around_survives_removals),
        cmocka_unit_test(coming_and_going_does_not_make_it_grow),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
