/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aligned columns; see grid.h. */
#include "grid.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void grid_open(struct grid *grid, struct screen *screen, const char *headings)
{
    char *copy = arena_text(&screen->arena, headings);
    char *heading;

    *grid = (struct grid){0, NULL, 0};
    while ((heading = strsep(&copy, "|"))) {
        grid->columns++;
        grid_add(grid, STYLE_FAINT, heading);
    }
}

void grid_add(struct grid *grid, enum style style, const char *text)
{
    /* Grows at powers of two. */
    if ((grid->n & (grid->n - 1)) == 0)
        grid->cell = memory_resize(grid->cell, grid->n ? grid->n * 2 : 1, sizeof *grid->cell);
    grid->cell[grid->n++] = (struct grid_cell){text, style};
}

void grid_heading(struct grid *grid, const char *text)
{
    grid->columns++;
    grid_add(grid, STYLE_FAINT, text);
}

static bool looks_like_number(const char *text)
{
    return *text == '\0' || strcmp(text, "-") == 0 || (strpbrk(text, "0123456789") &&
           strspn(text, "+-0123456789.,% \u202f") == strlen(text));
}

/* Width of a column, and whether it stands to the right. */
static size_t measure(const struct grid *grid, unsigned column, bool *numbers)
{
    size_t widest = 0;
    bool filled = false;

    *numbers = true;
    for (unsigned i = column; i < grid->n; i += grid->columns) {
        const char *text = grid->cell[i].text;
        size_t cells = screen_cells(text);
        widest = cells > widest ? cells : widest;
        if (i < grid->columns)
            continue;
        *numbers = *numbers && looks_like_number(text);
        filled = filled || (*text && strcmp(text, "-") != 0);
    }
    *numbers = *numbers && filled;
    return widest;
}

size_t grid_width(const struct grid *grid)
{
    size_t all = grid->columns ? 2 * (grid->columns - 1) : 0;
    bool numbers;

    for (unsigned c = 0; c < grid->columns; c++)
        all += measure(grid, c, &numbers);
    return all;
}

/* The last cell of the row that is not empty: no blanks are written behind it. */
static unsigned end_of_row(const struct grid *grid, unsigned row)
{
    unsigned last = grid->columns - 1;
    while (last > 0 && !*grid->cell[row * grid->columns + last].text)
        last--;
    return last;
}

static void print_cell(struct screen *screen, const struct grid_cell *cell, size_t width,
                       bool right, bool last)
{
    int blanks = (int)(width - screen_cells(cell->text));

    if (right)
        screen_print(screen, STYLE_PLAIN, "%*s", blanks, "");
    screen_print(screen, cell->style, "%s", cell->text);
    if (!right && !last)
        screen_print(screen, STYLE_PLAIN, "%*s", blanks, "");
    screen_print(screen, STYLE_PLAIN, last ? "\n" : "  ");
}

void grid_print(struct grid *grid, struct screen *screen)
{
    unsigned rows = grid->columns ? grid->n / grid->columns : 0;
    size_t *width = memory_array(grid->columns, sizeof *width);
    bool *right = memory_array(grid->columns, sizeof *right);

    for (unsigned c = 0; c < grid->columns; c++)
        width[c] = measure(grid, c, &right[c]);
    for (unsigned row = 0; row < rows; row++) {
        unsigned last = end_of_row(grid, row);
        for (unsigned c = 0; c <= last; c++)
            print_cell(screen, &grid->cell[row * grid->columns + c], width[c], right[c], c == last);
    }
    free(width);
    free(right);
    free(grid->cell);
    *grid = (struct grid){0, NULL, 0};
}
