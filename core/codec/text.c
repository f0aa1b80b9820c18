/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing text, text in messages, numbers as text. See text.h. */
#include "codec/text.h"

#include "base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct text *text, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(text->length, more, &need) ||
        __builtin_add_overflow(need, (size_t)1, &need))
        abort();
    if (need <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity < need && !__builtin_mul_overflow(capacity, (size_t)2, &capacity))
        ;
    text->bytes = memory_resize(text->bytes, capacity, 1);
    text->capacity = capacity;
}

void text_add_bytes(struct text *text, const char *more, size_t length)
{
    reserve(text, length);
    if (length)
        memcpy(text->bytes + text->length, more, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
    text_add_bytes(text, more, strlen(more));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        abort();
    reserve(text, (size_t)length);
    va_start(arguments, format);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void text_add_ranges(struct text *text, const unsigned char *map, size_t bits)
{
    const char *comma = "";
    for (size_t bit = 0; bit < bits; bit++) {
        size_t first = bit;
        while (bit < bits && map[bit / 8] >> (bit % 8) & 1)
            bit++;
        if (bit == first)
            continue;
        text_printf(text, "%s%zu", comma, first);
        if (bit - first > 1)
            text_printf(text, "-%zu", bit - 1);
        comma = ",";
    }
}

char *text_take(struct text *text)
{
    text_add_bytes(text, "", 0);
    char *bytes = text->bytes;
    *text = (struct text)TEXT_INIT;
    return bytes;
}

size_t text_character(const char *bytes, size_t length, unsigned *value)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)bytes;
    if (length == 0)
        return 0;
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > length)
        return 0;
    unsigned character = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        character = character << 6 | (p[i] & 0x3f);
    }
    if (character < least[n] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
        return 0;
    *value = character;
    return n;
}

const char *text_show(char buffer[TEXT_SHOWN], const char *bytes, size_t length)
{
    size_t at = 0, used = 0;
    buffer[used++] = '"';
    while (at < length && used < 68) {
        unsigned value;
        size_t n = text_character(bytes + at, length - at, &value);
        if (n == 0 || value < 0x20 || (value >= 0x7f && value < 0xa0)) {
            used += (size_t)snprintf(buffer + used, TEXT_SHOWN - used, "\\x%02x",
                                     (unsigned char)bytes[at]);
            at += 1;
        } else {
            memcpy(buffer + used, bytes + at, n);
            used += n;
            at += n;
        }
    }
    snprintf(buffer + used, TEXT_SHOWN - used, at < length ? "...\"" : "\"");
    return buffer;
}

const char *number_text(char buffer[NUMBER_TEXT], double number)
{
    if (!isfinite(number)) {
        snprintf(buffer, NUMBER_TEXT, "null");
        return buffer;
    }
    if (fabs(number) < 1e15 && !(number < floor(number)) && !(number > floor(number))) {
        snprintf(buffer, NUMBER_TEXT, "%lld", (long long)number);
        return buffer;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buffer, NUMBER_TEXT, "%.*g", digits, number);
        double back = strtod(buffer, NULL);
        if (!(back < number) && !(back > number))
            break;
    }
    return buffer;
}

const char *age_text(char buffer[NUMBER_TEXT], double now, double time)
{
    double age = now - time;
    if (!isfinite(age) || age <= 0)
        return number_text(buffer, isfinite(age) ? 0 : NAN);
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buffer, NUMBER_TEXT, "%.*g", digits, age);
        double same = now - strtod(buffer, NULL);
        if (!(same < time) && !(same > time))
            return number_text(buffer, strtod(buffer, NULL));
    }
    return number_text(buffer, age);
}
