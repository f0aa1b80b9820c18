/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* YAML in: what is read, and what each kind of wrong document is told. */
#include "unit/codec_record.h"

#include "base/memory.h"
#include "codec/yaml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_flagged(const char *text, size_t length, struct sample_record *record,
                        unsigned flags, struct arena *arena, struct error *error)
{
    struct yaml_document document = {
        .file = "f.yaml",
        .table = sample_table,
        .record = record,
        .flags = flags,
    };
    return yaml_read(&document, text, length, arena, error);
}

static int read_text(const char *text, struct sample_record *record, struct arena *arena,
                     struct error *error)
{
    return read_flagged(text, strlen(text), record, 0, arena, error);
}

static void every_type_is_read(void **state)
{
    static const char text[] = "text: hello there\n"
                               "note: ~\n"
                               "name: kvm-1.lan\n"
                               "flag: yes\n"
                               "count: 4294967295\n"
                               "big: 1234567890123\n"
                               "number: -2.5\n"
                               "maybe: 1e3\n"
                               "wait: 1h\n"
                               "since_s: 12.5\n"
                               "colour: blue\n"
                               "list: [a, 'b c', 12]\n"
                               "labels: {rack: r1, outer: {inner: 5%, deep: {er: x}}, empty: }\n"
                               "figures: [0, 1.5]\n"
                               "rows:\n  - {id: a}\n  - id: b\n    size: 2\n"
                               "one: {size: 7}\n"
                               "either: {id: e}\n"
                               "secret: s\n"
                               "answer: perhaps\n";
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_text(text, &r, &arena, &error), 0);
    assert_string_equal(r.text, "hello there");
    assert_null(r.note);
    assert_string_equal(r.name, "kvm-1.lan");
    assert_true(r.flag);
    assert_int_equal(r.count, UINT32_MAX);
    assert_int_equal(r.big, 1234567890123);
    assert_true(r.number == -2.5 && r.maybe == 1000 && r.wait_s == 3600 && r.since == 12.5);
    assert_int_equal(r.colour, 2);
    assert_int_equal(r.list.n, 3);
    assert_string_equal(r.list.item[2], "12");
    assert_int_equal(r.labels.n, 4);
    assert_string_equal(r.labels.item[1].key, "outer.inner");
    assert_string_equal(r.labels.item[1].value, "5%");
    assert_string_equal(r.labels.item[2].key, "outer.deep.er");
    assert_string_equal(r.labels.item[3].value, "");
    assert_int_equal(r.labels.item[0].mark.line, 13);
    assert_int_equal(r.labels.item[0].mark.column, 10);
    assert_true(r.figures.n == 2 && r.figures.item[1] == 1.5);
    const struct inner *rows = r.rows.item;
    assert_true(r.rows.n == 2 && rows[0].size == 1.5 && rows[1].size == 2);
    assert_string_equal(rows[1].id, "b");
    assert_true(r.one.size == 7);
    assert_string_equal(((struct inner *)r.either.record)->id, "e");
    assert_int_equal(r.answer, 2);
    arena_free(&arena);
}

static void what_is_absent_has_its_default(void **state)
{
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_text("{}", &r, &arena, &error), 0);
    assert_string_equal(r.text, "none");
    assert_int_equal(r.count, 3);
    assert_true(isnan(r.maybe) && isnan(r.since) && r.wait_s == 120 && r.one.size == 1.5);
    assert_false(r.list.known || r.labels.known);
    assert_string_equal(r.either.text, "plain");
    arena_free(&arena);
}

static void null_is_taken_where_it_means_nothing(void **state)
{
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_text("list: null\nlabels:\nrows: ~\none:\nmaybe: null\nfigures:\n", &r,
                               &arena, &error), 0);
    assert_false(r.list.known || r.labels.known);
    assert_true(r.rows.n == 0 && r.one.size == 1.5 && isnan(r.maybe));
    assert_int_equal(read_text("list: []\nlabels: {}\n", &r, &arena, &error), 0);
    assert_true(r.list.known && r.labels.known);
    arena_free(&arena);
}

