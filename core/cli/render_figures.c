/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a simulation as a table; of two policies side by side, with the difference. */
#include "render_figures.h"

#include "grid.h"
#include "render.h"
#include "view.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *key; /* in figures_fields */
    const char *name, *unit;
    double scale;
} rows[] = {
    {"virtual_s", "virtual time", "h", 1 / 3600.0},
    {"steps", "events taken", "", 1},
    {"faults_struck", "faults", "", 1},
    {"controllers_killed", "controller killed", "", 1},
    {"ordered", "moves ordered", "", 1},
    {"balanced", "of them to balance", "", 1},
    {"completed", "moves completed", "", 1},
    {"failed", "moves failed", "", 1},
    {"aborted", "moves aborted", "", 1},
    {"cancelled", "moves cancelled", "", 1},
    {"retried", "moves tried again", "", 1},
    {"adopted", "moves found and followed", "", 1},
    {"carried_mib", "memory carried", "MiB", 1},
    {"downtime_s", "downtime, all moves", "s", 1},
    {"longest_downtime_ms", "downtime, longest", "ms", 1},
    {"vm_seconds_lost", "VM-seconds lost", "s", 1},
    {"fences", "live hosts fenced", "", 1},
    {"restarts", "VMs restarted", "", 1},
    {"lied_into", "VMs that a fence device's lie made run twice", "", 1},
    {"drains", "drains asked for", "", 1},
    {"drains_done", "drains done", "", 1},
    {"mean_drain_s", "drain, mean", "s", 1},
    {"longest_drain_s", "drain, longest", "s", 1},
    {"cpu_imbalance_pct", "CPU imbalance, mean", "%", 1},
    {"cpu_imbalance_end_pct", "CPU imbalance, at the end", "%", 1},
    {"memory_imbalance_pct", "memory imbalance, mean", "%", 1},
    {"memory_imbalance_end_pct", "memory imbalance, at the end", "%", 1},
};
_Static_assert(sizeof rows / sizeof *rows == FIGURE_ROWS, "a row of each");

const char *figure_key(uint32_t row)
{
    return rows[row].key;
}

double figure_value(const struct figures *figures, uint32_t row)
{
    const struct field *field = figures_fields;
    while (strcmp(field->key, rows[row].key) != 0)
        field++;
    const char *at = (const char *)figures + field->offset;
    if (field->type == FIELD_U64)
        return (double)*(const uint64_t *)(const void *)at;
    if (field->type == FIELD_U32)
        return *(const uint32_t *)(const void *)at;
    return *(const double *)(const void *)at;
}

/* Whole numbers without a fraction: but means over seeds have one. */
static const char *shown(struct screen *screen, uint32_t row, double value, bool sign)
{
    double scaled = value * rows[row].scale;
    int digits = *rows[row].unit || fabs(scaled - round(scaled)) > 1e-9;
    if (fabs(scaled) < 0.05)
        scaled = 0; /* and not "-0.0" */
    return arena_printf(&screen->arena, sign && scaled > 0 ? "+%.*f" : "%.*f", digits, scaled);
}

void render_figures(struct screen *screen, const struct figures *figures)
{
    struct grid grid;
    grid_open(&grid, screen, "FIGURE|VALUE|UNIT");
    for (uint32_t i = 0; i < FIGURE_ROWS; i++) {
        grid_add(&grid, STYLE_PLAIN, rows[i].name);
        grid_add(&grid, STYLE_STRONG, shown(screen, i, figure_value(figures, i), false));
        grid_add(&grid, STYLE_FAINT, rows[i].unit);
    }
    grid_print(&grid, screen);
}

void render_versus(struct screen *screen, const char *one, const char *other,
                   const struct figure_means *means)
{
    struct grid grid;
    grid_open(&grid, screen,
              arena_printf(&screen->arena, "FIGURE|%s|%s|DIFFERENCE|UNIT",
                           screen_safe(screen, one), screen_safe(screen, other)));
    for (uint32_t i = 0; i < FIGURE_ROWS; i++) {
        double a = means[0].value[i], b = means[1].value[i];
        grid_add(&grid, STYLE_PLAIN, rows[i].name);
        grid_add(&grid, STYLE_STRONG, shown(screen, i, a, false));
        grid_add(&grid, STYLE_STRONG, shown(screen, i, b, false));
        grid_add(&grid, fabs(b - a) > 0 ? STYLE_PLAIN : STYLE_FAINT, shown(screen, i, b - a, true));
        grid_add(&grid, STYLE_FAINT, rows[i].unit);
    }
    grid_print(&grid, screen);
}
