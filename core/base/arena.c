/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arenas: a list of chunks, the newest first; big requests get a chunk of their own. */
#include "base/arena.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16
#define FIRST_CHUNK 1024
#define LARGEST_CHUNK (1024 * 1024)
#define USUAL_TEXT 256

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    size_t used;
    size_t padding; /* so that bytes[] keeps the alignment */
    unsigned char bytes[];
};

static struct arena_chunk *add_chunk(struct arena *arena, size_t need)
{
    size_t size = FIRST_CHUNK;
    if (arena->chunk)
        size = arena->chunk->size * 2 < LARGEST_CHUNK ? arena->chunk->size * 2 : LARGEST_CHUNK;
    if (size < need)
        size = need;
    struct arena_chunk *chunk = memory_resize(NULL, 1, sizeof *chunk + size);
    chunk->size = size;
    chunk->used = 0;
    chunk->next = arena->chunk;
    arena->chunk = chunk;
    return chunk;
}

/* As the memory is; most of a chunk is never used, so it is not cleared as a whole. */
static void *take(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < size)
        chunk = add_chunk(arena, size);
    void *place = chunk->bytes + chunk->used;
    chunk->used += size;
    arena->bytes += size;
    return place;
}

void *arena_new(struct arena *arena, size_t size)
{
    return memset(take(arena, size), 0, size);
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        abort();
    return arena_new(arena, bytes);
}

char *arena_bytes(struct arena *arena, const void *bytes, size_t length)
{
    char *copy = take(arena, length + 1);
    if (length)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return arena_bytes(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    char usual[USUAL_TEXT];
    int length = vsnprintf(usual, sizeof usual, format, again);
    va_end(again);
    if (length < 0)
        abort();
    if ((size_t)length < sizeof usual) /* most texts are short: they are written once */
        return arena_bytes(arena, usual, (size_t)length);
    char *text = take(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

/* The newest chunk is the largest, unless a big request came before it. */
void arena_clear(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunk;
    if (!kept)
        return;
    free_chunks(kept->next);
    kept->next = NULL;
    memset(kept->bytes, 0, kept->used);
    kept->used = 0;
    arena->bytes = 0;
}

void arena_free(struct arena *arena)
{
    free_chunks(arena->chunk);
    arena->chunk = NULL;
    arena->bytes = 0;
}
