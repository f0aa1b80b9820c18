/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See simulate_versus.h. */
#include "simulate_versus.h"

#include "codec/json.h"
#include "plot.h"
#include "render_figures.h"

#include <string.h>

struct side {
    const char *name;
    struct simulation simulation;
    struct history *history; /* of the first seed; NULL: nobody wants a plot */
    struct figures first;    /* of the first seed */
    struct figure_means means;
    uint64_t broken;
    uint64_t broken_seed;
    double broken_at;
    char what[sizeof ((struct simulation_result *)NULL)->what];
};

static void take(struct side *side, const struct simulation_result *result, uint64_t nth,
                 uint64_t seeds)
{
    if (nth == 0)
        side->first = result->figures;
    for (uint32_t row = 0; row < FIGURE_ROWS; row++)
        side->means.value[row] += figure_value(&result->figures, row) / (double)seeds;
    if (result->broken && side->broken++ == 0) {
        side->broken_seed = result->figures.seed;
        side->broken_at = result->broken_at;
        memcpy(side->what, result->what, sizeof side->what);
    }
}

static int run_side(struct side *side, uint64_t seeds, struct error *error)
{
    for (uint64_t i = 0; i < seeds; i++, side->simulation.seed++) {
        struct simulation_result result;
        side->simulation.history = i == 0 ? side->history : NULL;
        if (simulation_run(&side->simulation, &result, error) < 0)
            return -1;
        take(side, &result, i, seeds);
    }
    return 0;
}

/* ------------------------------------------------------------------ output */

static json_t *side_json(const struct side *side)
{
    json_t *figures = json_object();
    for (uint32_t row = 0; row < FIGURE_ROWS; row++)
        json_object_set_new(figures, figure_key(row), json_real(side->means.value[row]));
    return json_pack("{s:o, s:I, s:o}", "policy", json_from_text(side->name), "broken",
                     (json_int_t)side->broken, "figures", figures);
}

static void print_as_json(struct cli *cli, const struct side *sides, uint64_t seeds)
{
    json_t *difference = json_object();
    for (uint32_t row = 0; row < FIGURE_ROWS; row++)
        json_object_set_new(difference, figure_key(row),
                            json_real(sides[1].means.value[row] - sides[0].means.value[row]));
    json_t *all = json_pack("{s:I, s:[o, o], s:o}", "seeds", (json_int_t)seeds, "policies",
                            side_json(&sides[0]), side_json(&sides[1]), "difference", difference);
    print_json(cli, all);
    json_decref(all);
}

static void print_as_table(struct cli *cli, const struct side *sides)
{
    const struct figure_means means[] = {sides[0].means, sides[1].means};
    render_versus(&cli->screen, sides[0].name, sides[1].name, means);
    for (uint32_t i = 0; i < 2; i++)
        if (sides[i].broken)
            screen_print(&cli->screen, STYLE_BAD,
                         "Broken with policy %s and seed %llu after %.3f s: %s\n",
                         screen_safe(&cli->screen, sides[i].name),
                         (unsigned long long)sides[i].broken_seed, sides[i].broken_at,
                         screen_safe(&cli->screen, sides[i].what));
}

static int plot(const char *path, const struct side *sides, struct error *error)
{
    struct plot_panel panels[2];
    for (uint32_t i = 0; i < 2; i++)
        panels[i] = (struct plot_panel){sides[i].name, sides[i].history, &sides[i].first};
    return plot_write(path, panels, 2, error);
}

int simulate_versus(struct cli *cli, const struct simulation *simulation,
                    const struct simulate_input *input, uint64_t seeds, struct error *error)
{
    const char *path = option_text(&cli->options, "--plot");
    struct side sides[2] = {
        {.name = input->policy, .simulation = *simulation},
        {.name = input->versus_policy, .simulation = *simulation},
    };
    sides[1].simulation.rules = input->versus;
    int status = 0;
    for (uint32_t i = 0; i < 2 && status == 0; i++) {
        sides[i].history = path ? history_new() : NULL;
        status = run_side(&sides[i], seeds, error);
    }
    if (status == 0 && path)
        status = plot(path, sides, error);
    if (status == 0 && cli->json)
        print_as_json(cli, sides, seeds);
    else if (status == 0)
        print_as_table(cli, sides);
    for (uint32_t i = 0; i < 2; i++)
        if (sides[i].history)
            history_free(sides[i].history);
    return status < 0 ? -1 : sides[0].broken || sides[1].broken;
}