/* A key that is absent in a second file keeps what the first one said. */
static void a_second_file_goes_over_the_first(void **state)
{
    static const char second[] = "count: 9\none: {size: 4}\n";
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_text("text: first\ncount: 8\none: {id: i}\n", &r, &arena, &error), 0);
    assert_int_equal(read_flagged(second, strlen(second), &r, YAML_KEEP, &arena, &error), 0);
    assert_string_equal(r.text, "first");
    assert_int_equal(r.count, 9);
    assert_true(r.one.size == 4);
    assert_string_equal(r.one.id, "i");
    arena_free(&arena);
}

static void an_empty_document_is_taken_where_it_may_be(void **state)
{
    static const char text[] = "# nothing but a comment\n";
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_flagged(text, strlen(text), &r, YAML_MAY_BE_EMPTY, &arena, &error), 0);
    assert_int_equal(r.count, 3);
    assert_int_equal(read_flagged(text, strlen(text), &r, 0, &arena, &error), -1);
    assert_string_equal(error.text, "f.yaml: there is nothing in it");
    arena_free(&arena);
}

static void json_is_read_too(void **state)
{
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_text("{\n\t\"text\": \"a\\u00e4\\/\\ud83d\\ude00 \\\\ud83d\",\n"
                               "\t\"flag\": true, \"count\": 4.0,\n"
                               "\t\"maybe\": null, \"answer\": false, \"wait\": \"2m\"}\n",
                               &r, &arena, &error), 0);
    assert_string_equal(r.text, "a\xc3\xa4/\xf0\x9f\x98\x80 \\ud83d");
    assert_true(r.flag && r.count == 4 && isnan(r.maybe) && r.answer == 1 && r.wait_s == 120);
    arena_free(&arena);
}

struct wrong {
    const char *document;
    const char *message;
};

