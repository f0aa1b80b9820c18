/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON in and out: round trips, fixed bytes, and what wrong values are told. */
#include "unit/codec_record.h"

#include "base/memory.h"
#include "codec/json.h"
#include "codec/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record with something in every field; texts are constants. */
static void fill(struct sample_record *r)
{
    static const char *list[] = {"a", "\xc3\xa4 \"q\" \\ \n\t\x7f", ""};
    static struct pair labels[] = {{"k", "v", {0, 0}}, {"a.b", "12", {0, 0}}};
    static double figures[] = {0, 0.1, -0.0, 4000};
    static struct inner rows[] = {{"r1", 1.5}, {"r2", 1e-7}};
    static struct inner either = {"e", 2};
    field_defaults(sample_table, r);
    r->text = "yes";
    r->note = "n";
    r->name = "kvm1";
    r->flag = true;
    r->count = UINT32_MAX;
    r->big = INT64_MAX;
    r->number = 1.0 / 3;
    r->maybe = 123456789012345680.0;
    r->wait_s = 0.25;
    r->since = 1768996700.5;
    r->colour = 1;
    r->list = (struct texts){.item = list, .n = 3, .known = true};
    r->labels = (struct pairs){.item = labels, .n = 2, .known = true};
    r->figures = (struct numbers){.item = figures, .n = 4};
    r->rows = (struct rows){.item = rows, .n = 2};
    r->one = (struct inner){.id = "o", .size = 3};
    r->either = (struct text_or_record){.record = &either};
    r->answer = 2;
}

static char *record_text(const struct sample_record *r, double now, unsigned flags)
{
    json_t *json = json_from_record(sample_table, r, now, flags);
    char *text = json_text(json);
    json_decref(json);
    return text;
}

/* Through text and back, with and without defaults, with ages and absolute times. */
static void check_round_trip(const struct sample_record *r)
{
    static const double nows[] = {NAN, 1768996800.25};
    for (int i = 0; i < 4; i++) {
        double now = nows[i / 2];
        struct arena arena = ARENA_INIT;
        struct error error = ERROR_INIT;
        struct sample_record back;
        char *text = record_text(r, now, i % 2 ? JSON_SKIP_DEFAULTS : 0);
        json_t *json = json_parse(text, strlen(text), "test", &error);
        assert_non_null(json);
        assert_int_equal(json_to_record(sample_table, json, &back, now, &arena, &error), 0);
        assert_true(field_equal(sample_table, r, &back));
        char *again = record_text(&back, now, i % 2 ? JSON_SKIP_DEFAULTS : 0);
        assert_string_equal(text, again);
        free(again);
        free(text);
        json_decref(json);
        arena_free(&arena);
    }
}

static void a_full_record_goes_there_and_back(void **state)
{
    struct sample_record r;
    (void)state;
    fill(&r);
    check_round_trip(&r);
}

static void an_empty_record_goes_there_and_back(void **state)
{
    struct sample_record r;
    (void)state;
    field_defaults(sample_table, &r);
    check_round_trip(&r);
    char *text = record_text(&r, NAN, JSON_SKIP_DEFAULTS);
    assert_string_equal(text, "{}");
    free(text);
    r.number = NAN; /* not known, though the table has no null for it */
    check_round_trip(&r);
}

static void the_bytes_are_fixed(void **state)
{
    struct sample_record r;
    (void)state;
    fill(&r);
    r.secret = "hidden";
    char *text = record_text(&r, 1768996800.25, 0);
    assert_string_equal(
        text, "{\"text\":\"yes\",\"note\":\"n\",\"name\":\"kvm1\",\"flag\":true,"
              "\"count\":4294967295,\"big\":9223372036854775807,\"number\":0.3333333333333333,"
              "\"maybe\":1.2345678901234568e+17,\"wait\":0.25,\"since_s\":99.75,"
              "\"colour\":\"green\",\"list\":[\"a\",\"\xc3\xa4 \\\"q\\\" \\\\ \\n\\u0009\\u007f\","
              "\"\"],\"labels\":{\"k\":\"v\",\"a.b\":\"12\"},\"figures\":[0,0.1,0,4000],"
              "\"rows\":[{\"id\":\"r1\",\"size\":1.5},{\"id\":\"r2\",\"size\":1e-07}],"
              "\"one\":{\"id\":\"o\",\"size\":3},\"either\":{\"id\":\"e\",\"size\":2},"
              "\"answer\":\"perhaps\"}");
    free(text);
}

