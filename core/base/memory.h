/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that is there or the program ends: droverd is crash-only (its state is the journal
 * and what libvirt is doing), so running out of memory is a restart, not a half-done step.
 */
#ifndef DROVER_BASE_MEMORY_H
#define DROVER_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *memory_new(size_t size);                           /* zeroed */
void *memory_array(size_t n, size_t size);               /* zeroed; checks n * size */
void *memory_resize(void *old, size_t n, size_t size);   /* not zeroed; checks n * size */
char *memory_copy_text(const char *text);

/* Double *capacity (at least to need) of an array of items of the given size. */
void *memory_grow(void *old, uint32_t *capacity, uint32_t need, size_t item_size);

#endif
