/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Migrations and notices for people. */
#include "grid.h"
#include "render.h"
#include "view.h"

#include <math.h>
#include <string.h>

enum style style_of_migration_state(const char *state)
{
    if (strcmp(state, "completed") == 0)
        return STYLE_GOOD;
    if (strcmp(state, "failed") == 0 || strcmp(state, "aborted") == 0)
        return STYLE_BAD;
    return strcmp(state, "cancelled") == 0 ? STYLE_FAINT : STYLE_CAREFUL;
}

/* How far it is: of the memory, while it runs. */
static const char *done_text(struct screen *screen, const json_t *migration)
{
    double percentage = view_number(migration, "percentage");
    const char *state = view_text(screen, migration, "state");

    if (strcmp(state, "running") != 0 || isnan(percentage))
        return "";
    return arena_printf(&screen->arena, "%.0f %%", percentage);
}

static const char *why_text(struct screen *screen, const json_t *migration)
{
    const char *waits = view_text(screen, migration, "waits");
    const char *error = view_text(screen, migration, "error");
    if (strcmp(view_text(screen, migration, "state"), "queued") == 0 && *waits)
        return arena_printf(&screen->arena, "waits: %s", waits);
    return *error ? error : view_text(screen, migration, "reason");
}

void render_migrations(struct screen *screen, const json_t *migrations)
{
    struct grid grid;
    size_t i;
    json_t *one;

    grid_open(&grid, screen, "ID|VM|FROM|TO|STATE|DONE|FOR|DECISION|WHY");
    json_array_foreach((json_t *)migrations, i, one) {
        const char *state = view_text(screen, one, "state");
        double decision = view_number(one, "decision");
        grid_add(&grid, STYLE_PLAIN, view_show_number(screen, view_number(one, "id"), 0));
        grid_add(&grid, STYLE_STRONG, view_text(screen, one, "vm"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, one, "from"));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, one, "to"));
        grid_add(&grid, style_of_migration_state(state), state);
        grid_add(&grid, STYLE_PLAIN, done_text(screen, one));
        grid_add(&grid, STYLE_PLAIN, view_text(screen, one, "purpose"));
        grid_add(&grid, STYLE_PLAIN,
                 decision > 0 ? view_show_number(screen, decision, 0) : "");
        grid_add(&grid, STYLE_PLAIN, why_text(screen, one));
    }
    grid_print(&grid, screen);
}

static void row(struct screen *screen, const char *what, const char *value)
{
    if (*value && strcmp(value, "-") != 0)
        screen_print(screen, STYLE_PLAIN, "  %-11s %s\n", what, value);
}

static void render_progress(struct screen *screen, const json_t *progress)
{
    row(screen, "memory",
        arena_printf(&screen->arena, "%s MiB, %s MiB left",
                     view_show_number(screen, view_number(progress, "memory_total_mib"), 0),
                     view_show_number(screen, view_number(progress, "memory_remaining_mib"), 0)));
    if (view_number(progress, "disk_total_mib") > 0)
        row(screen, "disks",
            arena_printf(&screen->arena, "%s MiB, %s MiB left",
                         view_show_number(screen, view_number(progress, "disk_total_mib"), 0),
                         view_show_number(screen, view_number(progress, "disk_remaining_mib"), 0)));
    row(screen, "speed",
        arena_printf(&screen->arena, "%s MiB/s, dirtied at %s MiB/s",
                     view_show_number(screen, view_number(progress, "throughput_mib_s"), 1),
                     view_show_number(screen, view_number(progress, "dirty_mib_s"), 1)));
    row(screen, "iteration", view_show_number(screen, view_number(progress, "iteration"), 0));
    if (!isnan(view_number(progress, "downtime_ms")))
        row(screen, "downtime",
            arena_printf(&screen->arena, "%s ms",
                         view_show_number(screen, view_number(progress, "downtime_ms"), 0)));
    if (view_flag(progress, "postcopy"))
        row(screen, "postcopy", "yes");
}

