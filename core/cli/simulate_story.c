/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See simulate_story.h. */
#include "simulate_story.h"

#include "codec/json.h"
#include "plot.h"
#include "render.h"

#include <math.h>

/* ------------------------------------------------------------------ the story */

struct story {
    struct cli *cli;
    json_t *lines; /* with --json; NULL: printed as it happens */
};

static void tell(void *self, double at, const char *who, enum notice_level level, const char *text)
{
    static const enum style styles[] = {STYLE_PLAIN, STYLE_CAREFUL, STYLE_BAD};
    struct story *story = self;
    if (story->lines) {
        json_array_append_new(story->lines,
                              json_pack("{s:f, s:s, s:s, s:o}", "at", at, "who", who, "level",
                                        notice_level_names[level], "text", json_from_text(text)));
        return;
    }
    struct arena arena = ARENA_INIT; /* a long story does not stay in memory */
    struct screen line = story->cli->screen;
    line.arena = arena;
    double whole = floor(at);
    screen_print(&line, STYLE_FAINT, "%4.0f:%02.0f:%06.3f  %-6s  ", floor(whole / 3600),
                 floor(fmod(whole, 3600) / 60), fmod(at, 60), who);
    screen_print(&line, styles[level], "%s\n", screen_safe(&line, text));
    arena_free(&line.arena);
}

static json_t *percents(const struct history *history, uint32_t host, bool memory)
{
    json_t *values = json_array();
    for (uint32_t i = 0; i < history->n_points; i++) {
        const struct history_point *point = &history->point[i * history->n_hosts + host];
        float value = memory ? point->memory_pct : point->cpu_pct;
        json_array_append_new(values, isnan(value) ? json_null() : json_real(value));
    }
    return values;
}

static json_t *history_json(const struct history *history)
{
    json_t *hosts = json_array(), *imbalance = json_array();
    for (uint32_t h = 0; h < history->n_hosts; h++)
        json_array_append_new(hosts, json_pack("{s:o, s:o, s:o}", "name",
                                               json_from_text(history->hosts[h]), "cpu_pct",
                                               percents(history, h, false), "memory_pct",
                                               percents(history, h, true)));
    for (uint32_t i = 0; i < history->n_points; i++)
        json_array_append_new(imbalance, json_real(history->cpu_imbalance_pct[i]));
    struct rows moves = {.item = history->moves, .n = history->n_moves};
    return json_pack("{s:f, s:o, s:o, s:o}", "step_s", history->step_s, "hosts", hosts,
                     "cpu_imbalance_pct", imbalance, "moves",
                     json_from_rows(history_move_fields, sizeof *history->moves, &moves, NAN, 0));
}

json_t *simulate_result_json(const struct simulation_result *result)
{
    return json_pack("{s:b, s:f, s:o, s:o}", "broken", result->broken, "broken_at",
                     result->broken_at, "what", json_from_text(result->what), "figures",
                     json_from_record(figures_fields, &result->figures, NAN, 0));
}

void simulate_print_broken(struct cli *cli, const struct simulation_result *result)
{
    if (!result->broken)
        return;
    screen_print(&cli->screen, STYLE_BAD, "Broken with seed %llu after %.3f s: %s\n",
                 (unsigned long long)result->figures.seed, result->broken_at,
                 screen_safe(&cli->screen, result->what));
}

/* ------------------------------------------------------------------ one run */

static void print_one(struct cli *cli, const struct simulation_result *result,
                      const struct history *history, json_t *story)
{
    if (!cli->json) {
        render_figures(&cli->screen, &result->figures);
        simulate_print_broken(cli, result);
        return;
    }
    json_t *all = simulate_result_json(result);
    json_object_set_new(all, "history", history_json(history));
    json_object_set(all, "story", story);
    print_json(cli, all);
    json_decref(all);
}

int simulate_story(struct cli *cli, const struct simulation *simulation, const char *policy,
                   struct error *error)
{
    const char *path = option_text(&cli->options, "--plot");
    struct story story = {.cli = cli, .lines = cli->json ? json_array() : NULL};
    struct simulation told = *simulation;
    struct simulation_result result;
    told.tell = tell;
    told.self = &story;
    told.history = path || cli->json ? history_new() : NULL;
    int status = simulation_run(&told, &result, error);
    if (status == 0 && path) {
        struct plot_panel panel = {policy, told.history, &result.figures};
        status = plot_write(path, &panel, 1, error);
    }
    if (status == 0)
        print_one(cli, &result, told.history, story.lines);
    if (told.history)
        history_free(told.history);
    json_decref(story.lines);
    return status < 0 ? -1 : result.broken;
}
