/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates of reasons into sentences. */
#include "decide/sentence.h"

#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_LIMIT 1e15

/*
 * Hundredths of what is below 1, rounded as printf rounds: by the exact value, and halves to even.
 * fma() tells by how much the product was rounded; it matters only where that looks like a half.
 */
static uint64_t hundredths(double part)
{
    double product = part * 100, below = floor(product);
    double rest = product - below, error = fma(part, 100, -product);
    bool up = rest > 0.5;
    if (!up && !(rest < 0.5))
        up = error > 0 || (!(error < 0) && fmod(below, 2) > 0);
    return (uint64_t)below + up;
}

/* The digits of a whole number before `end`, with commas between groups of three. */
static char *group_digits(char *end, uint64_t whole)
{
    for (unsigned i = 0; i == 0 || whole > 0; i++, whole /= 10) {
        if (i > 0 && i % 3 == 0)
            *--end = ',';
        *--end = (char)('0' + whole % 10);
    }
    return end;
}

const char *sentence_number(struct arena *arena, double number)
{
    if (isnan(number))
        return "an unknown amount";
    if (fabs(number) >= NUMBER_LIMIT)
        return arena_printf(arena, "%.3g", number);
    double whole = floor(fabs(number));
    uint64_t value = (uint64_t)whole * 100 + hundredths(fabs(number) - whole);
    char text[48], *end = text + sizeof text, *first = end;
    if (value % 10 != 0)
        *--first = (char)('0' + value % 10);
    if (value % 100 != 0) {
        *--first = (char)('0' + value / 10 % 10);
        *--first = '.';
    }
    first = group_digits(first, value / 100);
    if (number < 0 && value > 0)
        *--first = '-';
    return arena_bytes(arena, first, (size_t)(end - first));
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
            size_t plain = 1 + strcspn(p + 1, "{");
            append(&text, p, plain);
            p += plain;
        }
    }
    const char *result = arena_bytes(arena, text.bytes, text.n);
    free(text.bytes);
    return result;
}
