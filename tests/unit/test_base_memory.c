/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arenas, growing arrays, and errors that are set once and prefixed on their way up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"

/* ----------------------------------------------------------------- arenas */

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

/* Pieces of all sizes: zeroed, aligned, and none writes into another. */
static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    enum { PIECES = 2000 };
    static unsigned char *piece[PIECES];
    static size_t size[PIECES];
    struct arena arena = ARENA_INIT;
    uint64_t chance = 1;
    for (int i = 0; i < PIECES; i++) {
        chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size[i] = (chance >> 33) % (i % 100 == 0 ? 100000 : 300);
        piece[i] = arena_new(&arena, size[i]);
        assert_true(is_zero(piece[i], size[i]));
        assert_int_equal((uintptr_t)piece[i] % _Alignof(max_align_t), 0);
        memset(piece[i], i % 251 + 1, size[i]);
    }
    for (int i = 0; i < PIECES; i++)
        for (size_t k = 0; k < size[i]; k++)
            assert_int_equal(piece[i][k], i % 251 + 1);
    arena_free(&arena);
    assert_true(arena.bytes == 0);
}

static void an_arena_can_be_used_again(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    arena_free(&arena); /* nothing in it */
    for (int i = 0; i < 3; i++) {
        assert_string_equal(arena_text(&arena, "text"), "text");
        assert_true(arena.bytes > 0);
        arena_free(&arena);
    }
}

static void texts_in_arenas(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    char *bytes = arena_bytes(&arena, "a\0b", 3);
    assert_memory_equal(bytes, "a\0b", 4); /* a NUL is added */
    assert_string_equal(arena_bytes(&arena, NULL, 0), "");
    assert_string_equal(arena_printf(&arena, "%s has %d of %s", "kvm1", 3, "these"),
                        "kvm1 has 3 of these");
    char long_text[5000];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_string_equal(arena_printf(&arena, "%s", long_text), long_text);
    assert_non_null(arena_array(&arena, 0, 8));
    arena_free(&arena);
}

static void arrays_grow_by_doubling_and_keep_what_they_had(void **state)
{
    (void)state;
    uint32_t *items = NULL, capacity = 0, moves = 0;
    for (uint32_t n = 0; n < 10000; n++) {
        uint32_t before = capacity;
        items = memory_grow(items, &capacity, n + 1, sizeof *items);
        moves += capacity != before;
        items[n] = n * 3;
    }
    for (uint32_t n = 0; n < 10000; n++)
        assert_int_equal(items[n], n * 3);
    assert_true(moves < 20);
    items = memory_grow(items, &capacity, 100000, sizeof *items); /* at least what is needed */
    assert_true(capacity >= 100000);
    assert_int_equal(items[9999], 9999 * 3);
    free(items);
}

/* ----------------------------------------------------------------- errors */

static void the_first_error_is_kept(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    assert_int_equal(error_set(&error, ERROR_INPUT, "line %d: %s", 7, "expected a name"), -1);
    assert_int_equal(error_set(&error, ERROR_FAILED, "the file could not be read"), -1);
    assert_int_equal(error.kind, ERROR_INPUT);
    assert_string_equal(error.text, "line 7: expected a name");
    error_clear(&error);
    assert_int_equal(error.kind, ERROR_NONE);
    assert_string_equal(error.text, "");
    error_set(&error, ERROR_REFUSED, "no");
    assert_string_equal(error.text, "no");
}

static void nobody_has_to_want_an_error(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_FAILED, "%s", "gone"), -1);
    assert_int_equal(error_prefix(NULL, "%s", "gone"), -1);
}

static void prefixes_come_before(void **state)
{
    (void)state;
    struct error error = ERROR_INIT;
    assert_int_equal(error_prefix(&error, "fleet.yaml"), -1); /* nothing is set: nothing to say */
    assert_string_equal(error.text, "");
    error_set(&error, ERROR_INPUT, "expected a number");
    error_prefix(&error, "%d:%d", 3, 9);
    error_prefix(&error, "fleet.yaml");
    assert_string_equal(error.text, "fleet.yaml: 3:9: expected a number");
    assert_int_equal(error.kind, ERROR_INPUT);
}

/* However long the parts are, the text ends within its room, and its beginning is kept. */
static void long_errors_are_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    struct error error = ERROR_INIT;
    error_set(&error, ERROR_FAILED, "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    error_prefix(&error, "prefix");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    assert_memory_equal(error.text, "prefix: xxx", 11);
    for (size_t length = 1015; length < 1030; length++) {
        error_clear(&error);
        error_set(&error, ERROR_FAILED, "cause");
        error_prefix(&error, "%.*s", (int)length, text);
        assert_true(strlen(error.text) < sizeof error.text);
        assert_memory_equal(error.text, text, 1015);
    }
}

static void exit_statuses(void **state)
{
    (void)state;
    static const struct {
        enum error_kind kind;
        int status;
    } cases[] = {
        {ERROR_NONE, 0},      {ERROR_FAILED, 1},    {ERROR_USAGE, 2},     {ERROR_INPUT, 2},
        {ERROR_NOT_FOUND, 2}, {ERROR_REFUSED, 3},   {ERROR_FORBIDDEN, 1}, {ERROR_NO_DAEMON, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(error_exit_status(cases[i].kind), cases[i].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(an_arena_can_be_used_again),
        cmocka_unit_test(texts_in_arenas),
        cmocka_unit_test(arrays_grow_by_doubling_and_keep_what_they_had),
        cmocka_unit_test(the_first_error_is_kept),
        cmocka_unit_test(nobody_has_to_want_an_error),
        cmocka_unit_test(prefixes_come_before),
        cmocka_unit_test(long_errors_are_cut),
        cmocka_unit_test(exit_statuses),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
