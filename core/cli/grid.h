/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of texts with aligned columns. Columns that hold nothing but numbers stand to the right.
 * Cells are safe texts (screen.h) and stay the caller's; they must live until grid_print().
 */
#ifndef DROVER_CLI_GRID_H
#define DROVER_CLI_GRID_H

#include "screen.h"

struct grid_cell {
    const char *text;
    enum style style;
};

struct grid {
    unsigned columns;
    struct grid_cell *cell;
    unsigned n; /* cells */
};

/* Headings are separated by '|': "HOST|STATE|VMS". */
void grid_open(struct grid *grid, struct screen *screen, const char *headings);
void grid_add(struct grid *grid, enum style style, const char *text);

/* One more column; only before the first row. */
void grid_heading(struct grid *grid, const char *text);

/* Cells that a row takes. */
size_t grid_width(const struct grid *grid);

/* Prints and frees. */
void grid_print(struct grid *grid, struct screen *screen);

#endif
