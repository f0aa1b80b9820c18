/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drover simulate: the real engine with the real policy in a made world, for hours or years of
 * its time. It prints the story and the figures, and fails where a rule was broken.
 */
#include "base/memory.h"
#include "base/scalar.h"
#include "codec/json.h"
#include "command.h"
#include "model/settings.h"
#include "replay/record.h"
#include "sim/run.h"
#include "simulate_load.h"
#include "simulate_story.h"
#include "simulate_trial.h"
#include "simulate_versus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USUAL_S 86400.0
#define SETTLE_S 7200.0
#define SEEDS_MOST 1000000
#define JOBS_MOST 1024

static const struct option options[] = {
    {"--hosts", "N", "without --fleet: a made fleet of so many hosts (8)"},
    {"--vms", "N", "without --fleet: so many VMs on them (10 for each host)"},
    {"--for", "DURATION", "so much virtual time (24h)"},
    {"--seed", "N", "chance begins with this number (1); the same number, the same story"},
    {"--seeds", "N", "so many seeds, one after the other from --seed on; figures, and no story"},
    {"--faults", "FAULTS", "none (the default), all, or names with commas between them"},
    {"--drain", "HOST@TIME", "ask to empty this host at that time; may be repeated"},
    {"--trace", "FILE", "guests do what this file says: time, vm, cpu_pct, dirty_mib_s"},
    {"--strikes", "N,...", "of the faults that would strike, only these: the first is 1; or none"},
    {"--steady", NULL, "guests' load does not change with time"},
    {"--plot", "FILE", "of one seed: draw the load of each host over time, and moves, as SVG"},
    {"--versus", "POLICY", "the same world with this policy, too; figures of both, and no story"},
    {"--journal", "FILE", "of one seed: keep what happens in this journal, for drover replay"},
    {"--shrink", NULL, "make what breaks a rule smaller, and keep the journal of that"},
    {"--soak", NULL, "each seed draws a fleet, a time and faults of its own; sums up"},
    {"--jobs", "N", "with --soak: in so many processes (as many as there are processors)"},
    {"--within", "DURATION", "with --soak: begin no more seeds after so much real time"},
    {NULL, NULL, NULL},
};

/* Whole numbers from 0 to most. */
static int take_number(const struct cli *cli, const char *name, uint64_t otherwise, uint64_t most,
                       uint64_t *value, struct error *error)
{
    const char *text = option_text(&cli->options, name);
    int64_t number;
    *value = otherwise;
    if (!text)
        return 0;
    if (!scalar_integer(text, &number) || number < 0 || (uint64_t)number > most)
        return error_set(error, ERROR_USAGE, "%s: expected a whole number from 0 to %llu, found "
                         "\"%s\"", name, (unsigned long long)most, text);
    *value = (uint64_t)number;
    return 0;
}

static int take_strikes(struct cli *cli, struct simulation *simulation, struct error *error)
{
    const char *text = option_text(&cli->options, "--strikes");
    struct trial trial = {0};
    if (text && strikes_parse(text, &trial, &cli->screen.arena, error) < 0)
        return -1;
    simulation->strikes = trial.strikes;
    simulation->n_strikes = trial.n_strikes;
    simulation->strikes_known = trial.strikes_known;
    return 0;
}

/* ------------------------------------------------------------------ drains */

static int take_drain(struct cli *cli, const char *text, struct simulation_drain *drain,
                      struct error *error)
{
    const char *at = strrchr(text, '@');
    if (!at || at == text || !scalar_duration_s(at + 1, &drain->at_s) || drain->at_s < 0)
        return error_set(error, ERROR_USAGE,
                         "--drain: expected HOST@TIME (kvm1@2h), found \"%s\"", text);
    drain->host = arena_bytes(&cli->screen.arena, text, (size_t)(at - text));
    return 0;
}

static int take_drains(struct cli *cli, struct simulation *simulation, struct error *error)
{
    struct simulation_drain *drains =
        arena_array(&cli->screen.arena, cli->options.n, sizeof *drains);
    for (unsigned i = 0; i < cli->options.n; i++) {
        const struct option_value *given = &cli->options.item[i];
        if (strcmp(given->option->name, "--drain") != 0)
            continue;
        if (take_drain(cli, given->value, &drains[simulation->n_drains++], error) < 0)
            return -1;
    }
    simulation->drains = drains;
    return 0;
}

