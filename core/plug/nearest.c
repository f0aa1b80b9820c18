/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Did you mean": the nearest word by edit distance, for messages about unknown names. */
#include "plug/loaded.h"

#include <string.h>

#define WORD_MAX 64

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and replacements that make one of the other (Levenshtein). */
static uint32_t distance(const char *a, const char *b)
{
    size_t length = strlen(b);
    if (strlen(a) > WORD_MAX || length > WORD_MAX)
        return UINT32_MAX;
    uint32_t row[WORD_MAX + 1];
    for (uint32_t j = 0; j <= length; j++)
        row[j] = j;
    for (uint32_t i = 1; a[i - 1]; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= length; j++) {
            uint32_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[length];
}

const char *nearest(const char *word, const char *const *list, uint32_t n)
{
    const char *best = NULL;
    uint32_t limit = (uint32_t)strlen(word) / 3 + 2; /* further away is no help */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t d = distance(word, list[i]);
        if (d < limit) {
            limit = d;
            best = list[i];
        }
    }
    return best;
}
