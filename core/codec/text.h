/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that grows while it is written, and text of others made fit for a message. */
#ifndef DROVER_CODEC_TEXT_H
#define DROVER_CODEC_TEXT_H

#include <stddef.h>

struct text {
    char *bytes; /* NUL-terminated once something was added; free() it */
    size_t length, capacity;
};

#define TEXT_INIT {NULL, 0, 0}

void text_add(struct text *text, const char *more);
void text_add_bytes(struct text *text, const char *more, size_t length);
void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The numbers of the bits that are set, as "0-3,6"; bit 8k+i is bit i of byte k, as in libvirt. */
void text_add_ranges(struct text *text, const unsigned char *map, size_t bits);

/* The bytes, never NULL; the caller owns them and the text is empty again. */
char *text_take(struct text *text);

/*
 * The length in bytes of the UTF-8 character that begins here, its value in *value; 0 where
 * there is none: cut off, overlong, a surrogate, past U+10FFFF.
 */
size_t text_character(const char *bytes, size_t length, unsigned *value);

#define TEXT_SHOWN 100

/*
 * What somebody wrote, for a message: in double quotes, control characters and broken UTF-8
 * escaped, cut after some 60 bytes. Returns `buffer`.
 */
const char *text_show(char buffer[TEXT_SHOWN], const char *bytes, size_t length);

/*
 * The shortest decimal of at most 17 digits that reads back as the same double; whole numbers
 * without a fraction. NAN and infinities have none: "null".
 */
#define NUMBER_TEXT 40
const char *number_text(char buffer[NUMBER_TEXT], double number);

/* The shortest age in seconds for which now - age is this very time; never negative. */
const char *age_text(char buffer[NUMBER_TEXT], double now, double time);

#endif