static void broken_text_is_written_with_replacements(void **state)
{
    struct sample_record r;
    (void)state;
    field_defaults(sample_table, &r);
    r.text = "a\xff" "b\xed\xa0\x80\xc3";
    char *text = record_text(&r, NAN, JSON_SKIP_DEFAULTS);
    assert_string_equal(text, "{\"text\":\"a\xef\xbf\xbd" "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                              "\xef\xbf\xbd\"}");
    free(text);
}

static void numbers_are_short_and_read_back(void **state)
{
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0, "0"},           {-0.0, "0"},          {1, "1"},
        {-5, "-5"},         {0.1, "0.1"},         {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},       {1e15, "1e+15"},
        {123456789.25, "123456789.25"},           {1e300, "1e+300"},
        {5e-324, "4.94065645841247e-324"},        {NAN, "null"},
        {INFINITY, "null"}, {-INFINITY, "null"},  {999999999999999, "999999999999999"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[NUMBER_TEXT];
        assert_string_equal(number_text(buffer, cases[i].number), cases[i].text);
    }
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        char buffer[NUMBER_TEXT];
        double number;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        memcpy(&number, &seed, sizeof number);
        if (isfinite(number))
            assert_true(strtod(number_text(buffer, number), NULL) == number);
    }
}

static void ages_are_short_and_give_the_same_time(void **state)
{
    char buffer[NUMBER_TEXT];
    double now = 1768996800.25;
    (void)state;
    assert_string_equal(age_text(buffer, now, now - 0.1), "0.1");
    assert_string_equal(age_text(buffer, now, now - 12.34), "12.34");
    assert_string_equal(age_text(buffer, now, now - 300), "300");
    assert_string_equal(age_text(buffer, now, now - 123456), "123456");
    assert_string_equal(age_text(buffer, now, now), "0");
    assert_string_equal(age_text(buffer, now, now + 5), "0");
    assert_string_equal(age_text(buffer, now, NAN), "null");
    for (int i = 1; i < 5000; i++) {
        double time = now - i * 0.7310585786300049;
        assert_true(now - strtod(age_text(buffer, now, time), NULL) == time);
    }
}

struct wrong {
    const char *json;
    const char *message;
};

static const struct wrong wrong_records[] = {
    {"[]", "expected a mapping, found a list"},
    {"3", "expected a mapping, found 3"},
    {"{\"cuont\": 1}", "unknown key \"cuont\"; did you mean \"count\"?"},
    {"{\"count\": \"1\"}", "count: expected a whole number, at least 0, found \"1\""},
    {"{\"count\": -1}", "count: expected a whole number, at least 0, found -1"},
    {"{\"count\": 1.5}", "count: expected a whole number, at least 0, found 1.5"},
    {"{\"count\": 4294967296}", "count: expected a whole number, at least 0, found 4294967296"},
    {"{\"count\": null}", "count: expected a whole number, at least 0, found null"},
    {"{\"count\": []}", "count: expected a whole number, at least 0, found a list"},
    {"{\"number\": 101}", "number: expected a number from -10 to 100, found 101"},
    {"{\"number\": true}", "number: expected a number from -10 to 100, found true"},
    {"{\"since_s\": -1}", "since_s: expected seconds ago or null, found -1"},
    {"{\"flag\": \"yes\"}", "flag: expected yes or no, found \"yes\""},
    {"{\"flag\": 1}", "flag: expected yes or no, found 1"},
    {"{\"text\": null}", "text: expected a text, found null"},
    {"{\"name\": \"a/b\"}",
     "name: expected a name (1 to 253 of A-Z a-z 0-9 . _ : @ -), found \"a/b\""},
    {"{\"colour\": \"\\u001b[2J\"}",
     "colour: expected one of red, green, blue, found \"\\x1b[2J\""},
    {"{\"list\": [1, null]}", "list: expected a list of texts or null, found null"},
    {"{\"list\": [{}]}", "list: expected a list of texts or null, found a mapping"},
    {"{\"list\": {}}", "list: expected a list of texts or null, found a mapping"},
    {"{\"labels\": {\"a\": [1]}}", "labels: expected one value for \"a\", found a list"},
    {"{\"labels\": {\"a\": {\"b\": 1}, \"a.b\": 2}}", "labels: duplicate key \"a.b\""},
    {"{\"labels\": []}", "labels: expected a mapping of keys to values, found a list"},
    {"{\"figures\": [\"1\"]}", "figures: expected a list of numbers from 0 to 4095, found \"1\""},
    {"{\"rows\": [{\"id\": \"a\"}, {\"size\": 1}]}", "rows[1]: \"id\" is missing"},
    {"{\"rows\": [{\"id\": \"a\", \"size\": \"big\"}]}",
     "rows[0].size: expected a number, found \"big\""},
    {"{\"one\": {\"size\": {}}}", "one.size: expected a number, found a mapping"},
    {"{\"either\": []}", "either: expected a text or a mapping, found a list"},
};