static const struct wrong wrong_documents[] = {
    /* keys */
    {"cuont: 1", "f.yaml:1:1: unknown key \"cuont\"; did you mean \"count\"?"},
    {"text: a\nrows:\n  - {id: a, sise: 2}",
     "f.yaml:3:13: unknown key \"sise\" in rows; did you mean \"size\"?"},
    {"xyzzy: 1", "f.yaml:1:1: unknown key \"xyzzy\""},
    {"<<: {text: a}", "f.yaml:1:1: unknown key \"<<\""},
    {"text: a\ncount: 1\ntext: b",
     "f.yaml:3:1: duplicate key \"text\"; it stands at line 1 already"},
    {"labels: {a: {b: 1}, a.b: 2}",
     "f.yaml:1:21: labels: duplicate key \"a.b\"; it stands at line 1 already"},
    {"labels: {'': 1}", "f.yaml:1:10: labels: expected a key of 1 to 253 bytes, found \"\""},
    {"? [a]\n: b", "f.yaml:1:3: expected a key, found a list"},
    {"labels: {[a]: b}", "f.yaml:1:10: labels: expected a key, found a list"},
    {"rows: [{size: 1}]", "f.yaml:1:8: rows: \"id\" is missing"},
    {"either:\n  size: 1", "f.yaml:2:3: either: \"id\" is missing"},
    {"\"ev\\x1b[31m\": 1", "f.yaml:1:1: unknown key \"ev\\x1b[31m\""},
    /* types */
    {"count: many", "f.yaml:1:8: count: expected a whole number, at least 0, found \"many\""},
    {"count: '1'", "f.yaml:1:8: count: expected a whole number, at least 0, found \"1\""},
    {"count: -1", "f.yaml:1:8: count: expected a whole number, at least 0, found \"-1\""},
    {"count: 1.5", "f.yaml:1:8: count: expected a whole number, at least 0, found \"1.5\""},
    {"count: 4294967296",
     "f.yaml:1:8: count: expected a whole number, at least 0, found \"4294967296\""},
    {"big: 99999999999999999999",
     "f.yaml:1:6: big: expected a whole number, at least 0, found \"99999999999999999999\""},
    {"number: .nan", "f.yaml:1:9: number: expected a number from -10 to 100, found \".nan\""},
    {"number: nan", "f.yaml:1:9: number: expected a number from -10 to 100, found \"nan\""},
    {"number: .inf", "f.yaml:1:9: number: expected a number from -10 to 100, found \".inf\""},
    {"number: 1e999", "f.yaml:1:9: number: expected a number from -10 to 100, found \"1e999\""},
    {"number: 0x10", "f.yaml:1:9: number: expected a number from -10 to 100, found \"0x10\""},
    {"number: 100.5", "f.yaml:1:9: number: expected a number from -10 to 100, found \"100.5\""},
    {"number: -11", "f.yaml:1:9: number: expected a number from -10 to 100, found \"-11\""},
    {"number:", "f.yaml:1:8: number: expected a number from -10 to 100, found nothing"},
    {"number: [1]", "f.yaml:1:9: number: expected a number from -10 to 100, found a list"},
    {"maybe: soon", "f.yaml:1:8: maybe: expected a number or null, found \"soon\""},
    {"since_s: -1", "f.yaml:1:10: since_s: expected seconds ago or null, found \"-1\""},
    {"wait: 2 weeks", "f.yaml:1:7: wait: expected a duration, such as 90, 30s or 2m from 0 to "
                      "3600, found \"2 weeks\""},
    {"flag: maybe", "f.yaml:1:7: flag: expected yes or no, found \"maybe\""},
    {"flag: 'yes'", "f.yaml:1:7: flag: expected yes or no, found \"yes\""},
    {"colour: pink", "f.yaml:1:9: colour: expected one of red, green, blue, found \"pink\""},
    {"name: a b", "f.yaml:1:7: name: expected a name (1 to 253 of A-Z a-z 0-9 . _ : @ -), "
                  "found \"a b\""},
    {"text: [a]", "f.yaml:1:7: text: expected a text, found a list"},
    {"text: {a: b}", "f.yaml:1:7: text: expected a text, found a mapping"},
    {"text: null", "f.yaml:1:7: text: expected a text, found \"null\""},
    {"list: one", "f.yaml:1:7: list: expected a list of texts or null, found \"one\""},
    {"list: [[a]]", "f.yaml:1:8: list: expected a list of texts or null, found a list"},
    {"list: [~]", "f.yaml:1:8: list: expected a list of texts or null, found \"~\""},
    {"labels: {a: [1]}", "f.yaml:1:13: labels: expected one value for each key, found a list"},
    {"labels: [a]", "f.yaml:1:9: labels: expected a mapping of keys to values, found a list"},
    {"figures: [1, x]",
     "f.yaml:1:14: figures: expected a list of numbers from 0 to 4095, found \"x\""},
    {"figures: [4096]",
     "f.yaml:1:11: figures: expected a list of numbers from 0 to 4095, found \"4096\""},
    {"rows: {id: a}", "f.yaml:1:7: rows: expected a list of mappings, found a mapping"},
    {"rows: [a]", "f.yaml:1:8: rows: expected a mapping, found \"a\""},
    {"one: 5", "f.yaml:1:6: one: expected a mapping, found \"5\""},
    {"- a", "f.yaml:1:1: expected a mapping, found a list"},
    {"just text", "f.yaml:1:1: expected a mapping, found \"just text\""},
    /* what drover never accepts of YAML */
    {"text: &a b", "f.yaml:1:7: anchors (&) and tags (!) are not accepted"},
    {"list: &a [b]", "f.yaml:1:7: anchors (&) and tags (!) are not accepted"},
    {"text: *a", "f.yaml:1:7: aliases (*) are not accepted; write the value out"},
    {"text: !!str b", "f.yaml:1:7: anchors (&) and tags (!) are not accepted"},
    {"one: !x {id: a}", "f.yaml:1:6: anchors (&) and tags (!) are not accepted"},
    {"text: a\n---\ntext: b", "f.yaml:2:1: a second document begins; one is accepted"},
    {"text: \"a\\0b\"", "f.yaml:1:7: a text holds a NUL character"},
    {"labels: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: "
     "1}}}}}}}}}}}}}}}}}",
     "f.yaml:1:69: nested too deep; at most 16 levels are accepted"},
    /* cut off, or not YAML at all */
    {"text: \"abc", "f.yaml:1:11: not valid YAML: found unexpected end of stream while scanning "
                    "a quoted scalar"},
    {"list: [a, b", "f.yaml:2:1: not valid YAML: did not find expected ',' or ']' while parsing "
                    "a flow sequence begun at line 1"},
    {"text: a\n  b: c", "f.yaml:2:4: not valid YAML: mapping values are not allowed in this "
                        "context"},
    {"text: a\ncou", "f.yaml:3:1: not valid YAML: could not find expected ':' while scanning a "
                     "simple key begun at line 2"},
    {"\ttext: a", "f.yaml:1:1: not valid YAML: found character that cannot start any token while "
                  "scanning for the next token"},
    {"text: a\nnote: \xff", "f.yaml:2:7: not a text in UTF-8: invalid leading UTF-8 octet (0xff)"},
    {"text: \xc3", "f.yaml:1:7: not a text in UTF-8: incomplete UTF-8 octet sequence (0x"},
    {"text: a\x01", "f.yaml:1:8: not a text in UTF-8: control characters are not allowed (0x01)"},
    {"{\"text\": \"\\ud83d\"}", "f.yaml:1:13: not valid YAML: found invalid Unicode character "
                                "escape code while parsing a quoted scalar"},
};

