/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* YAML out. See yaml_write.h. */
#include "codec/yaml_write.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Words that some reader of YAML takes for a truth value or for nothing. */
static bool is_reserved(const char *string)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off",
                                        "y",    "n",    NULL};
    for (int i = 0; words[i]; i++)
        if (strcasecmp(string, words[i]) == 0)
            return true;
    return false;
}

static bool is_plain(const char *string, size_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/";
    static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/"
                                 "0123456789.@+-";
    return length && strchr(letters, string[0]) && strspn(string, others) == length &&
           !is_reserved(string);
}

static bool needs_escape(unsigned character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
           character == 0x2029 || character == 0xfeff || character == 0xfffe ||
           character == 0xffff;
}

static bool has_escapes(const char *string, size_t length)
{
    unsigned character;
    for (size_t i = 0, n; i < length; i += n) {
        n = text_character(string + i, length - i, &character);
        if (n == 0 || needs_escape(character))
            return true;
    }
    return false;
}

static void write_single_quoted(struct text *text, const char *string, size_t length)
{
    text_add(text, "'");
    for (size_t i = 0; i < length; i++) {
        if (string[i] == '\'')
            text_add(text, "'");
        text_add_bytes(text, string + i, 1);
    }
    text_add(text, "'");
}

static void write_double_quoted(struct text *text, const char *string, size_t length)
{
    text_add(text, "\"");
    for (size_t i = 0; i < length;) {
        unsigned character = 0;
        size_t n = text_character(string + i, length - i, &character);
        if (character == '"' || character == '\\')
            text_printf(text, "\\%c", character);
        else if (!needs_escape(character))
            text_add_bytes(text, string + i, n);
        else if (character < 0x100)
            text_printf(text, "\\x%02x", character);
        else
            text_printf(text, "\\u%04x", character);
        i += n ? n : 1;
    }
    text_add(text, "\"");
}

static void write_string(struct text *text, const char *string, size_t length)
{
    if (is_plain(string, length))
        text_add_bytes(text, string, length);
    else if (has_escapes(string, length))
        write_double_quoted(text, string, length);
    else
        write_single_quoted(text, string, length);
}

/* On one line, in brackets where it is no scalar. */
static void write_flow(struct text *text, json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_object(json)) {
        const char *before = "{";
        json_object_foreach(json, key, value) {
            text_add(text, before);
            write_string(text, key, strlen(key));
            text_add(text, ": ");
            write_flow(text, value);
            before = ", ";
        }
        text_add(text, *before == '{' ? "{}" : "}");
    } else if (json_is_array(json)) {
        text_add(text, "[");
        json_array_foreach(json, i, value) {
            text_add(text, i ? ", " : "");
            write_flow(text, value);
        }
        text_add(text, "]");
    } else if (json_is_string(json)) {
        write_string(text, json_string_value(json), json_string_length(json));
    } else if (json_is_integer(json)) {
        text_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    } else if (json_is_real(json)) {
        char buffer[NUMBER_TEXT];
        text_add(text, number_text(buffer, json_real_value(json)));
    } else {
        text_add(text, json_is_null(json) ? "null" : json_is_true(json) ? "true" : "false");
    }
}

static void write_line(struct text *text, const char *before, const char *key, json_t *value)
{
    text_add(text, before);
    write_string(text, key, strlen(key));
    text_add(text, ": ");
    write_flow(text, value);
    text_add(text, "\n");
}

void yaml_write_row(struct text *text, json_t *mapping)
{
    const char *key;
    json_t *value;
    const char *before = "  - ";
    if (json_object_size(mapping) == 0)
        text_add(text, "  - {}\n");
    json_object_foreach(mapping, key, value) {
        write_line(text, before, key, value);
        before = "    ";
    }
}

static bool is_list_of_mappings(json_t *json)
{
    size_t i;
    json_t *value;
    json_array_foreach(json, i, value) {
        if (!json_is_object(value))
            return false;
    }
    return json_array_size(json) > 0;
}

static void write_member(struct text *text, const char *key, json_t *json)
{
    const char *inner;
    size_t i;
    json_t *value;
    bool block = is_list_of_mappings(json) || (json_is_object(json) && json_object_size(json));
    if (!block) {
        write_line(text, "", key, json);
        return;
    }
    write_string(text, key, strlen(key));
    text_add(text, ":\n");
    json_array_foreach(json, i, value) {
        yaml_write_row(text, value);
    }
    json_object_foreach(json, inner, value) {
        write_line(text, "  ", inner, value);
    }
}

void yaml_write_members(struct text *text, json_t *mapping)
{
    const char *key;
    json_t *value;
    json_object_foreach(mapping, key, value) {
        write_member(text, key, value);
    }
}

char *yaml_text(json_t *mapping)
{
    struct text text = TEXT_INIT;
    yaml_write_members(&text, mapping);
    if (text.length == 0)
        text_add(&text, "{}\n");
    return text_take(&text);
}
