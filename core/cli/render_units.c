/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units and policies for people. */
#include "grid.h"
#include "render.h"
#include "view.h"

#include <math.h>
#include <string.h>

void render_policies(struct screen *screen, const json_t *policies)
{
    struct grid grid;
    size_t i;
    json_t *policy;

    grid_open(&grid, screen, "POLICY|EXTENDS|SUMMARY|FILE");
    json_array_foreach((json_t *)policies, i, policy) {
        grid_add(&grid, STYLE_STRONG, view_text(screen, policy, "name"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, policy, "extends"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, policy, "summary"));
        grid_add(&grid, STYLE_FAINT, view_text(screen, policy, "file"));
    }
    grid_print(&grid, screen);
}

void render_units(struct screen *screen, const json_t *units)
{
    struct grid grid;
    size_t i;
    json_t *unit;

    grid_open(&grid, screen, "KIND|UNIT|IN|SUMMARY");
    json_array_foreach((json_t *)units, i, unit) {
        grid_add(&grid, STYLE_PLAIN, view_text(screen, unit, "kind"));
        grid_add(&grid, STYLE_STRONG, view_text(screen, unit, "name"));
        grid_add(&grid, STYLE_FAINT, view_text(screen, unit, "language"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, unit, "summary"));
    }
    grid_print(&grid, screen);
}

static const char *bounds(struct screen *screen, const json_t *parameter)
{
    double min = view_number(parameter, "min"), max = view_number(parameter, "max");
    const char *choices = view_text(screen, parameter, "choices");

    if (*choices)
        return choices;
    if (isnan(min) || isnan(max))
        return "";
    return arena_printf(&screen->arena, "%s..%s", view_show_number(screen, min, 6),
                        view_show_number(screen, max, 6));
}

static void render_parameters(struct screen *screen, const json_t *parameters)
{
    struct grid grid;
    size_t i;
    json_t *parameter;

    if (json_array_size(parameters) == 0)
        return;
    screen_print(screen, STYLE_PLAIN, "\nparameters:\n");
    grid_open(&grid, screen, "KEY|TYPE|UNIT|DEFAULT|BOUNDS|HELP");
    json_array_foreach((json_t *)parameters, i, parameter) {
        grid_add(&grid, STYLE_STRONG, view_text(screen, parameter, "key"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, parameter, "type"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, parameter, "unit"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, parameter, "default"));
        grid_add(&grid, STYLE_PLAIN, bounds(screen, parameter));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, parameter, "help"));
    }
    grid_print(&grid, screen);
}

static void render_reasons(struct screen *screen, const json_t *reasons)
{
    struct grid grid;
    size_t i;
    json_t *reason;

    if (json_array_size(reasons) == 0)
        return;
    screen_print(screen, STYLE_PLAIN, "\nreasons:\n");
    grid_open(&grid, screen, "CODE|TEXT|IT WOULD PASS");
    json_array_foreach((json_t *)reasons, i, reason) {
        grid_add(&grid, STYLE_STRONG, view_text(screen, reason, "code"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, reason, "text"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, reason, "remedy"));
    }
    grid_print(&grid, screen);
}

void render_unit(struct screen *screen, const json_t *unit)
{
    static const char *const rows[] = {"plugin", "version", "path", "hash", "language"};
    const char *summary = view_text(screen, unit, "summary");

    screen_print(screen, STYLE_STRONG, "%s %s", view_text(screen, unit, "kind"),
                 view_text(screen, unit, "name"));
    screen_print(screen, STYLE_PLAIN, "%s%s%s\n", *summary ? ": " : "", summary,
                 view_flag(unit, "mandatory") ? " (runs in every policy)" : "");
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *value = view_text(screen, unit, rows[i]);
        if (*value)
            screen_print(screen, STYLE_PLAIN, "  %-9s %s\n", rows[i], value);
    }
    render_parameters(screen, view_array(unit, "parameters"));
    render_reasons(screen, view_array(unit, "reasons"));
}