static void wrong_documents_are_told_where_and_why(void **state)
{
    int failures = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong_documents / sizeof *wrong_documents; i++) {
        const struct wrong *wrong = &wrong_documents[i];
        struct sample_record r;
        struct arena arena = ARENA_INIT;
        struct error error = ERROR_INIT;
        int result = read_text(wrong->document, &r, &arena, &error);
        arena_free(&arena);
        if (result == -1 && error.kind == ERROR_INPUT &&
            strncmp(error.text, wrong->message, strlen(wrong->message)) == 0)
            continue;
        print_error("expected %s\n   found %s\n", wrong->message, error.text);
        failures++;
    }
    assert_int_equal(failures, 0);
}

/* Each prefix of a document is read or refused; none crashes (the sanitizers watch). */
static void every_prefix_is_survived(void **state)
{
    static const char text[] = "text: 'a'\nlist: [a, \"b\\x41\"]\nlabels: {a: {b: c}}\n"
                               "rows: [{id: a}, {id: b, size: 2}]\neither: {id: e}\n";
    int refused = 0;
    (void)state;
    for (size_t length = 0; length <= strlen(text); length++) {
        struct sample_record r;
        struct arena arena = ARENA_INIT;
        struct error error = ERROR_INIT;
        char *copy = memory_resize(NULL, length, 1);
        memcpy(copy, text, length);
        int result = read_flagged(copy, length, &r, 0, &arena, &error);
        assert_true(result == 0 ? error.kind == ERROR_NONE : error.kind == ERROR_INPUT);
        refused += result != 0;
        free(copy);
        arena_free(&arena);
    }
    assert_true(refused > 50);
}

static void a_bomb_of_aliases_is_refused_at_its_first_anchor(void **state)
{
    static const char text[] = "list: [\n"
                               "  &a [x, x, x, x, x, x, x, x, x],\n"
                               "  &b [*a, *a, *a, *a, *a, *a, *a, *a, *a],\n"
                               "  &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]]\n";
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_text(text, &r, &arena, &error), -1);
    assert_string_equal(error.text, "f.yaml:2:3: anchors (&) and tags (!) are not accepted");
    arena_free(&arena);
}

static void sizes_are_bounded(void **state)
{
    struct sample_record r;
    struct arena arena = ARENA_INIT;
    struct error error = ERROR_INIT;
    size_t length = 70000;
    (void)state;
    char *text = memory_new(length * 8 + 16);
    memcpy(text, "text: ", 6);
    memset(text + 6, 'a', length);
    assert_int_equal(read_text(text, &r, &arena, &error), -1);
    assert_string_equal(error.text, "f.yaml:1:7: a text of 70000 bytes is too long; "
                                    "at most 65536 are accepted");
    error_clear(&error);
    char *end = text + sprintf(text, "labels:\n");
    for (int i = 0; i < 4097; i++)
        end += sprintf(end, " k%d: v\n", i);
    assert_int_equal(read_text(text, &r, &arena, &error), -1);
    assert_string_equal(error.text, "f.yaml:4098:2: labels: more than 4096 keys are not accepted");
    error_clear(&error);
    memset(text, '[', length);
    text[length] = '\0';
    assert_int_equal(read_text(text, &r, &arena, &error), -1);
    assert_int_equal(error.kind, ERROR_INPUT);
    free(text);
    arena_free(&arena);
}

