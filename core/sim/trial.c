/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trials: drawn, as simulations, and as options. */
#include "sim/trial.h"

#include "base/scalar.h"
#include "sim/random.h"

#include <math.h>
#include <string.h>

#define STREAM_TRIAL 98
#define HOUR_S 3600.0
#define STRIKES_MOST 100000

/* Small fleets meet themselves more often, and are soon done; a few are large. */
static uint32_t draw_hosts(struct random *random)
{
    double chance = random_unit(random);
    if (chance < 0.5)
        return 2 + random_below(random, 3);
    return chance < 0.85 ? 5 + random_below(random, 5) : 10 + random_below(random, 15);
}

/* Faults that are always there hide others: half of the trials go without some kinds. */
static uint64_t draw_faults(struct random *random)
{
    uint64_t all = (UINT64_C(1) << FAULTS) - 1;
    return random_chance(random, 0.5) ? all : random_next(random) & all;
}

struct trial trial_draw(uint64_t seed)
{
    struct random random = random_new(seed, STREAM_TRIAL);
    struct trial trial = {.seed = seed, .hosts = draw_hosts(&random)};
    trial.vms = trial.hosts * (2 + random_below(&random, 7));
    trial.duration_s = floor(random_between(&random, 1, 22)) * HOUR_S;
    trial.faults = draw_faults(&random);
    return trial;
}

struct trial trial_of(const struct simulation *simulation)
{
    return (struct trial){
        .seed = simulation->seed, .duration_s = simulation->duration_s,
        .faults = simulation->faults, .strikes = simulation->strikes,
        .n_strikes = simulation->n_strikes, .strikes_known = simulation->strikes_known,
    };
}

const char *trial_options(const struct trial *trial, struct arena *arena)
{
    const char *text = "";
    if (trial->hosts > 0)
        text = arena_printf(arena, "--hosts %u --vms %u ", trial->hosts, trial->vms);
    text = arena_printf(arena, "%s--for %.0fs --faults %s --seed %llu", text, trial->duration_s,
                        faults_text(trial->faults, arena), (unsigned long long)trial->seed);
    for (uint32_t i = 0; i < trial->n_strikes; i++)
        text = arena_printf(arena, "%s%s%u", text, i ? "," : " --strikes ", trial->strikes[i]);
    return trial->strikes_known && trial->n_strikes == 0
               ? arena_printf(arena, "%s --strikes none", text)
               : text;
}

struct simulation trial_simulation(const struct trial *trial, const struct simulation *of,
                                   const struct fleet *fleet)
{
    struct simulation simulation = *of;
    simulation.fleet = fleet;
    simulation.seed = trial->seed;
    simulation.duration_s = trial->duration_s;
    simulation.faults = trial->faults;
    simulation.strikes = trial->strikes;
    simulation.n_strikes = trial->n_strikes;
    simulation.strikes_known = trial->strikes_known;
    return simulation;
}

static uint32_t count_commas(const char *text)
{
    uint32_t n = 0;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

int strikes_parse(const char *text, struct trial *trial, struct arena *arena, struct error *error)
{
    uint32_t *strikes = arena_array(arena, count_commas(text) + 1, sizeof *strikes);
    trial->strikes = strikes;
    trial->n_strikes = 0;
    trial->strikes_known = true;
    for (const char *at = text; strcmp(text, "none") != 0;) {
        size_t length = strcspn(at, ",");
        int64_t number;
        if (!scalar_integer(arena_bytes(arena, at, length), &number) || number < 1 ||
            number > STRIKES_MOST ||
            (trial->n_strikes > 0 && number <= strikes[trial->n_strikes - 1]))
            return error_set(error, ERROR_USAGE, "--strikes: expected none, or numbers of faults "
                             "in ascending order with commas between them, found \"%s\"", text);
        strikes[trial->n_strikes++] = (uint32_t)number;
        if (!at[length])
            break;
        at += length + 1;
    }
    return 0;
}
