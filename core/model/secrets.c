/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Markers of secrets; see secrets.h. */
#include "model/secrets.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

uint32_t secret_markers_count(const char *text, const char *prefix)
{
    uint32_t n = 0;
    size_t length = strlen(prefix);
    for (const char *at = text; length && (at = strstr(at, prefix)); at += length)
        n++;
    return n;
}

uint32_t secret_marker_number(const char *text, const char *prefix, uint32_t n, const char **end)
{
    size_t length = strlen(prefix);
    uint64_t number = 0;
    if (strncmp(text, prefix, length) != 0)
        return UINT32_MAX;
    const char *at = text + length, *digits = at;
    for (; *at >= '0' && *at <= '9' && number < n; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    if (at == digits || *at != '.' || number >= n || (*digits == '0' && at - digits > 1))
        return UINT32_MAX;
    *end = at + 1;
    return (uint32_t)number;
}

const char *secret_markers_wrong(const char *before, const char *after, const char *prefix)
{
    uint32_t n = secret_markers_count(before, prefix);
    char *seen = memory_new((size_t)n + 1);
    const char *wrong = NULL;
    for (const char *at = after; n && !wrong && (at = strstr(at, prefix));) {
        uint32_t number = secret_marker_number(at, prefix, n, &at);
        if (number == UINT32_MAX)
            wrong = "a marker of a secret stands in it that was not there before";
        else if (seen[number]++)
            wrong = "the marker of a secret stands in it twice";
    }
    free(seen);
    return wrong;
}
