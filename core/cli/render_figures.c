/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a simulation as a table. */
#include "grid.h"
#include "render.h"
#include "sim/run.h"
#include "view.h"

static void add(struct grid *grid, struct screen *screen, const char *name, double value,
                const char *unit)
{
    const char *number = arena_printf(&screen->arena, "%.*f", *unit ? 1 : 0, value);
    grid_add(grid, STYLE_PLAIN, name);
    grid_add(grid, STYLE_STRONG, number);
    grid_add(grid, STYLE_FAINT, unit);
}

void render_figures(struct screen *screen, const struct figures *f)
{
    struct grid grid;
    grid_open(&grid, screen, "FIGURE|VALUE|UNIT");
    add(&grid, screen, "virtual time", f->virtual_s / 3600, "h");
    add(&grid, screen, "events taken", (double)f->steps, "");
    add(&grid, screen, "faults", (double)f->faults_struck, "");
    add(&grid, screen, "controller killed", (double)f->controllers_killed, "");
    add(&grid, screen, "moves ordered", (double)f->ordered, "");
    add(&grid, screen, "of them to balance", (double)f->balanced, "");
    add(&grid, screen, "moves completed", (double)f->completed, "");
    add(&grid, screen, "moves failed", (double)f->failed, "");
    add(&grid, screen, "moves aborted", (double)f->aborted, "");
    add(&grid, screen, "moves cancelled", (double)f->cancelled, "");
    add(&grid, screen, "moves tried again", (double)f->retried, "");
    add(&grid, screen, "moves found and followed", (double)f->adopted, "");
    add(&grid, screen, "memory carried", f->carried_mib, "MiB");
    add(&grid, screen, "downtime, all moves", f->downtime_s, "s");
    add(&grid, screen, "downtime, longest", f->longest_downtime_ms, "ms");
    add(&grid, screen, "VM-seconds lost", f->vm_seconds_lost, "s");
    add(&grid, screen, "drains asked for", f->drains, "");
    add(&grid, screen, "drains done", f->drains_done, "");
    add(&grid, screen, "drain, mean", f->drains_done ? f->drain_s / f->drains_done : 0, "s");
    add(&grid, screen, "drain, longest", f->longest_drain_s, "s");
    add(&grid, screen, "CPU imbalance, mean", f->cpu_imbalance_pct, "%");
    add(&grid, screen, "CPU imbalance, at the end", f->cpu_imbalance_end_pct, "%");
    add(&grid, screen, "memory imbalance, mean", f->memory_imbalance_pct, "%");
    add(&grid, screen, "memory imbalance, at the end", f->memory_imbalance_end_pct, "%");
    grid_print(&grid, screen);
}
