/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See simulate_trial.h: one trial, and a smaller one that fails as it does. */
#include "simulate_trial.h"

#include "replay/record.h"
#include "sim/made.h"

#include <string.h>

#define TRIES 400

bool trials_run(void *self, const struct trial *trial, struct simulation_result *result)
{
    const struct trials *trials = self;
    struct fleet *made = trial->hosts ? made_fleet(trial->hosts, trial->vms, 1) : NULL;
    struct simulation simulation = trial_simulation(trial, trials->simulation,
                                                    made ? made : trials->simulation->fleet);
    struct error error = ERROR_INIT;
    simulation.tell = NULL;
    simulation.journal = NULL;
    bool ran = simulation_run(&simulation, result, &error) == 0;
    if (made)
        fleet_free(made);
    return ran;
}

/* Options that are the trial's, or about how it is run. */
static bool is_own(const char *name)
{
    static const char *const own[] = {"--hosts", "--vms", "--for", "--faults", "--seed", "--seeds",
                                      "--strikes", "--shrink", "--soak", "--jobs", "--within",
                                      "--journal", "--plot", "--json", NULL};
    return field_choice(own, name) >= 0;
}

/* As a shell takes it. */
static const char *quoted(const char *text, struct arena *arena)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./@:,=+-";
    if (text[0] && text[strspn(text, plain)] == '\0')
        return text;
    const char *done = "'";
    for (; *text; text++)
        done = *text == '\'' ? arena_printf(arena, "%s'\\''", done)
                             : arena_printf(arena, "%s%c", done, *text);
    return arena_printf(arena, "%s'", done);
}

const char *trials_command(const struct trials *trials, const struct trial *trial,
                           struct arena *arena)
{
    const struct options *given = &trials->cli->options;
    const char *text = "drover simulate";
    for (unsigned i = 0; i < given->n; i++) {
        const struct option_value *option = &given->item[i];
        if (is_own(option->option->name))
            continue;
        text = arena_printf(arena, "%s %s", text, option->option->name);
        if (option->value)
            text = arena_printf(arena, "%s %s", text, quoted(option->value, arena));
    }
    return arena_printf(arena, "%s %s", text, trial_options(trial, arena));
}

/* Once more, with a journal. */
static int keep(struct trials *trials, const struct trial *trial, const char *path,
                struct error *error)
{
    const struct simulate_input *input = trials->input;
    struct set set = {
        .settings = input->settings, .policies = input->policies, .plug = input->plug,
        .rules = input->rules, .n_rules = input->n_rules,
    };
    struct record *record = record_open(path, &set, error);
    if (!record)
        return -1;
    struct fleet *made = trial->hosts ? made_fleet(trial->hosts, trial->vms, 1) : NULL;
    struct simulation simulation = trial_simulation(trial, trials->simulation,
                                                    made ? made : trials->simulation->fleet);
    struct simulation_result result;
    simulation.tell = NULL;
    record_attach(record, &simulation);
    int status = simulation_run(&simulation, &result, error);
    status = record_close(record, status < 0 ? NULL : error) < 0 ? -1 : status;
    if (made)
        fleet_free(made);
    return status;
}

int trials_shrink(struct trials *trials, const struct trial *trial,
                  const struct simulation_result *result, struct error *error)
{
    struct screen *screen = &trials->cli->screen;
    struct arena arena = ARENA_INIT;
    struct simulation_result smallest = *result;
    struct trial small = trial_shrink(trial, &smallest, TRIES, trials_run, trials, &arena);
    const char *path = option_text(&trials->cli->options, "--journal");
    if (!path)
        path = arena_printf(&arena, "simulate-%llu.journal", (unsigned long long)small.seed);
    screen_print(screen, STYLE_PLAIN, "A smaller one that breaks the same rule, after %.3f s: "
                 "%s\n", smallest.broken_at, screen_safe(screen, smallest.what));
    screen_print(screen, STYLE_STRONG, "    %s\n",
                 screen_safe(screen, trials_command(trials, &small, &arena)));
    int status = keep(trials, &small, path, error);
    if (status == 0)
        screen_print(screen, STYLE_PLAIN, "Its journal: %s\n", screen_safe(screen, path));
    arena_free(&arena);
    return status;
}
