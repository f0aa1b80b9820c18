/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shadows for people: how often they agreed, and where they did not. */
#include "grid.h"
#include "render.h"
#include "view.h"

static const char *of_both(struct screen *screen, const json_t *shadow, const char *agreed,
                           const char *differed)
{
    double same = view_number(shadow, agreed), other = view_number(shadow, differed);
    return arena_printf(&screen->arena, "%.0f of %.0f", same, same + other);
}

static void render_shadows(struct screen *screen, const json_t *shadows)
{
    struct grid grid;
    size_t i;
    json_t *shadow;

    grid_open(&grid, screen, "CLUSTER|POLICY|SHADOW|DECISIONS AGREED|ROUNDS AGREED|FAILURES|SINCE");
    json_array_foreach((json_t *)shadows, i, shadow) {
        grid_add(&grid, STYLE_PLAIN, view_text(screen, shadow, "cluster"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, shadow, "active"));
        grid_add(&grid, STYLE_STRONG, view_text(screen, shadow, "shadow"));
        grid_add(&grid, STYLE_PLAIN,
                 of_both(screen, shadow, "decisions_agreed", "decisions_differed"));
        grid_add(&grid, STYLE_PLAIN, of_both(screen, shadow, "rounds_agreed", "rounds_differed"));
        grid_add(&grid, STYLE_PLAIN,
                 view_show_number(screen, view_number(shadow, "failures"), 0));
        grid_add(&grid, STYLE_FAINT, view_show_time(screen, view_number(shadow, "since")));
    }
    grid_print(&grid, screen);
}

static const char *choice(struct screen *screen, const json_t *difference, const char *key)
{
    const char *host = view_text(screen, difference, key);
    return *host ? host : "no host";
}

static void render_difference(struct screen *screen, const json_t *difference)
{
    const char *vm = view_text(screen, difference, "vm");

    screen_print(screen, STYLE_PLAIN, "\n%s  cluster %s, ",
                 view_show_time(screen, view_number(difference, "at")),
                 view_text(screen, difference, "cluster"));
    if (*vm)
        screen_print(screen, STYLE_STRONG, "VM %s: %s by %s, %s by %s (decision %.0f)\n", vm,
                     choice(screen, difference, "active_choice"),
                     view_text(screen, difference, "active"),
                     choice(screen, difference, "shadow_choice"),
                     view_text(screen, difference, "shadow"), view_number(difference, "decision"));
    else
        screen_print(screen, STYLE_STRONG, "a round of balancing\n");
    screen_wrap(screen, STYLE_PLAIN, 4, view_text(screen, difference, "reason"));
}

void render_shadow(struct screen *screen, const json_t *answer)
{
    const json_t *shadows = view_array(answer, "shadows");
    const json_t *differences = view_array(answer, "differences");
    size_t i;
    json_t *difference;

    if (json_array_size(shadows) == 0)
        screen_print(screen, STYLE_PLAIN, "No cluster has a policy in shadow: see \"shadow\" in "
                                          "drover.yaml(5).\n");
    else
        render_shadows(screen, shadows);
    json_array_foreach((json_t *)differences, i, difference) {
        render_difference(screen, difference);
    }
}
