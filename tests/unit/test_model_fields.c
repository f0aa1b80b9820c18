/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every table of fields of model/: what it says holds for its record, its defaults are what a
 * document may say, and defaults, copies and comparisons miss no field. Records are filled by
 * chance, by the tables themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/scalar.h"
#include "model/decision.h"
#include "model/effect.h"
#include "model/event.h"
#include "model/fleet.h"
#include "model/migration.h"
#include "model/plan.h"
#include "model/policy.h"
#include "model/settings.h"

#include <math.h>

static const struct {
    const char *name;
    const struct field *table;
    size_t size;
} records[] = {
    {"cluster", cluster_fields, sizeof(struct cluster)},
    {"host", host_fields, sizeof(struct host)},
    {"vm", vm_fields, sizeof(struct vm)},
    {"group", group_fields, sizeof(struct group)},
    {"policy", policy_fields, sizeof(struct policy)},
    {"decision", decision_fields, sizeof(struct decision)},
    {"host_verdict", host_verdict_fields, sizeof(struct host_verdict)},
    {"refusal", refusal_fields, sizeof(struct refusal)},
    {"weighing", weighing_fields, sizeof(struct weighing)},
    {"unit_failure", unit_failure_fields, sizeof(struct unit_failure)},
    {"plan", plan_fields, sizeof(struct plan)},
    {"unplaced", unplaced_fields, sizeof(struct unplaced)},
    {"event", event_fields, sizeof(struct event)},
    {"sample", sample_fields, sizeof(struct sample)},
    {"hook_ask", hook_ask_fields, sizeof(struct hook_ask)},
    {"effect", effect_fields, sizeof(struct effect)},
    {"how", how_fields, sizeof(struct how)},
    {"stall", stall_fields, sizeof(struct stall)},
    {"progress", progress_fields, sizeof(struct progress)},
    {"migration", migration_fields, sizeof(struct migration)},
    {"host_setting", host_setting_fields, sizeof(struct host_setting)},
    {"limits", limits_fields, sizeof(struct limits)},
    {"settings", settings_fields, sizeof(struct settings)},
};

#define N_RECORDS (sizeof records / sizeof *records)

static uint64_t chance_state;

/* splitmix64: 0 .. n - 1; of nothing: 0 */
static uint32_t chance_below(uint32_t n)
{
    uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n > 0 ? (uint32_t)((z ^ (z >> 31)) % n) : 0;
}

/* How many bytes the field's value has in the record; of a record inside: 1, it is looked into. */
static size_t size_of(const struct field *field)
{
    static const size_t sizes[] = {
        [FIELD_TEXT] = sizeof(char *),          [FIELD_NAME] = sizeof(char *),
        [FIELD_BOOL] = sizeof(bool),            [FIELD_U32] = sizeof(uint32_t),
        [FIELD_U64] = sizeof(uint64_t),         [FIELD_NUMBER] = sizeof(double),
        [FIELD_OPTIONAL] = sizeof(double),      [FIELD_DURATION] = sizeof(double),
        [FIELD_AGE] = sizeof(double),           [FIELD_CHOICE] = sizeof(int),
        [FIELD_TEXTS] = sizeof(struct texts),   [FIELD_PAIRS] = sizeof(struct pairs),
        [FIELD_NUMBERS] = sizeof(struct numbers), [FIELD_ROWS] = sizeof(struct rows),
        [FIELD_RECORD] = 1,
        [FIELD_TEXT_OR_RECORD] = sizeof(struct text_or_record),
    };
    return sizes[field->type];
}

/* ------------------------------------------------------------- the tables */

