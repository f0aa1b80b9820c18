/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one thing in JSON that is no YAML: a character past U+FFFF written as two escapes,
 * "\ud83d\ude00". Common programs write every such character so, names of VMs among them.
 */
#include "codec/yaml_reader.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define ESCAPE_LENGTH 6 /* \uXXXX */

/* The value of the escape \uXXXX that begins here, or 0. */
static unsigned escape_value(const char *bytes, const char *end)
{
    unsigned value = 0;
    if (end - bytes < ESCAPE_LENGTH || bytes[0] != '\\' || bytes[1] != 'u')
        return 0;
    for (int i = 2; i < ESCAPE_LENGTH; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = bytes[i] ? strchr(digits, bytes[i]) : NULL;
        if (!digit)
            return 0;
        value = value * 16 + (unsigned)(digit - digits) % 16;
    }
    return value;
}

/* The character of the pair of escapes that begins here, or 0. */
static unsigned pair_value(const char *bytes, const char *end)
{
    unsigned high = escape_value(bytes, end);
    if (high < 0xd800 || high >= 0xdc00)
        return 0;
    unsigned low = escape_value(bytes + ESCAPE_LENGTH, end);
    if (low < 0xdc00 || low >= 0xe000)
        return 0;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_character(char *to, unsigned character)
{
    to[0] = (char)(0xf0 | character >> 18);
    to[1] = (char)(0x80 | (character >> 12 & 0x3f));
    to[2] = (char)(0x80 | (character >> 6 & 0x3f));
    to[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

static bool is_json(const char *bytes, size_t length)
{
    size_t i = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < length && bytes[i] && strchr(" \t\r\n", bytes[i]))
        i++;
    return i < length && (bytes[i] == '{' || bytes[i] == '[') &&
           (memmem(bytes, length, "\\ud", 3) || memmem(bytes, length, "\\uD", 3));
}

char *yaml_join_surrogates(const char *bytes, size_t *length)
{
    if (!is_json(bytes, *length))
        return NULL;
    char *copy = memory_resize(NULL, *length, 1);
    const char *end = bytes + *length;
    size_t used = 0;
    bool in_text = false;
    while (bytes < end) {
        unsigned character = in_text ? pair_value(bytes, end) : 0;
        if (character) {
            used += put_character(copy + used, character);
            bytes += 2 * ESCAPE_LENGTH;
            continue;
        }
        if (*bytes == '"')
            in_text = !in_text;
        else if (in_text && *bytes == '\\' && bytes + 1 < end)
            copy[used++] = *bytes++;
        copy[used++] = *bytes++;
    }
    *length = used;
    return copy;
}
