/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans for people: what would be done, in order, and what could not be, with who refuses it. */
#include "grid.h"
#include "render.h"
#include "view.h"

static void render_moves(struct screen *screen, const json_t *moves)
{
    struct grid grid;
    size_t i;
    json_t *move;

    if (json_array_size(moves) == 0)
        return;
    grid_open(&grid, screen, "#|VM|FROM|TO|WHY");
    json_array_foreach((json_t *)moves, i, move) {
        grid_add(&grid, STYLE_FAINT, view_show_number(screen, (double)i + 1, 0));
        grid_add(&grid, STYLE_STRONG, view_text(screen, move, "vm"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, move, "from"));
        grid_add(&grid, STYLE_GOOD, view_text(screen, move, "to"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, move, "reason"));
    }
    grid_print(&grid, screen);
}

static void render_starts(struct screen *screen, const json_t *starts)
{
    struct grid grid;
    size_t i;
    json_t *start;

    if (json_array_size(starts) == 0)
        return;
    grid_open(&grid, screen, "START|ON|WHY");
    json_array_foreach((json_t *)starts, i, start) {
        grid_add(&grid, STYLE_STRONG, view_text(screen, start, "vm"));
        grid_add(&grid, STYLE_GOOD, view_text(screen, start, "on"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, start, "reason"));
    }
    grid_print(&grid, screen);
}

static void render_powers(struct screen *screen, const json_t *powers)
{
    struct grid grid;
    size_t i;
    json_t *power;

    if (json_array_size(powers) == 0)
        return;
    grid_open(&grid, screen, "HOST|ACTION|WHY");
    json_array_foreach((json_t *)powers, i, power) {
        grid_add(&grid, STYLE_STRONG, view_text(screen, power, "host"));
        grid_add(&grid, STYLE_CAREFUL, view_text(screen, power, "action"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, power, "reason"));
    }
    grid_print(&grid, screen);
}

void render_unplaced(struct screen *screen, const json_t *unplaced)
{
    size_t i;
    json_t *one;

    json_array_foreach((json_t *)unplaced, i, one) {
        screen_print(screen, STYLE_BAD, "%s stays", view_text(screen, one, "vm"));
        screen_print(screen, STYLE_PLAIN, ": %s\n", view_text(screen, one, "reason"));
        render_refusals(screen, 2, view_array(one, "hosts"));
    }
}

void render_plan(struct screen *screen, const json_t *plan)
{
    const json_t *moves = view_array(plan, "moves");
    const json_t *starts = view_array(plan, "starts");
    const json_t *unplaced = view_array(plan, "unplaced");
    const json_t *powers = view_array(plan, "powers");
    const char *idle = view_text(screen, plan, "idle");
    size_t n = json_array_size(moves) + json_array_size(starts) + json_array_size(powers);

    render_moves(screen, moves);
    render_starts(screen, starts);
    if (n > json_array_size(powers) && json_array_size(powers) > 0)
        screen_print(screen, STYLE_PLAIN, "\n");
    render_powers(screen, powers);
    if (n > 0 && json_array_size(unplaced) > 0)
        screen_print(screen, STYLE_PLAIN, "\n");
    render_unplaced(screen, unplaced);
    if (n == 0 && json_array_size(unplaced) == 0)
        screen_print(screen, STYLE_PLAIN, "nothing to do%s%s\n", *idle ? ": " : "", idle);
    render_failures(screen, view_array(plan, "failures"));
}