static void check_default(const char *name, const struct field *field)
{
    double number = 0;
    const char *text = field->default_text;
    bool bounded = field->min < 0 || field->min > 0 || field->max < 0 || field->max > 0;
    switch (field->type) {
    case FIELD_BOOL:
        if (text && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            fail_msg("%s.%s: default \"%s\"", name, field->key, text);
        return;
    case FIELD_CHOICE:
        assert_non_null(field->choices);
        if (text && field_choice(field->choices, text) < 0)
            fail_msg("%s.%s: default \"%s\" is no choice", name, field->key, text);
        return;
    case FIELD_U32: case FIELD_U64: case FIELD_NUMBER: case FIELD_OPTIONAL: case FIELD_AGE:
        if (text && !scalar_number(text, &number))
            fail_msg("%s.%s: default \"%s\" is no number", name, field->key, text);
        break;
    case FIELD_DURATION:
        if (text && !scalar_duration_s(text, &number))
            fail_msg("%s.%s: default \"%s\" is no duration", name, field->key, text);
        break;
    default:
        return;
    }
    if (text && bounded && (number < field->min || number > field->max))
        fail_msg("%s.%s: default %s is out of its bounds", name, field->key, text);
}

static void tables_fit_their_records(void **state)
{
    (void)state;
    for (size_t r = 0; r < N_RECORDS; r++) {
        unsigned char *taken = calloc(records[r].size, 1);
        assert_non_null(taken);
        for (const struct field *field = records[r].table; field->key; field++) {
            assert_true(field->offset + size_of(field) <= records[r].size);
            for (size_t i = 0; i < size_of(field); i++)
                if (taken[field->offset + i]++)
                    fail_msg("%s.%s: another field lies there", records[r].name, field->key);
            if (field->flags & FIELD_INTERNAL)
                assert_null(field_find(records[r].table, field->key));
            else
                assert_ptr_equal(field_find(records[r].table, field->key), field);
            if (field->type == FIELD_ROWS || field->type == FIELD_TEXT_OR_RECORD)
                assert_true(field->rows && field->row_size > 0);
            check_default(records[r].name, field);
        }
        free(taken);
    }
}

/* ------------------------------------------------------- records by chance */

static const char *any_text(struct arena *arena)
{
    static const char *const texts[] = {"", "a", "kvm1.example", "a b\"c", "\xc3\xa9t\xc3\xa9"};
    uint32_t i = chance_below(6);
    return i < 5 ? texts[i] : arena_printf(arena, "text%u", chance_below(1000));
}

static void fill(const struct field *table, void *record, struct arena *arena, int depth);

static void *any_rows(const struct field *field, uint32_t *n, struct arena *arena, int depth)
{
    *n = depth > 0 ? chance_below(3) : 0;
    char *rows = arena_array(arena, *n, field->row_size);
    for (uint32_t i = 0; i < *n; i++)
        fill(field->rows, rows + i * field->row_size, arena, depth - 1);
    return rows;
}

static void fill_list(const struct field *field, void *value, struct arena *arena)
{
    uint32_t n = chance_below(4);
    if (field->type == FIELD_TEXTS) {
        struct texts *texts = value;
        *texts = (struct texts){arena_array(arena, n, sizeof(char *)), n, chance_below(2)};
        for (uint32_t i = 0; i < n; i++)
            texts->item[i] = any_text(arena);
    } else if (field->type == FIELD_PAIRS) {
        struct pairs *pairs = value;
        *pairs = (struct pairs){arena_array(arena, n, sizeof(struct pair)), n, chance_below(2)};
        for (uint32_t i = 0; i < n; i++)
            pairs->item[i] = (struct pair){.key = any_text(arena), .value = any_text(arena)};
    } else {
        struct numbers *numbers = value;
        *numbers = (struct numbers){arena_array(arena, n, sizeof(double)), n};
        for (uint32_t i = 0; i < n; i++)
            numbers->item[i] = chance_below(100);
    }
}

static void fill_either(const struct field *field, struct text_or_record *either,
                        struct arena *arena, int depth)
{
    *either = (struct text_or_record){0};
    if (depth > 0 && chance_below(2)) {
        either->record = arena_new(arena, field->row_size);
        fill(field->rows, either->record, arena, depth - 1);
    } else {
        either->text = any_text(arena);
    }
}

static void fill_one(const struct field *field, void *value, struct arena *arena, int depth)
{
    int choices = 0;
    switch (field->type) {
    case FIELD_TEXT: case FIELD_NAME:
        *(const char **)value =
            (field->flags & FIELD_NULLABLE) && chance_below(3) == 0 ? NULL : any_text(arena);
        break;
    case FIELD_BOOL:
        *(bool *)value = chance_below(2);
        break;
    case FIELD_U32:
        *(uint32_t *)value = chance_below(1000);
        break;
    case FIELD_U64:
        *(uint64_t *)value = (uint64_t)chance_below(1000) << 40;
        break;
    case FIELD_NUMBER: case FIELD_OPTIONAL: case FIELD_DURATION: case FIELD_AGE:
        *(double *)value = chance_below(5) == 0 ? NAN : chance_below(4000) / 4.0;
        break;
    case FIELD_CHOICE:
        while (field->choices[choices])
            choices++;
        *(int *)value = (int)chance_below((uint32_t)choices);
        break;
    case FIELD_TEXTS: case FIELD_PAIRS: case FIELD_NUMBERS:
        fill_list(field, value, arena);
        break;
    case FIELD_ROWS: {
        struct rows *rows = value;
        rows->item = any_rows(field, &rows->n, arena, depth);
        break;
    }
    case FIELD_RECORD:
        fill(field->rows, value, arena, depth - 1);
        break;
    case FIELD_TEXT_OR_RECORD:
        fill_either(field, value, arena, depth);
        break;
    }
}

static void fill(const struct field *table, void *record, struct arena *arena, int depth)
{
    for (const struct field *field = table; field->key; field++)
        fill_one(field, (char *)record + field->offset, arena, depth);
}

static void defaults_leave_nothing_as_it_was(void **state)
{
    (void)state;
    for (size_t r = 0; r < N_RECORDS; r++) {
        struct arena arena = ARENA_INIT;
        char *one = arena_new(&arena, records[r].size), *other = arena_new(&arena, records[r].size);
        memset(one, 0x5a, records[r].size);
        memset(other, 0xa5, records[r].size);
        field_defaults(records[r].table, one);
        field_defaults(records[r].table, other);
        if (!field_equal(records[r].table, one, other))
            fail_msg("%s: a field has no default", records[r].name);
        arena_free(&arena);
    }
}

/* A copy is the same, and lives on when the original's memory is gone. */
static void copies_are_the_same_and_their_own(void **state)
{
    (void)state;
    for (size_t r = 0; r < N_RECORDS; r++)
        for (uint64_t round = 0; round < 100; round++) {
            struct arena arena = ARENA_INIT, again = ARENA_INIT, kept = ARENA_INIT;
            char *record = arena_new(&arena, records[r].size);
            char *copy = arena_new(&kept, records[r].size);
            chance_state = r * 1000 + round;
            fill(records[r].table, record, &arena, 3);
            field_copy(records[r].table, copy, record, &kept);
            assert_true(field_equal(records[r].table, record, copy));
            assert_true(field_equal(records[r].table, copy, record));
            arena_free(&arena);
            record = arena_new(&again, records[r].size);
            chance_state = r * 1000 + round;
            fill(records[r].table, record, &again, 3);
            assert_true(field_equal(records[r].table, record, copy));
            arena_free(&again);
            arena_free(&kept);
        }
}

/* Fill one field anew until the comparison sees it: for some value it must. */
static bool is_compared(const struct field *table, const struct field *field, char *record,
                        const char *copy, struct arena *arena)
{
    for (int attempt = 0; attempt < 200; attempt++) {
        fill_one(field, record + field->offset, arena, 3);
        if (!field_equal(table, record, copy) && !field_equal(table, copy, record))
            return true;
    }
    return false;
}

static void a_difference_in_any_field_is_seen(void **state)
{
    (void)state;
    chance_state = 1;
    for (size_t r = 0; r < N_RECORDS; r++)
        for (const struct field *field = records[r].table; field->key; field++) {
            struct arena arena = ARENA_INIT;
            char *record = arena_new(&arena, records[r].size);
            char *copy = arena_new(&arena, records[r].size);
            fill(records[r].table, record, &arena, 3);
            field_copy(records[r].table, copy, record, &arena);
            if (!is_compared(records[r].table, field, record, copy, &arena))
                fail_msg("%s.%s is not compared", records[r].name, field->key);
            arena_free(&arena);
        }
}

static void names_of_the_fleet_format(void **state)
{
    (void)state;
    char longest[255];
    memset(longest, 'a', sizeof longest);
    longest[253] = '\0';
    assert_true(field_is_name(longest));
    longest[253] = 'a';
    longest[254] = '\0';
    assert_false(field_is_name(longest));
    static const char *const good[] = {"a", "kvm1.example.org", "A-b_c:d@e", "0", "-", "."};
    static const char *const bad[] = {"", " ", "a b", "a/b", "a\n", "\xc3\xa9", "a$", "a;b", "a'"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(field_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(field_is_name(bad[i]));
}

static void format_1_has_the_defaults_that_it_promises(void **state)
{
    (void)state;
    struct host host;
    struct vm vm;
    struct cluster cluster;
    struct group group;
    field_defaults(host_fields, &host);
    field_defaults(vm_fields, &vm);
    field_defaults(cluster_fields, &cluster);
    field_defaults(group_fields, &group);
    assert_string_equal(cluster.policy.text, "none");
    assert_true(cluster.threads_as_cores && cluster.memory_overcommit_pct >= 100 &&
                cluster.memory_overcommit_pct <= 100);
    assert_string_equal(host.cluster, "default");
    assert_int_equal(host.state, DROVER_HOST_UP);
    assert_int_equal(host.threads, 1);
    assert_float_equal(host.memory_mib, 1024, 0);
    assert_float_equal(host.memory_reserved_mib, 321, 0);
    assert_true(isnan(host.memory_free_mib) && isnan(host.memory_committed_mib));
    assert_true(isnan(host.cpu_over_since) && isnan(host.boot_at));
    assert_float_equal(host.cpu_usage_pct, 0, 0);
    assert_false(host.networks.known || host.storage.known);
    assert_null(vm.uuid);
    assert_null(vm.host);
    assert_int_equal(vm.state, DROVER_VM_RUNNING);
    assert_int_equal(vm.migratable, DROVER_MIGRATABLE_YES);
    assert_float_equal(vm.priority, 1, 0);
    assert_true(isnan(vm.memory_overhead_mib) && isnan(vm.moved_at) && isnan(vm.dirty_mib_s));
    assert_true(vm.networks.known && vm.storage.known);
    assert_int_equal(group.vm_rule, DROVER_RULE_DISABLED);
    assert_float_equal(group.priority, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_fit_their_records),
        cmocka_unit_test(defaults_leave_nothing_as_it_was),
        cmocka_unit_test(copies_are_the_same_and_their_own),
        cmocka_unit_test(a_difference_in_any_field_is_seen),
        cmocka_unit_test(names_of_the_fleet_format),
        cmocka_unit_test(format_1_has_the_defaults_that_it_promises),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
