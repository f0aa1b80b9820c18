/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every fuzz target has: the entry that libFuzzer (make fuzz) and main.c (make check) call,
 * and the words for a promise that did not hold.
 *
 * A target feeds the bytes to one door through which text of others comes in, and then tries
 * what is promised of that door. It must do the same each time for the same bytes.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Say what did not hold, with both texts (NULL: none), and stop: that is a finding. */
static inline void fuzz_must(bool holds, const char *what, const char *one, const char *other)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    if (one)
        fprintf(stderr, "--- one\n%s\n", one);
    if (other)
        fprintf(stderr, "--- the other\n%s\n", other);
    abort();
}

/* A copy with a NUL, for what takes texts. free() it. */
static inline char *fuzz_text(const uint8_t *bytes, size_t length)
{
    char *text = malloc(length + 1);
    if (!text)
        abort();
    if (length)
        memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

/* A file in memory for what reads files alone: the bytes are put into it, its path returned. */
const char *fuzz_file(const void *bytes, size_t length);

#endif
