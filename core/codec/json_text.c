/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON texts in and out. Writing is ours, because two programs must write the same number in
 * the same bytes: journals are compared.
 */
#include "codec/json.h"

#include "codec/text.h"

#include <string.h>

static void write_value(struct text *text, json_t *json);

static void write_string(struct text *text, const char *string, size_t length)
{
    size_t plain = 0; /* beginning of what needs no escape */
    text_add(text, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)string[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f)
            continue;
        text_add_bytes(text, string + plain, i - plain);
        plain = i + 1;
        if (byte == '"' || byte == '\\')
            text_printf(text, "\\%c", byte);
        else if (byte == '\n')
            text_add(text, "\\n");
        else
            text_printf(text, "\\u%04x", byte);
    }
    text_add_bytes(text, string + plain, length - plain);
    text_add(text, "\"");
}

static void write_object(struct text *text, json_t *json)
{
    const char *key;
    json_t *value;
    const char *between = "{";
    json_object_foreach(json, key, value) {
        text_add(text, between);
        write_string(text, key, strlen(key));
        text_add(text, ":");
        write_value(text, value);
        between = ",";
    }
    text_add(text, *between == '{' ? "{}" : "}");
}

static void write_array(struct text *text, json_t *json)
{
    size_t n = json_array_size(json);
    text_add(text, "[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            text_add(text, ",");
        write_value(text, json_array_get(json, i));
    }
    text_add(text, "]");
}

static void write_value(struct text *text, json_t *json)
{
    char buffer[NUMBER_TEXT];
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        write_object(text, json);
        break;
    case JSON_ARRAY:
        write_array(text, json);
        break;
    case JSON_STRING:
        write_string(text, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        text_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        break;
    case JSON_REAL:
        text_add(text, number_text(buffer, json_real_value(json)));
        break;
    case JSON_TRUE:
        text_add(text, "true");
        break;
    case JSON_FALSE:
        text_add(text, "false");
        break;
    case JSON_NULL:
        text_add(text, "null");
        break;
    }
}

char *json_text(json_t *json)
{
    struct text text = TEXT_INIT;
    write_value(&text, json);
    return text_take(&text);
}

static bool deeper_than(json_t *json, unsigned levels)
{
    const char *key;
    size_t i;
    json_t *value;
    if (!json_is_object(json) && !json_is_array(json))
        return false;
    if (levels == 0)
        return true;
    json_object_foreach(json, key, value) {
        if (deeper_than(value, levels - 1))
            return true;
    }
    json_array_foreach(json, i, value) {
        if (deeper_than(value, levels - 1))
            return true;
    }
    return false;
}

json_t *json_parse(const char *bytes, size_t length, const char *what, struct error *error)
{
    json_error_t problem;
    if (length > JSON_LENGTH_LIMIT) {
        error_set(error, ERROR_INPUT, "%s: %zu bytes of JSON; at most %zu are accepted", what,
                  length, JSON_LENGTH_LIMIT);
        return NULL;
    }
    json_t *json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (!json) {
        /* jansson's text quotes the input, whatever is in it. */
        for (char *p = problem.text; *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                *p = '?';
        error_set(error, ERROR_INPUT, "%s:%d:%d: not valid JSON: %s", what,
                  problem.line < 1 ? 1 : problem.line, problem.column < 1 ? 1 : problem.column,
                  problem.text);
        return NULL;
    }
    if (deeper_than(json, JSON_DEPTH_LIMIT)) {
        json_decref(json);
        error_set(error, ERROR_INPUT, "%s: nested too deep; at most %d levels are accepted", what,
                  JSON_DEPTH_LIMIT);
        return NULL;
    }
    return json;
}