struct seen {
    int n;
    double sum;
    uint32_t last_line;
};

static int see_row(void *self, const void *row, struct mark mark, struct error *error)
{
    const struct inner *inner = row;
    struct seen *seen = self;
    seen->n++;
    seen->sum += inner->size;
    seen->last_line = mark.line;
    if (strcmp(inner->id, "stop") == 0)
        return yaml_error(error, "f.yaml", mark, "stopped at %s", inner->id);
    return 0;
}

static const struct yaml_rows seen_rows[] = {
    {"things", inner_fields, sizeof(struct inner), see_row},
    {.key = NULL},
};

static int read_things(const char *text, struct seen *seen, struct error *error)
{
    struct arena arena = ARENA_INIT;
    struct yaml_document document = {.file = "f.yaml", .rows = seen_rows, .self = seen};
    int result = yaml_read(&document, text, strlen(text), &arena, error);
    assert_int_equal(arena.bytes, 0); /* rows leave nothing behind */
    arena_free(&arena);
    return result;
}

static void rows_are_told_one_by_one(void **state)
{
    struct seen seen = {0};
    struct error error = ERROR_INIT;
    (void)state;
    assert_int_equal(read_things("things:\n- {id: a}\n- {id: b, size: 3}\n", &seen, &error), 0);
    assert_true(seen.n == 2 && seen.sum == 4.5 && seen.last_line == 3);
    assert_int_equal(read_things("things:\n", &seen, &error), 0);
    assert_int_equal(read_things("things:\n- {id: stop}\n- {id: b}\n", &seen, &error), -1);
    assert_string_equal(error.text, "f.yaml:2:3: stopped at stop");
    assert_int_equal(seen.n, 3);
    error_clear(&error);
    assert_int_equal(read_things("thing: []\n", &seen, &error), -1);
    assert_string_equal(error.text,
                        "f.yaml:1:1: unknown key \"thing\"; did you mean \"things\"?");
    error_clear(&error);
    assert_int_equal(read_things("things: {id: a}\n", &seen, &error), -1);
    assert_string_equal(error.text,
                        "f.yaml:1:9: things: expected a list of mappings, found a mapping");
}

static void ages_become_times(void **state)
{
    struct sample_record r;
    (void)state;
    field_defaults(sample_table, &r);
    r.since = 10;
    ages_turn(sample_table, &r, 1000);
    assert_true(r.since == 990);
    ages_turn(sample_table, &r, 1000);
    assert_true(r.since == 10);
    r.since = NAN;
    ages_turn(sample_table, &r, 1000);
    assert_true(isnan(r.since));
}

static void files_that_cannot_be_read_are_named(void **state)
{
    struct error error = ERROR_INIT;
    size_t length;
    (void)state;
    assert_null(file_read("/nonexistent/fleet.yaml", &length, &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    assert_string_equal(error.text, "/nonexistent/fleet.yaml: No such file or directory");
    error_clear(&error);
    assert_null(file_read("/", &length, &error));
    assert_string_equal(error.text, "/: expected a file, found a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(null_is_taken_where_it_means_nothing),
        cmocka_unit_test(a_second_file_goes_over_the_first),
        cmocka_unit_test(an_empty_document_is_taken_where_it_may_be),
        cmocka_unit_test(json_is_read_too),
        cmocka_unit_test(wrong_documents_are_told_where_and_why),
        cmocka_unit_test(every_prefix_is_survived),
        cmocka_unit_test(a_bomb_of_aliases_is_refused_at_its_first_anchor),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(rows_are_told_one_by_one),
        cmocka_unit_test(ages_become_times),
        cmocka_unit_test(files_that_cannot_be_read_are_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("YAML", tests, NULL, NULL);
}