/* ------------------------------------------------------------------ results */

static void print_line(struct cli *cli, const struct simulation_result *result)
{
    const struct figures *f = &result->figures;
    screen_print(&cli->screen, result->broken ? STYLE_BAD : STYLE_PLAIN,
                 "seed %llu: %llu events, %llu moves ordered, %llu completed, %llu failed, "
                 "%llu faults, %.0f VM-seconds lost\n", (unsigned long long)f->seed,
                 (unsigned long long)f->events, (unsigned long long)f->ordered,
                 (unsigned long long)f->completed, (unsigned long long)f->failed,
                 (unsigned long long)f->faults_struck, f->vm_seconds_lost);
    simulate_print_broken(cli, result);
}

/* A line for each. Status: whether a rule was broken. */
static int run_seeds(struct cli *cli, const struct simulation *simulation, uint64_t seeds,
                     struct error *error)
{
    json_t *results = json_array();
    struct simulation one = *simulation;
    int status = 0;
    for (uint64_t i = 0; i < seeds && error->kind == ERROR_NONE; i++, one.seed++) {
        struct simulation_result result;
        if (simulation_run(&one, &result, error) < 0)
            break;
        status |= result.broken;
        if (cli->json)
            json_array_append_new(results, simulate_result_json(&result));
        else
            print_line(cli, &result);
    }
    if (cli->json && error->kind == ERROR_NONE)
        print_json(cli, results);
    json_decref(results);
    return error->kind == ERROR_NONE ? status : -1;
}

/* One run, and a smaller one where that breaks a rule. */
static int run_shrunk(struct cli *cli, const struct simulation *simulation,
                      const struct simulate_input *input, struct error *error)
{
    struct trials trials = {cli, simulation, input};
    struct trial trial = trial_of(simulation);
    struct simulation_result result;
    int status = simulate_story(cli, simulation, input->policy, error);
    if (status <= 0)
        return status;
    if (!option_text(&cli->options, "--fleet")) {
        trial.hosts = simulation->fleet->n_hosts;
        trial.vms = simulation->fleet->n_vms;
    }
    if (trials_run(&trials, &trial, &result) &&
        trials_shrink(&trials, &trial, &result, error) < 0)
        return -1;
    return status;
}

static int run_soak(struct cli *cli, const struct simulation *simulation,
                    const struct simulate_input *input, uint64_t seeds, struct error *error)
{
    struct trials trials = {cli, simulation, input};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t jobs;
    double within_s;
    if (take_number(cli, "--jobs", processors > 0 ? (uint64_t)processors : 1, JOBS_MOST, &jobs,
                    error) < 0 ||
        option_duration_s(&cli->options, "--within", INFINITY, &within_s, error) < 0)
        return -1;
    if (!option_given(&cli->options, "--seeds") && !isinf(within_s))
        seeds = SEEDS_MOST;
    return trials_soak(&trials, seeds, jobs ? (uint32_t)jobs : 1, within_s, error);
}

/* One run with its story, and its journal where that is wanted. */
static int run_kept(struct cli *cli, struct simulation *simulation,
                    const struct simulate_input *input, struct error *error)
{
    const char *path = option_text(&cli->options, "--journal");
    if (!path)
        return simulate_story(cli, simulation, input->policy, error);
    struct set set = {
        .settings = input->settings, .policies = input->policies, .plug = input->plug,
        .rules = input->rules, .n_rules = input->n_rules,
    };
    struct record *record = record_open(path, &set, error);
    if (!record)
        return -1;
    record_attach(record, simulation);
    int status = simulate_story(cli, simulation, input->policy, error);
    return record_close(record, status < 0 ? NULL : error) < 0 ? -1 : status;
}

