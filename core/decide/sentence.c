/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates of reasons into sentences. */
#include "decide/sentence.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Put a comma between groups of three digits of the whole part. */
static void group_digits(char *to, const char *digits)
{
    size_t whole = strspn(digits, "0123456789");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    memcpy(to, digits + whole, strlen(digits + whole) + 1);
}

const char *sentence_number(struct arena *arena, double number)
{
    if (isnan(number))
        return "an unknown amount";
    if (fabs(number) >= 1e15)
        return arena_printf(arena, "%.3g", number);
    char plain[64];
    snprintf(plain, sizeof plain, "%.2f", fabs(number));
    char *end = plain + strlen(plain);
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        *--end = '\0';
    char grouped[96];
    group_digits(grouped, plain);
    return arena_printf(arena, "%s%s", number < 0 && strcmp(plain, "0") != 0 ? "-" : "", grouped);
}

static const char *figure(struct arena *arena, const char *word, size_t length,
                          const struct drover_why *why)
{
    static const char *const words[] = {"need", "have", "short", "subject"};
    size_t i = 0;
    while (i < 4 && (strlen(words[i]) != length || strncmp(words[i], word, length) != 0))
        i++;
    switch (i) {
    case 0:
        return sentence_number(arena, why->need);
    case 1:
        return sentence_number(arena, why->have);
    case 2:
        return sentence_number(arena, why->need - why->have);
    case 3:
        return why->subject;
    default:
        return NULL;
    }
}

struct text {
    char *bytes;
    uint32_t n, capacity;
};

static void append(struct text *text, const char *bytes, size_t length)
{
    text->bytes = memory_grow(text->bytes, &text->capacity, text->n + (uint32_t)length + 1, 1);
    memcpy(text->bytes + text->n, bytes, length);
    text->n += (uint32_t)length;
}

const char *sentence_fill(struct arena *arena, const char *template, const struct drover_why *why)
{
    struct text text = {0};
    const char *p = template;
    while (*p) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        const char *value = end ? figure(arena, p + 1, (size_t)(end - p - 1), why) : NULL;
        if (value) {
            append(&text, value, strlen(value));
            p = end + 1;
        } else {
            append(&text, p++, 1);
        }
    }
    const char *result = arena_bytes(arena, text.bytes, text.n);
    free(text.bytes);
    return result;
}
