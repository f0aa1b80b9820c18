/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation that cannot fail: see memory.h. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void *checked(void *pointer)
{
    if (!pointer)
        abort();
    return pointer;
}

void *memory_new(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *memory_array(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *memory_resize(void *old, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        abort();
    return checked(realloc(old, bytes ? bytes : 1));
}

char *memory_copy_text(const char *text)
{
    return checked(strdup(text));
}

void *memory_grow(void *old, uint32_t *capacity, uint32_t need, size_t item_size)
{
    if (need <= *capacity)
        return old;
    uint32_t larger = *capacity ? *capacity : 8;
    while (larger < need) {
        if (larger > UINT32_MAX / 2)
            abort();
        larger *= 2;
    }
    *capacity = larger;
    return memory_resize(old, larger, item_size);
}
