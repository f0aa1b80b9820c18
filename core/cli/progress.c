/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bars and lines of moves under way; see progress.h. */
#include "progress.h"

#include "base/memory.h"
#include "render.h"
#include "view.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_CELLS 30
/* A journal that is behind by so many looks has lost the decision. */
#define ASK_MOST 20

struct progress_row *progress_add(struct progress_list *list, const char *key, const char *name)
{
    list->row = memory_resize(list->row, list->n + 1, sizeof *list->row);
    list->row[list->n] = (struct progress_row){
        .key = memory_copy_text(key),
        .name = memory_copy_text(name),
    };
    return &list->row[list->n++];
}

void progress_free(struct progress_list *list)
{
    for (unsigned i = 0; i < list->n; i++) {
        free(list->row[i].key);
        free(list->row[i].name);
    }
    free(list->row);
    *list = (struct progress_list){.row = NULL};
}

/* What is left of memory and disks, how fast it goes, which pass it is, and when it will end. */
static void take_figures(struct progress_row *row, struct screen *look, const json_t *migration)
{
    const json_t *progress = view_object(migration, "progress");
    double disks = view_number(progress, "disk_total_mib");
    double left_s = view_number(migration, "expected_end") - (double)g_get_real_time() / 1e6;

    row->figures[0] = '\0';
    row->iteration = view_number(progress, "iteration");
    if (!(view_number(progress, "memory_total_mib") > 0) || strcmp(row->state, "queued") == 0)
        return;
    snprintf(row->figures, sizeof row->figures, "%.0f of %.0f MiB left%s, %.1f MiB/s, %s %.0f%s",
             view_number(progress, "memory_remaining_mib"),
             view_number(progress, "memory_total_mib"),
             disks > 0 ? arena_printf(&look->arena, " and %.0f MiB of disks",
                                      view_number(progress, "disk_remaining_mib"))
                       : "",
             view_number(migration, "carried_mib_s"),
             view_flag(progress, "postcopy") ? "post-copy, iteration" : "iteration",
             row->iteration,
             left_s >= 0 ? arena_printf(&look->arena, ", ends in %.0f s", left_s) : "");
}

bool progress_update(struct progress_row *row, struct screen *look, const json_t *migration)
{
    const char *state = view_text(look, migration, "state");
    const char *to = view_text(look, migration, "to");
    double decision = view_number(migration, "decision");
    bool changed = strcmp(row->state, state) != 0 || strcmp(row->to, to) != 0;
    double iteration = row->iteration;

    snprintf(row->state, sizeof row->state, "%s", state);
    snprintf(row->to, sizeof row->to, "%s", to);
    row->migration = view_number(migration, "id");
    row->percentage = view_number(migration, "percentage");
    if (!isnan(decision) && decision != row->decision) {
        row->decision = decision;
        row->told_why = decision <= 0;
        row->asked = 0;
    }
    take_figures(row, look, migration);
    return changed || (strcmp(state, "running") == 0 && row->iteration > iteration);
}

static void write_line(struct screen *screen, const struct progress_row *row)
{
    screen_print(screen, STYLE_STRONG, "%s", row->name);
    if (*row->to)
        screen_print(screen, STYLE_PLAIN, " -> %s", row->to);
    screen_print(screen, STYLE_PLAIN, ": ");
    screen_print(screen, style_of_migration_state(row->state), "%s", row->state);
    if (strcmp(row->state, "running") == 0 && *row->figures)
        screen_print(screen, STYLE_FAINT, ": %s", row->figures);
    screen_print(screen, STYLE_PLAIN, "\n");
    fflush(stdout);
}

void progress_changed(struct cli *cli, struct progress_list *list, const struct progress_row *row,
                      const json_t *migration)
{
    const char *error = json_string_value(json_object_get(migration, "error"));

    if (cli->json) {
        print_json(cli, (json_t *)migration);
        fflush(stdout);
        return;
    }
    if (!cli->screen.terminal)
        write_line(&cli->screen, row);
    bool tells = strcmp(row->state, "failed") == 0 || strcmp(row->state, "queued") == 0;
    if (tells && error && *error) {
        struct screen look = cli->screen;
        look.arena = (struct arena)ARENA_INIT;
        progress_wipe(cli, list);
        screen_print(&look, STYLE_CAREFUL, "%s: %s\n", row->name, screen_safe(&look, error));
        arena_free(&look.arena);
    }
}

/* ------------------------------------------------------------- why it goes there */

static void write_refusals(struct screen *look, const json_t *hosts)
{
    size_t i;
    json_t *host;

    json_array_foreach((json_t *)hosts, i, host) {
        if (!view_flag(host, "accepted"))
            screen_print(look, STYLE_FAINT, "; %s refused by %s: %s", view_text(look, host, "name"),
                         view_text(look, host, "refused_by"), view_text(look, host, "reason"));
    }
}