/* What was expected of it, beside what it has taken. */
static void render_forecast(struct screen *screen, const json_t *migration)
{
    double expected_s = view_number(migration, "forecast_s");
    double expected_ms = view_number(migration, "forecast_downtime_ms");
    double took_s = view_number(migration, "ended_at") - view_number(migration, "started_at");

    if (isnan(expected_s))
        return;
    row(screen, "forecast",
        arena_printf(&screen->arena, "%s%s%s%s%s", view_show_duration(screen, expected_s),
                     isnan(expected_ms) ? "" : ", a pause of ",
                     isnan(expected_ms)
                         ? ""
                         : arena_printf(&screen->arena, "%.0f ms", expected_ms),
                     isnan(took_s) ? "" : "; it took ",
                     isnan(took_s) ? "" : view_show_duration(screen, took_s)));
}

void render_migration(struct screen *screen, const json_t *migration)
{
    const char *state = view_text(screen, migration, "state");
    const json_t *progress = view_object(migration, "progress");

    screen_print(screen, STYLE_STRONG, "migration %s: %s, %s -> %s: ",
                 view_show_number(screen, view_number(migration, "id"), 0),
                 view_text(screen, migration, "vm"), view_text(screen, migration, "from"),
                 view_text(screen, migration, "to"));
    screen_print(screen, style_of_migration_state(state), "%s\n", state);
    row(screen, "for", view_text(screen, migration, "purpose"));
    row(screen, "asked by", view_text(screen, migration, "who"));
    row(screen, "why", view_text(screen, migration, "reason"));
    if (strcmp(state, "queued") == 0) {
        row(screen, "priority", view_show_number(screen, view_number(migration, "priority"), 0));
        row(screen, "waits", view_text(screen, migration, "waits"));
    }
    if (strcmp(view_text(screen, migration, "forced"), "no") != 0)
        row(screen, "forced", view_text(screen, migration, "forced"));
    row(screen, "error", view_text(screen, migration, "error"));
    row(screen, "tried", view_list(screen, migration, "tried"));
    row(screen, "policy", view_text(screen, migration, "policy"));
    if (view_number(migration, "decision") > 0)
        row(screen, "decision",
            view_show_number(screen, view_number(migration, "decision"), 0));
    row(screen, "queued", view_show_time(screen, view_number(migration, "created_at")));
    row(screen, "started", view_show_time(screen, view_number(migration, "started_at")));
    row(screen, "ends", view_show_time(screen, view_number(migration, "expected_end")));
    row(screen, "ended", view_show_time(screen, view_number(migration, "ended_at")));
    row(screen, "but there", view_text(screen, migration, "arrival"));
    render_forecast(screen, migration);
    if (view_number(progress, "memory_total_mib") > 0)
        render_progress(screen, progress);
}

/* "info" is the default, and left out of the journal. */
void render_notice(struct screen *screen, const json_t *notice)
{
    const char *level = view_text(screen, notice, "level");
    enum style style = strcmp(level, "error") == 0     ? STYLE_BAD
                       : strcmp(level, "warning") == 0 ? STYLE_CAREFUL
                                                       : STYLE_PLAIN;

    if (style != STYLE_PLAIN)
        screen_print(screen, style, "%s: ", level);
    screen_print(screen, STYLE_PLAIN, "%s\n", view_text(screen, notice, "text"));
}

/* Newest first in the answer; for people the newest stands next to the prompt. */
void render_notices(struct screen *screen, const json_t *notices)
{
    for (size_t i = json_array_size(notices); i-- > 0;) {
        const json_t *notice = json_array_get(notices, i);
        screen_print(screen, STYLE_FAINT, "%s  ",
                     view_show_time(screen, view_number(notice, "at")));
        render_notice(screen, notice);
    }
}