static int run_loaded(struct cli *cli, struct simulation *simulation,
                      const struct simulate_input *input, uint64_t seeds, struct error *error)
{
    simulation->fleet = input->fleet;
    simulation->settings = input->settings;
    simulation->trace = input->trace;
    simulation->rules = input->rules;
    simulation->n_rules = input->n_rules;
    simulation->settle_s = SETTLE_S;
    simulation->steady = option_given(&cli->options, "--steady");
    if (option_given(&cli->options, "--soak"))
        return run_soak(cli, simulation, input, seeds, error);
    if (input->versus)
        return simulate_versus(cli, simulation, input, seeds, error);
    if (option_given(&cli->options, "--shrink"))
        return run_shrunk(cli, simulation, input, error);
    return seeds == 1 ? run_kept(cli, simulation, input, error)
                      : run_seeds(cli, simulation, seeds, error);
}

/* What goes with one run, and not with many, or with two policies. */
static int check_options(const struct cli *cli, uint64_t seeds, struct error *error)
{
    bool versus = option_given(&cli->options, "--versus");
    bool soak = option_given(&cli->options, "--soak");
    if (option_given(&cli->options, "--journal") && (seeds != 1 || versus))
        return error_set(error, ERROR_USAGE,
                         "--journal keeps one run: leave --seeds and --versus out");
    if (option_given(&cli->options, "--plot") && seeds != 1 && !versus)
        return error_set(error, ERROR_USAGE, "--plot draws one run: leave --seeds out");
    if (soak && (versus || option_given(&cli->options, "--plot") ||
                 option_given(&cli->options, "--fleet")))
        return error_set(error, ERROR_USAGE,
                         "--soak draws its fleets: leave --fleet, --versus and --plot out");
    if (!soak && (option_given(&cli->options, "--jobs") || option_given(&cli->options, "--within")))
        return error_set(error, ERROR_USAGE, "--jobs and --within go with --soak");
    if (option_given(&cli->options, "--shrink") && !soak && (seeds != 1 || versus))
        return error_set(error, ERROR_USAGE,
                         "--shrink takes one run: leave --seeds and --versus out");
    return 0;
}

static int run(struct cli *cli, struct error *error)
{
    struct simulation simulation = {.fleet = NULL};
    struct simulate_input input = {0};
    const char *faults_text = option_text(&cli->options, "--faults");
    uint64_t hosts, vms, seeds;
    if (take_number(cli, "--hosts", 8, 10000, &hosts, error) < 0 ||
        take_number(cli, "--vms", 10 * hosts, 1000000, &vms, error) < 0 ||
        take_number(cli, "--seed", 1, INT64_MAX, &simulation.seed, error) < 0 ||
        take_number(cli, "--seeds", 1, SEEDS_MOST, &seeds, error) < 0 ||
        option_duration_s(&cli->options, "--for", USUAL_S, &simulation.duration_s, error) < 0 ||
        faults_parse(faults_text ? faults_text : "none", &simulation.faults, error) < 0 ||
        take_strikes(cli, &simulation, error) < 0 || take_drains(cli, &simulation, error) < 0 ||
        check_options(cli, seeds, error) < 0)
        return -1;
    int status = simulate_load(&input, &cli->options, (uint32_t)hosts, (uint32_t)vms, error);
    if (status == 0)
        status = run_loaded(cli, &simulation, &input, seeds, error);
    simulate_free(&input);
    return status;
}

const struct command command_simulate = {
    .name = "simulate",
    .usage = "[--for DURATION] [--seed N] [--faults FAULTS] [--drain HOST@TIME]",
    .summary = "run drover in a made world: hours of its time in a moment",
    .details = "The fleet is --fleet's, or a made one. Guests work, write memory and move over "
               "links as a model says; policies, plugins and limits are the real ones. What drover "
               "promises is checked after every event, by the made world's truth: where something "
               "is broken, the exit status is 1, and the seed tells the same story again. With "
               "faults, calm follows after the given time, for two hours more. Faults: host-death, "
               "host-cut, host-freeze, controller-cut, path-cut, libvirt-hang, libvirt-restart, "
               "late, duplicate, lost, reorder, migration-fails, call-fails, destination-dies, "
               "guest-ends, operator, files, hooks, virsh, controller, clock, cut-off, "
               "guest-crash, fence-fails, fence-lies, fence-slow, fence-dead, start-fails, "
               "autostart, cold.",
    .place = ALONE,
    .options = options,
    .run = run,
};