static void write_why(struct screen *look, const struct progress_row *row, const json_t *decision)
{
    const json_t *hosts = view_array(decision, "hosts");
    const char *chosen = view_text(look, decision, "chosen");
    size_t i;
    json_t *host;
    bool first = true;

    if (!*chosen)
        return;
    screen_print(look, STYLE_STRONG, "%s", row->name);
    screen_print(look, STYLE_PLAIN, ": decision %.0f chose ", row->decision);
    screen_print(look, STYLE_GOOD, "%s", chosen);
    screen_print(look, STYLE_FAINT, ", scores: ");
    json_array_foreach((json_t *)hosts, i, host) {
        if (!view_flag(host, "accepted"))
            continue;
        screen_print(look, STYLE_FAINT, "%s%s %s", first ? "" : ", ",
                     view_text(look, host, "name"),
                     view_show_number(look, view_number(host, "score"), 2));
        first = false;
    }
    write_refusals(look, hosts);
    screen_print(look, STYLE_PLAIN, "\n");
    fflush(stdout);
}

void progress_tell_why(struct cli *cli, struct progress_list *list, struct progress_row *row)
{
    struct screen look = cli->screen;
    struct error ignored = ERROR_INIT;
    char id[32];
    json_t *decision;

    if (row->told_why || row->decision <= 0 || cli->json)
        return;
    snprintf(id, sizeof id, "%.0f", row->decision);
    decision = source_get_item(&cli->source, "/v1/decisions", id, &ignored);
    row->told_why = decision || ++row->asked >= ASK_MOST;
    if (!decision)
        return;
    look.arena = (struct arena)ARENA_INIT;
    progress_wipe(cli, list);
    write_why(&look, row, decision);
    arena_free(&look.arena);
    json_decref(decision);
}

/* -------------------------------------------------------------------------- bars */

static void draw_bar(struct screen *screen, const char *name, int width, double percentage,
                     enum style style, const char *rest)
{
    int full = (int)(percentage * BAR_CELLS / 100 + 0.5);

    screen_print(screen, STYLE_STRONG, "%s%*s ", name, width - (int)screen_cells(name), "");
    screen_print(screen, style, "%.*s", full, "##############################");
    screen_print(screen, STYLE_FAINT, "%.*s", BAR_CELLS - full, "..............................");
    screen_print(screen, STYLE_PLAIN, " %3.0f %%  %s\033[K\n", percentage, rest);
}

static double percentage_of(const struct progress_row *row)
{
    if (row->left || strcmp(row->state, "completed") == 0)
        return 100;
    if (strcmp(row->state, "post_migrating") == 0)
        return 99;
    return isfinite(row->percentage) && *row->state ? fmin(row->percentage, 99) : 0;
}

static bool is_busy(const struct progress_row *row)
{
    return strcmp(row->state, "preparing") == 0 || strcmp(row->state, "running") == 0 ||
           strcmp(row->state, "post_migrating") == 0;
}

static void draw_row(struct screen *look, const struct progress_row *row, int width)
{
    const char *state = row->left ? "there" : *row->state ? row->state : "waiting";
    const char *rest = *row->to
                           ? arena_printf(&look->arena, "%s %s %s", state,
                                          row->left ? "on" : "to", row->to)
                           : state;
    if (is_busy(row) && *row->figures)
        rest = arena_printf(&look->arena, "%s: %s", rest, row->figures);
    double percentage = percentage_of(row);

    draw_bar(look, row->name, width, percentage,
             percentage >= 100 ? STYLE_GOOD : STYLE_CAREFUL, rest);
}

static unsigned rows_that_fit(unsigned n)
{
    struct winsize size;
    unsigned room = 20;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 4)
        room = size.ws_row - 3u;
    return n < room ? n : room;
}

/* Where there are more VMs than lines, those that move now are shown, then the others. */
static unsigned draw_rows(struct screen *look, const struct progress_list *list, int width)
{
    unsigned fit = rows_that_fit(list->n), drawn = 0;

    if (fit == list->n) {
        for (unsigned i = 0; i < list->n; i++)
            draw_row(look, &list->row[i], width);
        return list->n;
    }
    for (int busy = 1; busy >= 0; busy--)
        for (unsigned i = 0; i < list->n && drawn < fit; i++)
            if (is_busy(&list->row[i]) == (busy == 1)) {
                draw_row(look, &list->row[i], width);
                drawn++;
            }
    return drawn;
}

void progress_draw(struct cli *cli, struct progress_list *list)
{
    struct screen look = cli->screen;
    double sum = 0;
    unsigned left = 0;
    size_t width = screen_cells(list->what);

    if (!look.terminal || cli->json)
        return;
    look.arena = (struct arena)ARENA_INIT;
    progress_wipe(cli, list);
    for (unsigned i = 0; i < list->n; i++) {
        size_t cells = screen_cells(list->row[i].name);
        width = cells > width ? cells : width;
        sum += percentage_of(&list->row[i]);
        left += percentage_of(&list->row[i]) >= 100;
    }
    width = width < 40 ? width : 40;
    /* Lines longer than the terminal are cut, not wrapped: wiping counts lines. */
    fputs("\033[?7l", stdout);
    list->drawn = draw_rows(&look, list, (int)width) + 1;
    draw_bar(&look, list->what, (int)width, list->n ? sum / list->n : 100, STYLE_GOOD,
             arena_printf(&look.arena, "%u of %u", left, list->n));
    fputs("\033[?7h", stdout);
    fflush(stdout);
    arena_free(&look.arena);
}

void progress_wipe(struct cli *cli, struct progress_list *list)
{
    if (!cli->screen.terminal || cli->json || list->drawn == 0)
        return;
    /* Up to the first of our lines, and clear from there to the end of the screen. */
    printf("\033[%uA\r\033[J", list->drawn);
    list->drawn = 0;
}
