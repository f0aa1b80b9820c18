/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scalars as people write them. See scalar.h. */
#include "base/scalar.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct suffix {
    const char *text;
    double factor;
};

/* Only what strtod reads as plain decimal: no hex, no "inf", no leading blanks. */
static bool leading_number(const char *text, double *value, const char **rest)
{
    if (text[strspn(text, "+-.")] < '0' || text[strspn(text, "+-.")] > '9' ||
        strpbrk(text, "xXpP"))
        return false;
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (end == text || errno == ERANGE || !isfinite(number))
        return false;
    *value = number;
    *rest = end;
    return true;
}

static bool with_suffix(const char *text, const struct suffix *suffixes, double *value)
{
    double number;
    const char *rest;
    if (!leading_number(text, &number, &rest))
        return false;
    while (*rest == ' ')
        rest++;
    for (; suffixes->text; suffixes++) {
        if (strcmp(rest, suffixes->text) == 0) {
            *value = number * suffixes->factor;
            return true;
        }
    }
    return false;
}

bool scalar_number(const char *text, double *value)
{
    static const struct suffix none[] = {{"", 1}, {NULL, 0}};
    return with_suffix(text, none, value);
}

bool scalar_integer(const char *text, int64_t *value)
{
    if ((text[0] < '0' || text[0] > '9') && text[0] != '-')
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno == ERANGE)
        return false;
    *value = number;
    return true;
}

bool scalar_boolean(const char *text, bool *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", NULL};
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i % 2;
            return true;
        }
    }
    return false;
}

bool scalar_percent(const char *text, double *value)
{
    static const struct suffix percent[] = {{"", 1}, {"%", 1}, {NULL, 0}};
    return with_suffix(text, percent, value);
}

bool scalar_duration_s(const char *text, double *value)
{
    static const struct suffix durations[] = {
        {"", 1}, {"s", 1}, {"ms", 0.001}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0},
    };
    double seconds;
    if (!with_suffix(text, durations, &seconds) || seconds < 0)
        return false;
    *value = seconds;
    return true;
}

bool scalar_memory_mib(const char *text, double *value)
{
    static const struct suffix sizes[] = {
        {"", 1}, {"MiB", 1}, {"KiB", 1.0 / 1024}, {"GiB", 1024}, {"TiB", 1024.0 * 1024}, {NULL, 0},
    };
    double mib;
    if (!with_suffix(text, sizes, &mib) || mib < 0)
        return false;
    *value = mib;
    return true;
}

bool scalar_null(const char *text)
{
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}
