/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An arena: memory that dies all at once. A decision, an event, a loaded document each
 * have one, so nothing inside them is freed by hand.
 */
#ifndef DROVER_BASE_ARENA_H
#define DROVER_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk;
    size_t bytes; /* handed out, for whoever wants to know when to compact */
};

#define ARENA_INIT {NULL, 0}

void *arena_new(struct arena *arena, size_t size);             /* zeroed, aligned for anything */
void *arena_array(struct arena *arena, size_t n, size_t size); /* zeroed */
char *arena_text(struct arena *arena, const char *text);
char *arena_bytes(struct arena *arena, const void *bytes, size_t length); /* a NUL is added */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Forget everything, but keep memory for about as much again: for many small questions in turn. */
void arena_clear(struct arena *arena);

/* Free everything; the arena can be used again. */
void arena_free(struct arena *arena);

#endif