static void wrong_records_are_told_where_and_why(void **state)
{
    int failures = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong_records / sizeof *wrong_records; i++) {
        const struct wrong *wrong = &wrong_records[i];
        struct arena arena = ARENA_INIT;
        struct error error = ERROR_INIT;
        struct sample_record r;
        json_t *json = json_parse(wrong->json, strlen(wrong->json), "test", &error);
        assert_non_null(json);
        int result = json_to_record(sample_table, json, &r, NAN, &arena, &error);
        json_decref(json);
        arena_free(&arena);
        if (result == -1 && error.kind == ERROR_INPUT && strcmp(error.text, wrong->message) == 0)
            continue;
        print_error("expected %s\n   found %s\n", wrong->message, error.text);
        failures++;
    }
    assert_int_equal(failures, 0);
}

static const struct wrong wrong_texts[] = {
    {"", "body:1:1: not valid JSON: "},
    {"{\"a\": 1", "body:1:7: not valid JSON: "},
    {"{\"a\": 1, \"a\": 2}", "body:1:12: not valid JSON: duplicate object key"},
    {"{\"a\": 1} x", "body:1:10: not valid JSON: end of file expected"},
    {"{\"a\": NaN}", "body:1:9: not valid JSON: invalid token"},
    {"{\"a\": 1e999}", "body:1:11: not valid JSON: real number overflow"},
    {"{\"a\": 99999999999999999999}", "body:1:26: not valid JSON: too big integer"},
    {"{\"a\": \"\xff\"}", "body:1:7: not valid JSON: unable to decode byte 0xff"},
    {"{\"a\": \"\\u0000\"}", "body:1:14: not valid JSON: \\u0000 is not allowed"},
    {"{\"a\": \"\x1b\"}", "body:1:7: not valid JSON: control character 0x1b"},
    {"garbage", "body:1:7: not valid JSON: invalid token near 'garbage'"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
     "body: nested too deep; at most 32 levels are accepted"},
};

static void texts_that_are_no_json_are_told_where(void **state)
{
    int failures = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong_texts / sizeof *wrong_texts; i++) {
        const struct wrong *wrong = &wrong_texts[i];
        struct error error = ERROR_INIT;
        json_t *json = json_parse(wrong->json, strlen(wrong->json), "body", &error);
        if (!json && error.kind == ERROR_INPUT &&
            strncmp(error.text, wrong->message, strlen(wrong->message)) == 0)
            continue;
        print_error("expected %s\n   found %s\n", wrong->message, error.text);
        json_decref(json);
        failures++;
    }
    assert_int_equal(failures, 0);
}

static void depth_and_size_are_bounded(void **state)
{
    struct error error = ERROR_INIT;
    size_t length = 5000;
    (void)state;
    char *text = memory_new(length + 1);
    memset(text, '[', length);
    assert_null(json_parse(text, length, "body", &error));
    assert_int_equal(error.kind, ERROR_INPUT);
    error_clear(&error);
    assert_null(json_parse(text, JSON_LENGTH_LIMIT + 1, "body", &error));
    assert_string_equal(error.text,
                        "body: 67108865 bytes of JSON; at most 67108864 are accepted");
    free(text);
}

static void any_value_can_be_text(void **state)
{
    static const char *const texts[] = {"null", "true", "12", "-1.5", "\"x\"", "[]", "{}",
                                        "[1,[2,{\"a\":null}]]"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error error = ERROR_INIT;
        json_t *json = json_parse(texts[i], strlen(texts[i]), "test", &error);
        char *text = json_text(json);
        assert_string_equal(text, texts[i]);
        free(text);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_record_goes_there_and_back),
        cmocka_unit_test(an_empty_record_goes_there_and_back),
        cmocka_unit_test(the_bytes_are_fixed),
        cmocka_unit_test(broken_text_is_written_with_replacements),
        cmocka_unit_test(numbers_are_short_and_read_back),
        cmocka_unit_test(ages_are_short_and_give_the_same_time),
        cmocka_unit_test(wrong_records_are_told_where_and_why),
        cmocka_unit_test(texts_that_are_no_json_are_told_where),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(any_value_can_be_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("JSON", tests, NULL, NULL);
}
