/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for messages: what a field takes, and which key was probably meant. See literal.h. */
#include "codec/literal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const nouns[] = {
    [FIELD_TEXT] = "a text",
    [FIELD_NAME] = "a name (1 to 253 of A-Z a-z 0-9 . _ : @ -)",
    [FIELD_BOOL] = "yes or no",
    [FIELD_U32] = "a whole number",
    [FIELD_U64] = "a whole number",
    [FIELD_NUMBER] = "a number",
    [FIELD_OPTIONAL] = "a number",
    [FIELD_DURATION] = "a duration, such as 90, 30s or 2m",
    [FIELD_AGE] = "seconds ago",
    [FIELD_CHOICE] = "one of",
    [FIELD_TEXTS] = "a list of texts",
    [FIELD_PAIRS] = "a mapping of keys to values",
    [FIELD_NUMBERS] = "a list of numbers",
    [FIELD_ROWS] = "a list of mappings",
    [FIELD_RECORD] = "a mapping",
    [FIELD_TEXT_OR_RECORD] = "a text or a mapping",
};

static bool takes_null(const struct field *field)
{
    return field->type == FIELD_OPTIONAL || field->type == FIELD_AGE ||
           field->type == FIELD_TEXTS || (field->flags & (FIELD_NULLABLE | FIELD_COMPUTED));
}

static size_t add(char *buffer, size_t used, const char *before, const char *more)
{
    int length = snprintf(buffer + used, EXPECTED_TEXT - used, "%s%s", before, more);
    return used + (size_t)length < EXPECTED_TEXT ? used + (size_t)length : EXPECTED_TEXT - 1;
}

static size_t add_bounds(char *buffer, size_t used, double min, double max)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    if (max >= 4294967295.0)
        return add(buffer, used, ", at least ", number_text(low, min));
    used = add(buffer, used, " from ", number_text(low, min));
    return add(buffer, used, " to ", number_text(high, max));
}

const char *field_expected(const struct field *field, char buffer[EXPECTED_TEXT])
{
    size_t used = add(buffer, 0, nouns[field->type], "");
    const char *before = field->type == FIELD_TEXTS ? ", each one of " : " ";
    for (int i = 0; field->choices && field->choices[i]; i++)
        used = add(buffer, used, i ? ", " : before, field->choices[i]);
    bool whole = field->type == FIELD_U32 || field->type == FIELD_U64;
    if (field->min < 0 || field->min > 0 || field->max < 0 || field->max > 0)
        used = add_bounds(buffer, used, field->min, field->max);
    else if (whole)
        used = add_bounds(buffer, used, 0, 4294967295.0);
    if (takes_null(field))
        add(buffer, used, " or null", "");
    return buffer;
}

#define NEAR_LENGTH 40

/* How many letters to change, add, drop or swap. Both texts are at most NEAR_LENGTH long. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NEAR_LENGTH + 1] = {0}, above[NEAR_LENGTH + 1] = {0};
    unsigned above2[NEAR_LENGTH + 1];
    size_t n = strlen(b);
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        memcpy(above2, above, sizeof above);
        memcpy(above, row, sizeof row);
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above2[j - 2] + 1 < best)
                best = above2[j - 2] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

static void consider(const char *key, const char *written, const char **nearest, unsigned *least)
{
    if (strlen(key) > NEAR_LENGTH)
        return;
    unsigned far = distance(written, key);
    if (far < *least) {
        *least = far;
        *nearest = key;
    }
}

const char *nearest_key(const struct field *table, const char *const *more, const char *written)
{
    size_t length = strlen(written);
    if (length > NEAR_LENGTH)
        return NULL;
    /* A third of its letters may be wrong; more, and the suggestion would only puzzle. */
    unsigned least = (unsigned)length / 3 + 2;
    const char *nearest = NULL;
    for (const struct field *field = table; field && field->key; field++)
        if (!(field->flags & FIELD_INTERNAL))
            consider(field->key, written, &nearest, &least);
    for (; more && *more; more++)
        consider(*more, written, &nearest, &least);
    return nearest;
}
