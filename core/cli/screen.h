/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the command line writes on. Colour only where a person looks: a terminal, no NO_COLOR, no
 * --no-color. Texts from outside (names of VMs are chosen by strangers) pass screen_safe() first,
 * so that none of them can move the cursor, set a title, or make up a line of its own.
 */
#ifndef DROVER_CLI_SCREEN_H
#define DROVER_CLI_SCREEN_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum style { STYLE_PLAIN, STYLE_STRONG, STYLE_FAINT, STYLE_GOOD, STYLE_BAD, STYLE_CAREFUL };

struct screen {
    bool terminal; /* standard output is one */
    bool colour;
    struct arena arena; /* of safe texts; lives as long as the run */
};

void screen_open(struct screen *screen, bool no_color);
void screen_close(struct screen *screen);

/* Columns of the terminal; 100 where there is none. Asked anew each time: windows are resized. */
unsigned screen_width(const struct screen *screen);

/*
 * The text with control characters, invalid UTF-8 and marks that turn the direction of writing
 * as \xNN or \u{NNNN}; so it is one line and has a width.
 */
const char *screen_safe(struct screen *screen, const char *text);

/* Cells that a safe text takes on a terminal. */
size_t screen_cells(const char *text);

/* Write to standard output. Arguments must be safe. */
void screen_print(struct screen *screen, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Write a safe text wrapped to the width, each line after `indent` blanks. */
void screen_wrap(struct screen *screen, enum style style, unsigned indent, const char *text);

/* Write a text of several lines, each made safe; ends with a newline. */
void screen_lines(struct screen *screen, const char *text);

/* "drover: text" on standard error, safe, wherever it came from. */
void screen_complain(const char *text);

#endif
